"""Recommendations of all users, a block of users at a time, in the form the store takes.

Both methods are a vote: a user's scores are a weighted sum of what the user's neighbours give the
artists. Neighbours and votes grow with the users; what is recommended, and why, exists for the
blocks under way alone.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from listening.age_groups import age_group
from listening.play_counts import PlayCounts
from recommender.explanations import reasons
from recommender.lists import (
    COUNTRY,
    GLOBAL,
    NEIGHBOURS,
    RECOMMENDATION,
    TOP_ARTIST,
    TOP_ARTISTS,
    Block,
    RuleList,
)
from recommender.methods import Recommender
from recommender.parallel import in_order, processors
from recommender.popularity import Popularity, all_charts
from recommender.votes import best_artists, table_of

BLOCK = 1024  # users


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
