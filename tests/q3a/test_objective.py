"""Macro F1 and its variance, against scikit-learn and a bootstrap of the articles."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tagger.objective import macro_f1, macro_f1_variance, standard_error

CONFUSIONS = [
    np.array([[50, 3], [7, 40]]),
    np.array([[80, 5, 2], [9, 30, 1], [4, 3, 12]]),
    np.array([[200, 10, 5, 0], [20, 60, 0, 3], [5, 0, 20, 2], [0, 4, 1, 9]]),
]


def articles(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the true and the predicted tags that a confusion matrix counts."""
    rows, columns = np.indices(confusion.shape)
    return rows.ravel().repeat(confusion.ravel()), columns.ravel().repeat(confusion.ravel())


@pytest.mark.parametrize("confusion", CONFUSIONS, ids=len)
def test_the_error_of_macro_f1_is_that_of_a_bootstrap(confusion):
    true, predicted = articles(confusion)
    assert macro_f1(confusion) == pytest.approx(f1_score(true, predicted, average="macro"))
    generator = np.random.default_rng(0)
    share = confusion.ravel() / confusion.sum()
    samples = generator.multinomial(confusion.sum(), share, 5_000).reshape(-1, *confusion.shape)
    found = np.std([macro_f1(sample) for sample in samples])
    assert macro_f1_variance(confusion) ** 0.5 == pytest.approx(found, rel=0.05)


def test_the_error_of_no_errors_is_laplaces():
    assert macro_f1_variance(np.diag([20, 30, 0])) == 0
    share = 101 / 102
    by_hand = (share * (1 - share) / 100) ** 0.5
    assert standard_error(1.0, 0.0, folds=3, articles=100) == pytest.approx(by_hand)


def test_the_error_of_a_mean_over_folds():
    """Of three folds with a variance of 0.03 each, the mean has a variance of 0.01."""
    assert standard_error(0.5, 0.03, folds=3, articles=1_000) == pytest.approx(0.1)
