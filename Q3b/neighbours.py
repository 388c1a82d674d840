"""The nearest neighbours of every user the plain way: scikit-learn's brute force, no shortcuts."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors


@dataclass(frozen=True)
class Neighbours:
    """The k nearest other users of n users, the nearest first, of equals the smaller row first.

    ids: (n, k) int32 row numbers, never the user's own
    distances: (n, k)
    """

    ids: np.ndarray
    distances: np.ndarray


def nearest_neighbours(features: csr_array, k: int = 100) -> Neighbours:
    """Return the min(k, n - 1) nearest rows of each row of `features` by euclidean distance.

    Raises ValueError if k is below 1 or there are not two rows to compare.
    """
    users = features.shape[0]
    if k < 1 or users < 2:
        raise ValueError(f"neighbours need k >= 1 and two users or more, not k={k} of {users}")
    search = NearestNeighbors(n_neighbors=min(k, users - 1), algorithm="brute").fit(features)
    distances, ids = search.kneighbors()
    order = np.lexsort((ids, distances))
    return Neighbours(
        ids=np.take_along_axis(ids, order, axis=1).astype(np.int32),
        distances=np.take_along_axis(distances, order, axis=1),
    )
