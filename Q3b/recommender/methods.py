"""The methods of recommending, fitted to plays: the best artists of users, and why."""

from common.command import UserError

from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender import blend, damped_vote, reference
from recommender.explanations import Reasons

EUCLIDEAN_NEIGHBOURS = 100


class Recommender(Protocol):
    """A fitted method: n users, m artists."""

    def best(self, rows: np.ndarray, top: int, include_played: bool = False) -> csr_array:
        """Return the best artists (u, m) of the users `rows` (u,), the best first."""

    def reasons(self, rows: np.ndarray, found: csr_array) -> Reasons:
        """Return the reasons of each entry of `found` (u, m)."""

    def voters(self, rows: np.ndarray) -> np.ndarray:
        """(u,) how many listeners vote for each of the users `rows` (u,)."""


def fitted_recommender(
    plays: PlayCounts,
    metric: str,
    neighbours: int | None = None,
    settings: damped_vote.Settings | blend.Settings | None = None,
) -> Recommender:
    """Fit a method, cosine or euclidean. Raises UserError for fewer than two users.

    neighbours: of each user, for euclidean alone; settings: for cosine alone, where everybody
    votes: of the damped vote, or of its blend, which is fitted then
    """
    users = len(plays.users)
    if users < 2:
        raise UserError(f"recommendations need two users with plays or more; here are {users}")
    if metric == "euclidean":
        return reference.fit(plays, min(neighbours or EUCLIDEAN_NEIGHBOURS, users - 1))
    if isinstance(settings, blend.Settings):
        return blend.fit(plays.matrix, settings)
    return damped_vote.fit(plays.matrix, settings)
