"""Logistic regression on words that are weighed by naive Bayes: a strong model of short texts.

The weights are those of Wang and Manning 2012 (aclanthology.org/P12-2018): how much more often a
word occurs in a tag's articles than in the others, as the logarithm of the ratio.
"""

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from tagger.liblinear import ONE_AT_A_TIME

MOST_STEPS = 1_000  # of the solver, which seldom takes a hundred


class NBLogisticRegression(ClassifierMixin, BaseEstimator):
    """One regression for each tag against the others, `C` being the inverse of its penalty.

    Once fitted it is a linear model of the features themselves: the weights are multiplied into
    `coef_`, of shape (tags, features), or (1, features) of two tags as scikit-learn has it.
    """

    def __init__(self, C: float = 3.0, class_weight: str | None = None):
        self.C = C
        self.class_weight = class_weight  # "balanced": a tag's articles count as much as all others

    def fit(self, X, y) -> "NBLogisticRegression":
        X = sparse.csr_array(X)
        self.classes_, tags = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        told_apart = range(len(self.classes_)) if len(self.classes_) > 2 else [1]
        present = X.astype(bool).astype(np.float64)
        fitted = [self.one_against_others(X, present, tags == tag) for tag in told_apart]
        self.coef_ = np.array([coefficients for coefficients, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    def one_against_others(
        self, X: sparse.csr_array, present: sparse.csr_array, own: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """The coefficients and the intercept for the tag of the `own` rows."""
        ratios = log_count_ratios(present, own)
        # The dual problem has a variable per article and the primal one per word: there are more of
        # those, and it takes thirty times as long.
        model = LogisticRegression(
            C=self.C,
            class_weight=self.class_weight,
            solver="liblinear",
            dual=True,
            max_iter=MOST_STEPS,
            random_state=0,
        )
        weighed = X.copy()
        weighed.data *= ratios[X.indices]
        with ONE_AT_A_TIME:
            model.fit(weighed, own)
        return model.coef_[0] * ratios, model.intercept_[0]

    def decision_function(self, X) -> np.ndarray:
        scores = X @ self.coef_.T + self.intercept_
        return scores if len(self.classes_) > 2 else scores[:, 0]

    def predict_proba(self, X) -> np.ndarray:
        """Each tag's probability against the others, made to sum to 1 over the tags."""
        own = expit(self.decision_function(X))
        if own.ndim == 1:
            return np.column_stack([1 - own, own])
        return own / own.sum(axis=1, keepdims=True)

    def predict(self, X) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def log_count_ratios(present: sparse.csr_array, own: np.ndarray) -> np.ndarray:
    """Log (share of the features' occurrences in own rows / share in others), one added.

    present: 1 where an article has a feature, of shape (articles, features).
    """
    counts = [1 + rows.astype(np.float64) @ present for rows in (own, ~own)]
    shares = [count / count.sum() for count in counts]
    return np.log(shares[0] / shares[1])
