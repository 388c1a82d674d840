"""Regression on naive Bayes' ratios: the same as regression on features multiplied by hand."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tagger.nb_logistic import NBLogisticRegression, log_count_ratios


def drawn(tags: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of shape (90, 12), of which each tag has one of its own, and the tags."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, tags, 90)
    X = generator.random((90, 12)) * (generator.random((90, 12)) < 0.3)
    X[np.arange(90), y] = 1
    return X, np.array(["甲", "乙", "丙"])[y]


def test_ratios_of_counts_by_hand():
    """Own rows have the features 3 times and once, the others 0 and 2 times; one is added."""
    X = sparse.csr_array([[0.5, 0], [2, 0], [0.1, 0.1], [0, 7], [0, 1]])
    own = np.array([True, True, True, False, False])
    by_hand = np.log([(4 / 6) / (1 / 4), (2 / 6) / (3 / 4)])
    assert log_count_ratios(X.astype(bool).astype(float), own) == pytest.approx(by_hand)


@pytest.mark.parametrize("tags", [2, 3])
def test_it_is_a_regression_on_multiplied_features(tags):
    X, y = drawn(tags)
    model = NBLogisticRegression(C=2.0).fit(sparse.csr_matrix(X), y)
    for row, tag in enumerate(model.classes_ if tags > 2 else model.classes_[1:]):
        present, own = X > 0, y == tag
        counts = [present[rows].sum(axis=0) + 1 for rows in (own, ~own)]
        ratios = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
        plain = LogisticRegression(C=2.0, solver="liblinear", tol=1e-8).fit(X * ratios, own)
        scores = model.decision_function(X).reshape(len(X), -1)[:, row]
        assert scores == pytest.approx(plain.decision_function(X * ratios), abs=1e-3)


@pytest.mark.parametrize("tags", [2, 3])
def test_what_can_be_told_is_told(tags):
    model = NBLogisticRegression().fit(*drawn(tags))
    X, y = drawn(tags, seed=1)
    probabilities = model.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert np.mean(model.predict(X) == y) > 0.9
    assert model.coef_.argmax(axis=1).tolist() == [
        {"甲": 0, "乙": 1, "丙": 2}[tag] for tag in model.classes_[-len(model.coef_) :]
    ]
