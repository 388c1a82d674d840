"""The damped vote blended with factors: the sum of each user's z-scores by both, equally weighted.

Both score the MOST_IN_HEAD artists with most listeners, all of them where there are no more; the
z-scores are taken over those that the user does not play. The reasons are the vote's: factors have
none.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from recommender import damped_vote, factors
from recommender.damped_vote import Compared, DampedVote, joined
from recommender.damped_vote import Settings as VoteSettings
from recommender.explanations import Reasons
from recommender.factors import Settings as FactorSettings
from recommender.kernels.damped_vote import subtract_tastes
from recommender.kernels.votes import best_of_rows
from recommender.sparse_rows import row_starts
from recommender.votes import RowBuffer, slices, table_of

USERS_AT_ONCE = 64  # with scores of all artists of the head


@dataclass(frozen=True)
class Settings:
    """The settings of both parts."""

    vote: VoteSettings = field(default_factory=VoteSettings)
    factors: FactorSettings = field(default_factory=FactorSettings)


@dataclass(frozen=True)
class Blend:
    """A fitted blend of n users, f factors, h artists in the head of the vote.

    users: (n, f) factors; artists: (f, h) factors of the head
    """

    vote: DampedVote
    users: np.ndarray
    artists: np.ndarray

    @property
    def compared(self) -> Compared:
        """The users as the vote compares them."""
        return self.vote.compared

    def best(self, rows: np.ndarray, top: int, include_played: bool = False) -> csr_array:
        """Return the best artists (u, m) of the users `rows` (u,), with scores above 0.

        Rows by falling score, of equals the artist with more listeners first.
        """
        rows = np.arange(self.users.shape[0])[rows]
        parts = [
            self.best_of(rows[part], top, include_played)
            for part in slices(len(rows), USERS_AT_ONCE)
        ]
        return joined(parts, (len(rows), self.compared.users.shape[1]))

    def best_of(self, rows: np.ndarray, top: int, include_played: bool) -> csr_array:
        """Return what `best` does, of few users: their scores are dense."""
        own = self.compared.users[rows]
        heard = csr_array(own.shape, dtype=np.float32) if include_played else own
        scores = z_scores(self.vote.head_scores(own), heard)
        scores += z_scores(self.factor_scores(rows), heard)
        block = RowBuffer(len(rows), min(top, scores.shape[1]))
        best_of_rows(scores, table_of(heard), block.columns, block.values, block.lengths)
        columns, values, lengths = block.entries()
        return csr_array((values, self.compared.order[columns], row_starts(lengths)), own.shape)

    def factor_scores(self, rows: np.ndarray) -> np.ndarray:
        """Return the scores (u, h) by factors, by our own loops: BLAS would start threads."""
        scores = np.zeros((len(rows), self.artists.shape[1]), np.float32)
        subtract_tastes(-self.users[rows], self.artists, scores)
        return scores

    def reasons(self, rows: np.ndarray, found: csr_array) -> Reasons:
        """Return the vote's reasons of each entry of `found` (u, m)."""
        return self.vote.reasons(rows, found)

    def voters(self, rows: np.ndarray) -> np.ndarray:
        """(u,) how many others vote for each of the users `rows` (u,): all of them."""
        return np.full(len(rows), self.users.shape[0] - 1)


def fit(plays: csr_array, settings: Settings | None = None, threads: int | None = None) -> Blend:
    """Fit both to (n, m) plays, all above 0. Raises OutsideError if `implicit` cannot be loaded."""
    settings = settings or Settings()
    vote = damped_vote.fit(plays, settings.vote, threads, smallest_head=damped_vote.MOST_IN_HEAD)
    return with_factors(vote, plays, settings.factors, threads)


def with_factors(
    vote: DampedVote, plays: csr_array, settings: FactorSettings, threads: int | None = None
) -> Blend:
    """Blend a vote that is fitted to the plays with factors."""
    users, artists = factors.fit(plays, settings, threads)
    head = vote.compared.order[: vote.head.shape[1]]
    return Blend(vote, users, np.ascontiguousarray(artists[head].T))


def z_scores(scores: np.ndarray, heard: csr_array) -> np.ndarray:
    """Return scores (u, h) less their mean, over their deviation, of each user's unheard artists.

    The scores are changed in place. heard: (u, m) where m >= h, its values not looked at
    """
    users = np.repeat(np.arange(len(scores)), np.diff(heard.indptr))
    shown = heard.indices < scores.shape[1]
    places = users[shown], heard.indices[shown]
    count = scores.shape[1] - np.bincount(places[0], minlength=len(scores))
    count = np.maximum(count, 1)[:, None]
    scores[places] = 0
    scores -= scores.sum(axis=1, keepdims=True) / count
    scores[places] = 0
    deviation = np.sqrt(np.einsum("ij,ij->i", scores, scores)[:, None] / count)
    scores /= np.where(deviation > 0, deviation, 1)
    return scores
