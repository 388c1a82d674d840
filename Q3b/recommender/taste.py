"""What the fit and a request compute alike, by NumPy alone, which the API's image has."""

import numpy as np


def relative_weights(plays: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return what plays (e,) say, relative to the mean plays (e,) of the same user's artists."""
    return 1 + np.log1p(plays / means)


def best_places(scores: np.ndarray, top: int) -> np.ndarray:
    """The `top` places with the highest scores above 0, of equals the lower place first."""
    top = min(top, len(scores))
    if not top:
        return np.empty(0, np.int64)
    least = np.partition(scores, len(scores) - top)[len(scores) - top]
    candidates = np.flatnonzero((scores >= least) & (scores > 0))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:top]
