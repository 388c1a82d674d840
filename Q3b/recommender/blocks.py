"""Recommendations of all users, a block of users at a time, in the form the store takes.

Both methods are a vote: a user's scores are a weighted sum of what the user's neighbours give the
artists. Neighbours and votes grow with the users; what is recommended, and why, exists for the
blocks under way alone.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import residual_vote
from age_groups import age_group
from cold_start import Popularity, all_charts
from command_line import UserError
from explanations import reasons
from features import normalised_plays, scaled_age
from neighbour_search import processors
from neighbours import nearest_neighbours
from play_counts import PlayCounts
from recommendation_store import (
    COUNTRY,
    GLOBAL,
    NEIGHBOURS,
    RECOMMENDATION,
    TOP_ARTIST,
    Block,
    RuleList,
)
from recommendations import vote_matrix
from scipy.sparse import csr_array
from votes import best_artists, table_of

METRICS = ("cosine", "euclidean")
EUCLIDEAN_NEIGHBOURS = 100
BLOCK = 1024  # users
TOP_ARTISTS = 10  # of the user's own, shown beside the recommendations


@dataclass(frozen=True)
class Recommender:
    """A fitted method: n users, m artists.

    neighbours: (n, n) weights of each user's k neighbours; votes: (n, m) what users give artists
    compared: (n, m) what users are compared by; heard: (n, m) what is not recommended again
    """

    neighbours: csr_array
    votes: csr_array
    compared: csr_array
    heard: csr_array


def fitted_recommender(
    plays: PlayCounts, metric: str, neighbours: int | None = None, include_played: bool = False
) -> Recommender:
    """Fit the method of METRICS to the plays. Raises UserError for fewer than two users."""
    heard = heard_of(plays, include_played)
    k = neighbours_of_each(plays, metric, neighbours)
    if metric == "euclidean":
        shares = normalised_plays(plays.matrix).astype(np.float32)
        age, country = scaled_age(plays.profiles["age"]), plays.profiles["country"]
        nearest = vote_matrix(nearest_neighbours(shares, k, age=age, country=country))
        return Recommender(nearest, shares, shares, heard)
    model = residual_vote.fit(plays.matrix, replace(residual_vote.Settings(), neighbours=k))
    return Recommender(model.neighbours, model.votes, model.unit_rows, heard)


def neighbours_of_each(plays: PlayCounts, metric: str, asked: int | None) -> int:
    """The k of a metric. Raises UserError for fewer than two users."""
    users = len(plays.users)
    if users < 2:
        raise UserError(f"recommendations need two users with plays or more; here are {users}")
    usual = EUCLIDEAN_NEIGHBOURS if metric == "euclidean" else residual_vote.Settings().neighbours
    return min(asked or usual, users - 1)


def heard_of(plays: PlayCounts, include_played: bool) -> csr_array:
    """What is not recommended again: (n, m)."""
    return csr_array(plays.matrix.shape, dtype=np.float32) if include_played else plays.matrix


def recommendation_blocks(
    recommender: Recommender, plays: PlayCounts, popularity: Popularity, top: int
) -> Iterator[Block]:
    """Yield the recommendations of all users in their order, computed on all processors.

    popularity: serves users of whom no neighbour plays anything new. As many blocks as
    processors are under way at once.
    """
    starts = range(0, len(plays.users), BLOCK)
    rows = (np.arange(start, min(start + BLOCK, len(plays.users))) for start in starts)
    make = partial(recommended_block, recommender, plays, popularity, top)
    with ThreadPoolExecutor(processors()) as pool:
        yield from in_order(pool, make, rows, ahead=processors())


def in_order(pool: ThreadPoolExecutor, function: Callable, items: Iterable, ahead: int) -> Iterator:
    """Yield function(item) of each item in order, at most `ahead` of them before they are asked."""
    pending = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def recommended_block(
    recommender: Recommender, plays: PlayCounts, popularity: Popularity, top: int, rows: np.ndarray
) -> Block:
    """The block of the users `rows` (b,)."""
    neighbours, heard = recommender.neighbours[rows], recommender.heard[rows]
    scores = best_artists(neighbours.__getitem__, recommender.votes, heard, top, threads=1)
    found = explained(recommender, rows, neighbours, scores)
    each = np.split(found, scores.indptr[1:-1])
    rules = [NEIGHBOURS] * len(rows)
    for user in np.flatnonzero(np.diff(scores.indptr) == 0):
        profile = plays.profiles.iloc[rows[user]]
        ages = age_group(profile["age"])
        chart = popularity.chart(profile["country"], ages, top, heard[[user]].indices)
        each[user], rules[user] = unexplained(chart.artists, chart.scores), chart.rule
    top_artists, top_starts = most_played(plays.matrix[rows])
    from_neighbours = np.array([rule == NEIGHBOURS for rule in rules])
    return Block(
        users=plays.users[rows].tolist(),
        rules=rules,
        neighbours=np.where(from_neighbours, np.diff(neighbours.indptr), 0),
        recommendations=np.concatenate(each),
        recommendation_starts=np.cumsum([0, *map(len, each)]),
        top_artists=top_artists,
        top_starts=top_starts,
        lists=[None] * len(rows),
    )


def explained(
    recommender: Recommender, rows: np.ndarray, neighbours: csr_array, scores: csr_array
) -> np.ndarray:
    """The entries of `scores` (b, m) as RECOMMENDATION, each with its reasons."""
    why = reasons(
        rows, neighbours, table_of(recommender.votes), table_of(recommender.compared), scores
    )
    found = np.empty(scores.nnz, RECOMMENDATION)
    found["artist"], found["score"] = scores.indices, scores.data
    found["because_artist"] = why.artists
    found["because_share"] = why.shares
    found["because_listeners"] = why.listeners
    return found


def unexplained(artists: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Artists and their scores as RECOMMENDATION without reasons."""
    found = np.zeros(len(artists), RECOMMENDATION)
    found["artist"], found["score"], found["because_artist"] = artists, scores, -1
    return found


def rule_lists(popularity: Popularity, top: int) -> list[RuleList]:
    """The lists for listeners without history."""
    return [
        RuleList(country, ages, unexplained(chart.artists, chart.scores))
        for (country, ages), chart in all_charts(popularity, top)
    ]


def list_block(profiles: pd.DataFrame, popularity: Popularity) -> Block:
    """The block of users without plays: each is served from the list of the profile."""
    countries = profiles["country"].tolist()
    none = np.zeros(len(profiles) + 1, dtype=int)
    return Block(
        users=profiles.index.tolist(),
        rules=[COUNTRY if name in popularity.countries.rows else GLOBAL for name in countries],
        neighbours=none[1:],
        recommendations=np.empty(0, RECOMMENDATION),
        recommendation_starts=none,
        top_artists=np.empty(0, TOP_ARTIST),
        top_starts=none,
        lists=list(zip(countries, map(age_group, profiles["age"]), strict=True)),
    )


def most_played(plays: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Each user's TOP_ARTISTS artists (t,) TOP_ARTIST by falling plays, and where users start."""
    counts = np.diff(plays.indptr)
    users = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((plays.indices, -plays.data, users))
    kept = order[np.arange(len(order)) - plays.indptr[users] < TOP_ARTISTS]
    top = np.empty(len(kept), TOP_ARTIST)
    top["artist"], top["plays"] = plays.indices[kept], np.minimum(plays.data[kept], 2**31 - 1)
    return top, np.concatenate([[0], np.cumsum(np.minimum(counts, TOP_ARTISTS))])
