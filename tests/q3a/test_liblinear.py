"""A seed alone decides what a search learns, though its fits run side by side in threads."""

from collections.abc import Callable

import numpy as np
import pytest
from joblib import Parallel, delayed
from scipy import sparse

from tagger.liblinear import RepeatableSVC
from tagger.nb_logistic import NBLogisticRegression
from tagger.softmax_svc import SoftmaxSVC


@pytest.mark.parametrize(
    "model",
    [
        lambda: RepeatableSVC(random_state=0),
        lambda: SoftmaxSVC(random_state=0),
        NBLogisticRegression,
    ],
    ids=["RepeatableSVC", "SoftmaxSVC", "NBLogisticRegression"],
)
def test_fits_in_threads_are_those_of_one(model: Callable):
    numbers = np.random.default_rng(1)
    X = sparse.csr_matrix(sparse.random(300, 400, 0.1, random_state=1))
    y = numbers.integers(0, 4, X.shape[0])
    alone = model().fit(X, y).coef_
    fitted = Parallel(8, backend="threading")(delayed(model().fit)(X, y) for _ in range(16))
    assert all((it.coef_ == alone).all() for it in fitted)
