"""Factors of users and artists by alternating least squares (Hu, Koren & Volinsky 2008)."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from recommender.implicit_library import fitted
from recommender.parallel import processors
from recommender.weights import fitted_weights

SEED = 1  # of the factors that the iterations begin with


@dataclass(frozen=True)
class Settings:
    """What the held-out fold chooses: factors and alpha; the rest is the same for all.

    alpha: how much more a play says than none; regularization: penalty of large factors
    """

    factors: int = 32
    alpha: float = 10.0
    regularization: float = 30.0
    iterations: int = 20


def fit(
    plays: csr_array, settings: Settings | None = None, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors of the users (n, f) and artists (m, f) of plays (n, m), all above 0.

    Each row is solved by itself, and BLAS is held to one thread, so that the same plays give the
    same factors on any number of threads. Raises OutsideError if the library cannot be loaded.
    """
    weights = fitted_weights(plays, "relative", np.ones(plays.shape[1])).of(plays)
    with threadpool_limits(1, "blas"):
        found = fitted(
            "ALS",
            csr_matrix(weights),  # implicit does not take sparse arrays
            random_state=SEED,
            num_threads=threads or processors(),
            **asdict(settings or Settings()),
        )
    return found.user_factors, found.item_factors
