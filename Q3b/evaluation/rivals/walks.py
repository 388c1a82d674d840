"""RP3beta: random walks from a user over artists and other users to artists.

Paudel, Christoffel, Newell & Bernstein (2017), Updatable, accurate, diverse and scalable
recommendations for interactive applications.
"""

import numpy as np
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from evaluation.rivals.ranking import Scorer, best_of_popular, weighted
from recommender.weights import listeners_of


def rp3beta(
    plays: csr_array,
    top: int,
    seed: int,
    *,
    kind: str,
    alpha: float,
    beta: float,
    neighbours: int,
) -> csr_array:
    """Recommend by walks of three steps, divided by listeners ** beta.

    alpha: power of each step's probability; neighbours: artists that each artist leads on to
    """

    def fit(shown: csr_array) -> Scorer:
        weights = weighted(shown, kind)
        first = normalize(weights, norm="l1")
        back = normalize(weights.T.tocsr(), norm="l1")
        first.data **= alpha
        back.data **= alpha
        steps = (back @ first).toarray()
        steps /= np.maximum(listeners_of(shown), 1.0) ** beta
        keep_largest(steps, neighbours)
        return lambda rows: first[rows] @ steps

    return best_of_popular(plays, top, fit)


def keep_largest(steps: np.ndarray, neighbours: int) -> None:
    """Set to 0, in place, the diagonal of (n, n) steps and all but the largest of each row."""
    np.fill_diagonal(steps, 0)
    if neighbours < len(steps):
        smallest = np.argpartition(steps, len(steps) - neighbours, axis=1)[:, :-neighbours]
        np.put_along_axis(steps, smallest, 0, axis=1)
