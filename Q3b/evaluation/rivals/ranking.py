"""The best artists of every user by dense scores, some users at a time.

A scorer is a function from row numbers (u,) to the scores (u, artists) of these users.
"""

from collections.abc import Callable
from math import isqrt

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from recommender.weights import fitted_weights, listeners_of

MOST_DENSE = 100_000_000  # entries of a dense matrix that a model may hold
USERS_AT_ONCE = 1024
LOWEST = np.finfo(np.float32).min

Scorer = Callable[[np.ndarray], np.ndarray]


def weighted(plays: csr_array, kind: str, power: float = 1.0) -> csr_array:
    """Play weights of a kind, see `recommender/weights.py`, raised to a power."""
    weights = fitted_weights(plays, kind, np.ones(plays.shape[1])).of(plays)
    weights.data **= power
    return weights


def best_of_popular(
    plays: csr_array, top: int, fit: Callable[[csr_array], Scorer], by_users: bool = False
) -> csr_array:
    """The best unheard artists of every user by a model that holds a dense matrix.

    fit: makes a scorer of plays; by_users: whether its matrix is of users by artists where there
    are fewer users, else it is of artists by artists. Of more artists than make MOST_DENSE
    entries, the model sees those with the most listeners.
    """
    users, artists = plays.shape
    most = MOST_DENSE // max(users, 1) if by_users and users < artists else isqrt(MOST_DENSE)
    popular = np.sort(np.argsort(-listeners_of(plays), kind="stable")[:most])
    shown = csr_array(plays[:, popular])
    found = best_by_scores(fit(shown), shown, top)
    return csr_array((found.data, popular[found.indices], found.indptr), plays.shape)


def best_by_scores(scores_of: Scorer, heard: csr_array, top: int) -> csr_array:
    """The best unheard artists of every user as sparse rows by falling score."""
    users = heard.shape[0]
    parts = [
        best_of_dense(scores_of(rows), heard[rows], top)
        for rows in np.array_split(np.arange(users), max(1, users // USERS_AT_ONCE))
    ]
    columns, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows_by_score(columns, scores, heard.shape)


def best_of_dense(scores: np.ndarray, heard: csr_array, top: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns and scores (u, top) of the best unheard, by falling score."""
    scores[heard.nonzero()] = LOWEST
    top = min(top, scores.shape[1])
    best = np.argpartition(-scores, top - 1, axis=1)[:, :top]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    columns = np.take_along_axis(best, order, axis=1)
    return columns, np.take_along_axis(scores, columns, axis=1).astype(np.float32)


def rows_by_score(columns: np.ndarray, scores: np.ndarray, shape: tuple[int, int]) -> csr_array:
    """(users, top) columns and falling scores as sparse rows, without fillers.

    Where there are too few artists implicit fills up with column -1, or with artists already
    heard at the lowest float.
    """
    real = (columns >= 0) & (scores > LOWEST) & (scores != 0)
    starts = np.concatenate([[0], np.cumsum(real.sum(axis=1))])
    return csr_array((scores[real], columns[real], starts), shape=shape)


def filled(found: csr_array, others: csr_array, top: int) -> csr_array:
    """Rows by falling score with the entries of `others` after their own, `top` in all, each once.

    The added ones have scores of 0 or below, in their order.
    """
    parts = [
        pd.DataFrame(
            {"user": np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), "part": part}
        ).assign(artist=rows.indices, score=rows.data)
        for part, rows in enumerate((found, others))
    ]
    table = pd.concat(parts).sort_values(["user", "part"], kind="stable")
    table = table.drop_duplicates(["user", "artist"])
    place = table.groupby("user").cumcount().to_numpy()
    scores = np.where(table["part"] == 0, table["score"], -place).astype(np.float32)
    kept = place < top
    starts = np.searchsorted(table["user"][kept], np.arange(found.shape[0] + 1))
    return csr_array((scores[kept], table["artist"].to_numpy()[kept], starts), found.shape)
