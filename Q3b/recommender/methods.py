"""The methods of recommending, fitted to plays: the best artists of any users, and why."""

from common.command import UserError

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender import blend, damped_vote, reference
from recommender.blend import Blend
from recommender.damped_vote import DampedVote
from recommender.explanations import Reasons
from recommender.reference import ReferenceVote

EUCLIDEAN_NEIGHBOURS = 100


class Users(NamedTuple):
    """Some of all users: their numbers (u,), and what they play, (u, m)."""

    rows: np.ndarray
    plays: csr_array


class Recommender(Protocol):
    """A fitted method: m artists."""

    def best(self, users: Users, top: int, include_played: bool = False) -> csr_array:
        """Return the best artists (u, m) of the users, the best first."""

    def reasons(self, users: Users, found: csr_array) -> Reasons:
        """Return the reasons of each entry of `found` (u, m), the best artists of the users."""

    def voters(self, users: Users) -> np.ndarray:
        """(u,) how many other listeners vote for each of the users."""


@dataclass(frozen=True)
class ByNumber:
    """A method that knows its users by their numbers alone: it is fitted to all of them."""

    model: Blend | ReferenceVote

    def best(self, users: Users, top: int, include_played: bool = False) -> csr_array:
        return self.model.best(users.rows, top, include_played)

    def reasons(self, users: Users, found: csr_array) -> Reasons:
        return self.model.reasons(users.rows, found)

    def voters(self, users: Users) -> np.ndarray:
        return self.model.voters(users.rows)


@dataclass(frozen=True)
class ByPlays:
    """The damped vote of some users for all: a list needs no more of its user than the plays.

    members: (v,) the numbers of the users who vote
    """

    model: DampedVote
    members: np.ndarray

    def best(self, users: Users, top: int, include_played: bool = False) -> csr_array:
        return self.model.best_of(self.model.compared.of(users.plays), top, include_played)

    def reasons(self, users: Users, found: csr_array) -> Reasons:
        return self.model.reasons_of(self.model.compared.of(users.plays), found)

    def voters(self, users: Users) -> np.ndarray:
        return len(self.members) - np.isin(users.rows, self.members)


def fitted_recommender(
    plays: PlayCounts,
    metric: str,
    neighbours: int | None = None,
    settings: damped_vote.Settings | blend.Settings | None = None,
    members: np.ndarray | None = None,
) -> Recommender:
    """Fit a method, cosine or euclidean. Raises UserError for fewer than two users.

    neighbours: of each user, for euclidean alone; settings: for cosine alone, where everybody
    votes: of the damped vote, or of its blend, which is fitted then; members: (n,) the numbers of
    the users of `plays` among all, where these are the damped vote's sample
    """
    users = len(plays.users)
    if users < 2:
        raise UserError(f"recommendations need two users with plays or more; here are {users}")
    if metric == "euclidean":
        return ByNumber(reference.fit(plays, min(neighbours or EUCLIDEAN_NEIGHBOURS, users - 1)))
    if isinstance(settings, blend.Settings):
        return ByNumber(blend.fit(plays.matrix, settings))
    members = np.arange(users) if members is None else members
    return ByPlays(damped_vote.fit(plays.matrix, settings), members)
