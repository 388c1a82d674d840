"""Shared tastes: the largest eigenpairs of the cosine between all users, and their damping."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

MOST = 64  # eigenpairs
SEED = 1  # of the random vectors that the decomposition begins with


@dataclass(frozen=True)
class Tastes:
    """The d largest eigenvalues (d,) of U U', falling, and their singular vectors.

    of_users: (n, d), the eigenvectors; of_artists: (m, d); columns of norm 1
    """

    eigenvalues: np.ndarray
    of_users: np.ndarray
    of_artists: np.ndarray


def tastes_of(users: csr_array, most: int = MOST) -> Tastes:
    """Decompose users (n, m), rows of norm 1, by a randomized method (Halko et al. 2011).

    The library's threads are held to one, so that the same users give the same tastes.
    """
    from sklearn.utils.extmath import randomized_svd

    count = min(most, *users.shape) if users.nnz else 0
    if not count:
        return Tastes(np.zeros(0), np.zeros((users.shape[0], 0)), np.zeros((users.shape[1], 0)))
    with threadpool_limits(1, "blas"):
        of_users, roots, of_artists = randomized_svd(
            users, count, n_oversamples=16, n_iter=6, random_state=SEED
        )
    return Tastes(roots.astype(np.float64) ** 2, of_users, of_artists.T)


def damping(eigenvalues: np.ndarray, limit: float) -> np.ndarray:
    """k (d,): which part of each eigenvalue is taken away by a limit (lambda); none by limit 0."""
    if not limit:
        return np.zeros_like(eigenvalues)
    return 1 - (1 + (eigenvalues / limit) ** 4) ** -0.25
