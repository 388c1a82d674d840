"""The exact nearest neighbours of every user, by euclidean distance.

How: `kernels/neighbours.py` tells it in ten lines. The first call of a process loads the compiled
loops from numba's cache (0.3 s); the first call ever compiles them (10 to 20 s, float64 again).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.linalg import norm

from recommender.search import nearest


@dataclass(frozen=True)
class Neighbours:
    """The k nearest other users of n users, the nearest first, of equals the smaller row first.

    ids: (n, k) int32 row numbers, never the user's own
    distances: (n, k) float32 or float64
    """

    ids: np.ndarray
    distances: np.ndarray


def nearest_neighbours(
    plays: csr_array,
    k: int = 100,
    *,
    age: np.ndarray | None = None,
    country: pd.Series | np.ndarray | None = None,
    dtype: type = np.float32,
    threads: int | None = None,
) -> Neighbours:
    """Each user's min(k, n - 1) nearest others by euclidean distance.

    plays: (n, artists) any features, such as shares of plays; age: (n,) scaled to 0 to 1;
    country: (n,) labels, so that another country adds 2 to the squared distance, as it does
    between one-hot columns. dtype: float32, right to about 1e-7 of the squared norms, or float64.
    Raises ValueError if k is below 1 or there are not two users to compare.
    """
    users = plays.shape[0]
    if k < 1 or users < 2:
        raise ValueError(f"neighbours need k >= 1 and two users or more, not k={k} of {users}")
    best = nearest(
        plays.astype(dtype),
        min(k, users - 1),
        dense=None if age is None else np.asarray(age),
        groups=None if country is None else pd.factorize(np.asarray(country))[0],
        apart=2.0,
        threads=threads,
    )
    squared = np.maximum(best.keys, 0, out=best.keys)  # rounding may leave it just below 0
    return Neighbours(ids=best.numbers, distances=np.sqrt(squared, out=squared))


def unit_rows(matrix: csr_array, dtype: type = np.float32) -> csr_array:
    """Scale each row to a euclidean norm of 1; rows without entries stay empty."""
    norms = norm(matrix.astype(np.float64), axis=1)
    norms[norms == 0] = 1
    values = matrix.data / np.repeat(norms, np.diff(matrix.indptr))
    return csr_array((values.astype(dtype), matrix.indices, matrix.indptr), matrix.shape)
