"""The two methods of recommending, fitted to plays.

Both are a vote: a user's scores are a weighted sum of what the user's neighbours give the artists.
"""

from common.command import UserError

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender import residual_vote
from recommender.features import normalised_plays, scaled_age
from recommender.neighbours import nearest_neighbours
from recommender.reference import vote_matrix

EUCLIDEAN_NEIGHBOURS = 100


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
    """Fit a method, cosine or euclidean. Raises UserError for fewer than two users."""
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
