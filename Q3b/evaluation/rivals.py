"""Recommenders of other kinds, to be compared with: `implicit`'s, and EASE in closed form.

Each takes (users, artists) plays and returns the best unheard artists of every user as sparse
rows by falling score.
"""

from common.command import OutsideError

import warnings
from collections.abc import Callable
from importlib import import_module

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from recommender.weights import fitted_weights, listeners_of

MOST_ARTISTS = 10_000  # EASE inverts a dense matrix of artists by artists
USERS_AT_ONCE = 1024
IMPLICIT = {
    "item-item": ("nearest_neighbours", "BM25Recommender"),
    "ALS": ("als", "AlternatingLeastSquares"),
    "BPR": ("bpr", "BayesianPersonalizedRanking"),
}


def implicit_class(model: str) -> type:
    """`implicit`'s class for one of `IMPLICIT`.

    Raises `OutsideError` where it cannot be loaded: its wheels take OpenMP from the system, which
    a bare container lacks.
    """
    module, name = IMPLICIT[model]
    try:
        return getattr(import_module(f"implicit.{module}"), name)
    except ImportError as error:
        raise OutsideError(
            f"{model} needs the library implicit, which cannot be loaded: {error}; on Debian or "
            "Ubuntu install libgomp1, or name other models by --models"
        ) from None


def weighted(plays: csr_array, kind: str, power: float = 1.0) -> csr_array:
    """Play weights of a kind, see `recommender/weights.py`, raised to a power."""
    weights = fitted_weights(plays, kind, np.ones(plays.shape[1])).of(plays)
    weights.data **= power
    return weights


def best_of_implicit(model: str, plays: csr_array, top: int, **settings) -> csr_array:
    """Fit one of the models of `IMPLICIT`; return the best artists of every user.

    BLAS is held to one thread, since `implicit` runs threads of its own; its warnings that it
    converts a matrix it has made itself are of no use to anybody.
    """
    items = csr_matrix(plays)  # implicit does not take sparse arrays
    make = implicit_class(model)
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", import_module("implicit.utils").ParameterWarning)
        fitted = make(**settings)
        fitted.fit(items, show_progress=False)
        columns, scores = fitted.recommend(np.arange(plays.shape[0]), items, N=top)
    return rows_by_score(columns, scores, plays.shape)


def rows_by_score(columns: np.ndarray, scores: np.ndarray, shape: tuple[int, int]) -> csr_array:
    """(users, top) columns and falling scores as sparse rows, without fillers.

    Where there are too few artists implicit fills up with column -1, or with artists already
    heard at the lowest float.
    """
    real = (columns >= 0) & (scores > np.finfo(np.float32).min) & (scores != 0)
    starts = np.concatenate([[0], np.cumsum(real.sum(axis=1))])
    return csr_array((scores[real], columns[real], starts), shape=shape)


def item_item(
    plays: csr_array, top: int, seed: int, neighbours: int = 100, k1: float = 1.2, b: float = 0.75
) -> csr_array:
    """Recommend by item-item similarity of BM25 weights."""
    return best_of_implicit("item-item", plays, top, K=neighbours, K1=k1, B=b)


def als(
    plays: csr_array,
    top: int,
    seed: int,
    kind: str = "log",
    factors: int = 64,
    regularization: float = 1.0,
    alpha: float = 10.0,
    iterations: int = 15,
) -> csr_array:
    """Recommend by alternating least squares on confidences (Hu, Koren & Volinsky 2008)."""
    return best_of_implicit(
        "ALS",
        weighted(plays, kind),
        top,
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        iterations=iterations,
        random_state=seed,
    )


def bpr(
    plays: csr_array,
    top: int,
    seed: int,
    factors: int = 64,
    learning_rate: float = 0.05,
    regularization: float = 0.01,
    iterations: int = 100,
) -> csr_array:
    """Recommend by Bayesian personalised ranking (Rendle et al. 2009)."""
    return best_of_implicit(
        "BPR",
        plays,
        top,
        factors=factors,
        learning_rate=learning_rate,
        regularization=regularization,
        iterations=iterations,
        random_state=seed,
        num_threads=1,  # with more, results vary from run to run
    )


def ease(
    plays: csr_array,
    top: int,
    seed: int,
    kind: str = "binary",
    power: float = 1.0,
    regularization: float = 100.0,
    popularity_power: float = 0.0,
) -> csr_array:
    """Recommend by EASE: a linear model of each artist on all others (Steck 2019).

    Its scores are divided by listeners ** popularity_power, as those of our residual vote are.
    Exact where there are at most MOST_ARTISTS artists, else on those with the most listeners.
    """
    listeners = listeners_of(plays)
    popular = np.sort(np.argsort(-listeners, kind="stable")[:MOST_ARTISTS])
    weights = weighted(plays, kind, power)[:, popular]
    users, artists = weights.shape
    solve = ease_by_users if users < artists else ease_by_artists
    scores_of = solve(weights, regularization)
    damping = np.maximum(listeners[popular], 1.0) ** -popularity_power
    found = best_by_scores(lambda rows: scores_of(rows) * damping, weights, top)
    return csr_array((found.data, popular[found.indices], found.indptr), plays.shape)


def best_by_scores(scores_of: Callable, heard: csr_array, top: int) -> csr_array:
    """The best unheard artists of every user, some users at a time.

    scores_of: gives the dense scores (u, artists) of the users (u,); heard: (users, artists).
    """
    users = heard.shape[0]
    parts = [
        best_of_dense(scores_of(rows), heard[rows], top)
        for rows in np.array_split(np.arange(users), max(1, users // USERS_AT_ONCE))
    ]
    columns, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows_by_score(columns, scores, heard.shape)


def ease_by_artists(weights: csr_array, regularization: float):
    """A function from users to their scores X B, B = I - P / diag(P), P = (X'X + l I)^-1."""
    precision = (weights.T @ weights).toarray().astype(np.float64)
    precision[np.diag_indices_from(precision)] += regularization
    precision = np.linalg.inv(precision)
    model = precision / -np.diag(precision)
    np.fill_diagonal(model, 0)
    return lambda users: weights[users] @ model


def ease_by_users(weights: csr_array, regularization: float):
    """Do the same by a matrix of users by users: X P = (XX' + l I)^-1 X (Woodbury identity)."""
    weights = weights.astype(np.float64)
    gram = (weights @ weights.T).toarray()
    gram[np.diag_indices_from(gram)] += regularization
    projected = (weights.T @ np.linalg.inv(gram)).T  # sparse times dense: the inverse is symmetric
    diagonal = (1 - weights.multiply(projected).sum(axis=0)) / regularization
    return lambda users: weights[users].toarray() - projected[users] / diagonal


def best_of_dense(scores: np.ndarray, heard: csr_array, top: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns and scores (u, top) of the best unheard, by falling score."""
    scores[heard.nonzero()] = np.finfo(np.float32).min
    top = min(top, scores.shape[1])
    best = np.argpartition(-scores, top - 1, axis=1)[:, :top]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    columns = np.take_along_axis(best, order, axis=1)
    return columns, np.take_along_axis(scores, columns, axis=1).astype(np.float32)
