"""Recommendations of all users, a block of users at a time, in the form the store takes.

What is recommended, and why, exists for the blocks under way alone.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from listening.age_groups import age_group
from listening.play_counts import PlayCounts
from recommender.lists import (
    COUNTRY,
    FILLED_BY,
    GLOBAL,
    MOST_OWN,
    NEIGHBOURS,
    RECOMMENDATION,
    TOP_ARTIST,
    Block,
    RuleList,
)
from recommender.methods import Recommender, Users
from recommender.parallel import in_order, processors
from recommender.popularity import Popularity, all_charts
from recommender.votes import slices

BLOCK = 1024  # users
MOST_PLAYS = 2**31 - 1  # that a store keeps for an artist
NAMELESS = np.empty(0, object)


@dataclass(frozen=True)
class Asked:
    """What is asked of the lists: how many artists, and whether those played already too."""

    top: int = 20
    include_played: bool = False


@dataclass(frozen=True)
class Part:
    """Some users, and all that their lists are made of but the model: b users, m artists.

    rows: (b,) their numbers among all users; plays: theirs alone, without the artists' names
    """

    rows: np.ndarray
    plays: PlayCounts


def parts_of_users(plays: PlayCounts) -> Iterator[Part]:
    """Yield all users, BLOCK at a time."""
    nameless = replace(plays, artists=NAMELESS, artist_names=NAMELESS)
    for users in slices(len(plays.users), BLOCK):
        yield Part(np.arange(users.start, users.stop), nameless.select_users(users))


def recommendation_blocks(
    recommender: Recommender, plays: PlayCounts, popularity: Popularity, asked: Asked
) -> Iterator[Block]:
    """Yield the recommendations of all users in their order, computed on all processors.

    popularity: fills up the lists of users for whom too few artists have a score. As many blocks
    as processors are under way at once.
    """
    make = partial(recommended_block, recommender, popularity, asked)
    with ThreadPoolExecutor(processors()) as pool:
        yield from in_order(pool, make, parts_of_users(plays), ahead=processors())


def recommended_block(
    recommender: Recommender, popularity: Popularity, asked: Asked, part: Part
) -> Block:
    """The block of some users."""
    plays, users = part.plays, Users(part.rows, part.plays.matrix)
    hidden = plays.hidden()
    most = max(map(len, hidden), default=0)
    scores = recommender.best(users, asked.top + most, asked.include_played)
    scores = without(scores, hidden, asked.top) if most else scores
    each = np.split(explained(recommender, users, scores), scores.indptr[1:-1])
    rules = [NEIGHBOURS] * len(each)
    for user in np.flatnonzero(np.diff(scores.indptr) < asked.top):
        heard = [] if asked.include_played else plays.matrix[[user]].indices
        heard = np.concatenate([heard, hidden[user]])
        profile = plays.profiles.iloc[user]
        each[user], rules[user] = filled(each[user], popularity, profile, asked.top, heard)
    said = (plays.matrix, None) if plays.marks is None else (plays.played, plays.marks)
    top_artists, top_starts = own_artists(*said)
    from_neighbours = np.array([rule == NEIGHBOURS for rule in rules])
    return Block(
        users=plays.users.tolist(),
        rules=rules,
        neighbours=np.where(from_neighbours, recommender.voters(users), 0),
        recommendations=np.concatenate(each),
        recommendation_starts=np.cumsum([0, *map(len, each)]),
        top_artists=top_artists,
        top_starts=top_starts,
        lists=[None] * len(each),
    )


def without(scores: csr_array, hidden: list[np.ndarray], top: int) -> csr_array:
    """The first `top` entries of each row of scores (u, m) but the user's hidden artists."""
    kept, lengths = [], []
    for row, artists in enumerate(hidden):
        part = np.arange(scores.indptr[row], scores.indptr[row + 1])
        part = part[~np.isin(scores.indices[part], artists)][:top]
        kept.append(part)
        lengths.append(len(part))
    entries = np.concatenate(kept)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((scores.data[entries], scores.indices[entries], starts), scores.shape)


def filled(
    found: np.ndarray, popularity: Popularity, profile: pd.Series, top: int, heard: np.ndarray
) -> tuple[np.ndarray, str]:
    """A list of `top` artists that begins with those found, and the rule of the list.

    The rest are the popular artists of the profile's country and age group. Behind artists with
    votes they have the score 0 and are marked by their rule.
    """
    known = np.concatenate([heard, found["artist"]])
    ages = age_group(profile["age"])
    chart = popularity.chart(profile["country"], ages, top - len(found), known)
    rest = unexplained(chart.artists, chart.scores)
    if not len(found):
        return rest, chart.rule
    rest["score"], rest["because_artist"][:, 0] = 0, FILLED_BY[chart.rule]
    return np.concatenate([found, rest]), NEIGHBOURS


def explained(recommender: Recommender, users: Users, scores: csr_array) -> np.ndarray:
    """The entries of `scores` (b, m) as RECOMMENDATION, each with its reasons."""
    why = recommender.reasons(users, scores)
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


def own_artists(plays: csr_array, marks: csr_array | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Each user's own artists (t,) TOP_ARTIST, marks first, then by plays; where each starts."""
    matrices = [plays] if marks is None else [plays, marks]
    users = np.concatenate(
        [np.repeat(np.arange(plays.shape[0]), np.diff(of.indptr)) for of in matrices]
    )
    artists = np.concatenate([of.indices for of in matrices])
    values = np.concatenate([of.data.astype(np.float64) for of in matrices])
    order = np.lexsort((artists, -values, values > 0, users))
    counts = np.bincount(users, minlength=plays.shape[0])
    starts = np.cumsum(counts) - counts
    kept = order[np.arange(len(order)) - starts[users[order]] < MOST_OWN]
    own = np.empty(len(kept), TOP_ARTIST)
    own["artist"], own["plays"] = artists[kept], np.minimum(values[kept], MOST_PLAYS)
    return own, np.concatenate([[0], np.cumsum(np.minimum(counts, MOST_OWN))])
