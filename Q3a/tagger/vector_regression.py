"""Logistic regression on dense vectors, the same in every process."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits


class VectorRegression(LogisticRegression):
    """Regression that leaves NumPy's own threads alone.

    Loops over folds fill all cores already: more threads wait for each other, which took 30 times
    the processor's time, and they add up in an order that depends on their number.
    """

    def fit(self, X: np.ndarray, y, sample_weight=None) -> "VectorRegression":
        with threadpool_limits(1, "blas"):
            return super().fit(X, y, sample_weight)

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        with threadpool_limits(1, "blas"):
            return super().decision_function(X)
