"""item-item, ALS and BPR as the library `implicit` has them.

Each takes (users, artists) plays and returns the best unheard artists of every user as sparse
rows by falling score.
"""

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from evaluation.rivals.ranking import Scorer, rows_by_score, weighted
from recommender.implicit_library import fitted


def best_of_implicit(model: str, plays: csr_array, top: int, **settings) -> csr_array:
    """Fit one of the models of `IMPLICIT`; return the best artists of every user.

    BLAS is held to one thread, since `implicit` runs threads of its own.
    """
    items = csr_matrix(plays)  # implicit does not take sparse arrays
    with threadpool_limits(1, "blas"):
        found = fitted(model, items, **settings)
        columns, scores = found.recommend(np.arange(plays.shape[0]), items, N=top)
    return rows_by_score(columns, scores, plays.shape)


def item_item(
    plays: csr_array, top: int, seed: int, *, neighbours: int, k1: float, b: float
) -> csr_array:
    """Recommend by item-item similarity of BM25 weights."""
    return best_of_implicit("item-item", plays, top, K=neighbours, K1=k1, B=b)


def als(plays: csr_array, top: int, seed: int, *, kind: str, **settings: float) -> csr_array:
    """Recommend by alternating least squares on confidences (Hu, Koren & Volinsky 2008).

    settings: `factors`, `regularization`, `alpha` and `iterations`
    """
    return best_of_implicit("ALS", weighted(plays, kind), top, random_state=seed, **settings)


def als_scorer(plays: csr_array, seed: int, *, kind: str, **settings: float) -> Scorer:
    """A scorer by ALS."""
    items = csr_matrix(weighted(plays, kind))
    with threadpool_limits(1, "blas"):
        found = fitted("ALS", items, random_state=seed, **settings)
    return lambda rows: found.user_factors[rows] @ found.item_factors.T


def bpr(plays: csr_array, top: int, seed: int, **settings: float) -> csr_array:
    """Recommend by Bayesian personalised ranking (Rendle et al. 2009).

    settings: `factors`, `learning_rate`, `regularization` and `iterations`
    """
    # With more threads than one, results vary from run to run.
    return best_of_implicit("BPR", plays, top, random_state=seed, num_threads=1, **settings)
