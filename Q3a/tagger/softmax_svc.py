"""A linear support vector machine that has probabilities, to be averaged with those of others."""

import numpy as np
from scipy.special import softmax

from tagger.liblinear import RepeatableSVC


class SoftmaxSVC(RepeatableSVC):
    """LinearSVC whose probabilities are a softmax of the distances to its hyperplanes.

    sharpness: of the softmax. How sure a whole tagger is is calibrated later; this decides how much
    say the machine has in an average.
    """

    def __init__(
        self,
        C: float = 1.0,
        sharpness: float = 6.0,
        class_weight: str | None = None,
        random_state: int | None = None,
    ):
        super().__init__(C=C, class_weight=class_weight, random_state=random_state)
        self.sharpness = sharpness

    def predict_proba(self, X) -> np.ndarray:
        """Return probabilities of shape (articles, tags)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
        return softmax(self.sharpness * scores, axis=1)
