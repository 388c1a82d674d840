"""The recommender: everybody votes by cosine similarity, and the tastes that all share are damped.

    K = G - A diag(s k) A',   k = 1 - (1 + (s / lambda)^4)^(-1/4)
    scores = K R / listeners^beta

U (users x artists) holds unit rows of play weights times rarity, so that G = U U' is the cosine
between all users; R holds their votes. (s, A) are the largest eigenpairs of G: tastes that so many
share that they hide particular ones. An eigenvalue far below lambda hardly changes, and one far
above becomes about lambda. With the singular value decomposition U = A S V' there is no matrix of
users by users, and a user's scores need that user's row of U alone:

    scores = U (U'R - V diag(S k) A'R) / listeners^beta

So a score is a sum over the user's own artists, which are its reasons. One column more of V and of
A'R gives everybody what is popular, where the fold asks for that.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import norm

from recommender.explanations import Reasons, empty_parts, reasons
from recommender.kernels.damped_vote import (
    AT_ONCE,
    TAIL,
    Model,
    best_damped,
    fill_head,
    head_scores,
)
from recommender.kernels.reasons import contributions
from recommender.neighbours import unit_rows
from recommender.parallel import in_order, processors
from recommender.sparse_rows import row_starts
from recommender.tastes import Tastes, damping, tastes_of
from recommender.votes import BLOCK, RowBuffer, slices, table_of, votes_of_voters
from recommender.weights import PlayWeights, fitted_weights, listeners_of, rarity

FEWEST_IN_HEAD, FEWEST_KEPT, POPULAR = 32, 64, 128  # listeners, see `kernels/damped_vote.py`
SMALLEST_HEAD, MOST_IN_HEAD = 4096, 20_000  # artists, where there are as many
LARGEST_HEAD = 300_000_000  # its entries, of 4 bytes
VOTE_LENGTH_POWER = -0.25  # of the norm of a user's votes, which scales them


@dataclass(frozen=True)
class Settings:
    """What the held-out fold chooses.

    limit: lambda / users, since eigenvalues grow with the users; 0: nothing is damped
    popularity_power: beta
    popularity: weight of an artist's number of listeners, added to the scores; 0 unless the method
        would lose to what is popular
    """

    limit: float = 0.004
    popularity_power: float = 0.15
    popularity: float = 0.0


@dataclass(frozen=True)
class Compared:
    """Users as they are compared: n users, m artists.

    Artists are numbered by falling listeners: order (m,) holds their columns in the plays.
    weights: turns plays into weights; users: (n, m) rows of norm 1
    """

    order: np.ndarray
    weights: PlayWeights
    users: csr_array

    @cached_property
    def ranks(self) -> np.ndarray:
        """(m,) the number here of each column of the plays."""
        ranks = np.empty_like(self.order)
        ranks[self.order] = np.arange(len(ranks))
        return ranks

    def of(self, plays: csr_array) -> csr_array:
        """Return any users' (u, m) plays as they are compared."""
        return unit_rows(self.weights.of(in_columns(plays, self.order)))


@dataclass(frozen=True)
class Prepared:
    """What a fit takes, whatever its settings: n users, m artists.

    votes: (n, m) before they are discounted; listeners: (m,) how many each artist has
    """

    compared: Compared
    votes: csr_array
    listeners: np.ndarray
    tastes: Tastes


def in_columns(plays: csr_array, order: np.ndarray) -> csr_array:
    """Return the plays with their columns in this order, each row sorted."""
    rank = np.empty(len(order), plays.indices.dtype)
    rank[order] = np.arange(len(order))
    found = csr_array((plays.data.copy(), rank[plays.indices], plays.indptr), plays.shape)
    found.sort_indices()  # in place
    return found


def prepared(plays: csr_array) -> Prepared:
    """Return what depends on the plays (n, m) alone, all above 0."""
    order = np.argsort(-listeners_of(plays), kind="stable").astype(np.int32)
    plays = in_columns(plays, order)
    weights = fitted_weights(plays, "relative", rarity(plays, 1.0))
    users = unit_rows(weights.of(plays))
    votes = fitted_weights(plays, "relative", np.ones(plays.shape[1])).of(plays)
    lengths = np.maximum(norm(votes.astype(np.float64), axis=1), 1)  # 1: of nobody who plays
    scales = np.repeat(lengths**VOTE_LENGTH_POWER, np.diff(votes.indptr))
    votes.data *= scales.astype(np.float32)
    return Prepared(Compared(order, weights, users), votes, listeners_of(plays), tastes_of(users))


@dataclass(frozen=True)
class DampedVote:
    """A fitted model of n users and m artists, d tastes, h artists in the head.

    votes: (n, m) / listeners^beta; listeners: (m, n) the users transposed; kept: (k, m) what those
    of the k artists after the popular ones give; tail: (m - h, n) the votes for the tail
    transposed; the rest as `kernels/damped_vote.py` says
    """

    settings: Settings
    compared: Compared
    votes: csr_array
    listeners: csr_array
    kept: csr_array
    tail: csr_array
    head: np.ndarray
    most: np.ndarray
    basis: np.ndarray
    gains: np.ndarray

    def __getstate__(self) -> dict:
        """Return what goes to another process: not what is made of it on demand."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def tables(self) -> Model:
        """The model as the compiled loops take it; large arrays are shared."""
        matrices = self.compared.users, self.listeners, self.votes, self.kept, self.tail
        tables = map(table_of, matrices)
        head_gains = np.ascontiguousarray(self.gains[: self.head.shape[1]].T)
        tastes = self.basis, self.gains, head_gains, extremes(self.gains[self.head.shape[1] :])
        return Model(*tables, self.head, self.most, *tastes)

    @cached_property
    def others(self) -> csr_array:
        """(m - p, m) what the listeners of artists that are not popular give; for an index."""
        return votes_of_voters(self.listeners[self.head.shape[0] :], self.votes)

    def best(self, rows: np.ndarray, top: int, include_played: bool = False) -> csr_array:
        """Return the best artists of the users `rows` (u,), see `best_of`."""
        return self.best_of(self.compared.users[rows], top, include_played)

    def best_of(self, users: csr_array, top: int = 20, include_played: bool = False) -> csr_array:
        """The `top` artists of compared users (u, m), not their own, with scores above 0.

        Rows by falling score, of equals the artist with more listeners first; the columns are
        those of the plays.
        """
        block = RowBuffer(users.shape[0], min(top, users.shape[1]))
        heard = csr_array(users.shape, dtype=np.float32) if include_played else users
        best_damped(
            table_of(users),
            table_of(heard),
            self.tables,
            block.columns,
            block.values,
            block.lengths,
        )
        columns, scores, lengths = block.entries()
        columns = self.compared.order[columns]
        return csr_array((scores, columns, row_starts(lengths)), users.shape)

    def head_scores(self, users: csr_array) -> np.ndarray:
        """The scores (u, h) of the head's artists for compared users (u, m), their own too."""
        found = np.empty((users.shape[0], self.head.shape[1]), np.float32)
        head_scores(table_of(users), self.tables, found)
        return found

    def reasons(self, rows: np.ndarray, found: csr_array) -> Reasons:
        """Return the reasons of each entry of `found` (u, m), the best artists of `rows` (u,)."""
        return self.reasons_of(self.compared.users[rows], found)

    def reasons_of(self, users: csr_array, found: csr_array) -> Reasons:
        """Return the reasons of each entry of `found` (u, m), the best of compared users (u, m)."""
        ranked = self.compared.ranks[found.indices]
        parts = parts_of_scores(self, users, found)
        why = reasons(parts, ranked, self.listeners)
        artists = np.where(why.artists >= 0, self.compared.order[why.artists], why.artists)
        return why._replace(artists=artists)


def fit(
    plays: csr_array | Prepared,
    settings: Settings | None = None,
    threads: int | None = None,
    smallest_head: int | None = None,
) -> DampedVote:
    """Fit the method to (n, m) plays, all above 0, or to what was prepared of them.

    smallest_head: artists in the head where there are as many; the scores are the same whatever it
    is
    """
    known = plays if isinstance(plays, Prepared) else prepared(plays)
    order, users = known.compared.order, known.compared.users
    settings = settings or Settings()
    factors = np.maximum(known.listeners, 1.0) ** -settings.popularity_power
    votes = known.votes
    scaled = votes.data * factors.astype(np.float32)[votes.indices]
    votes = csr_array((scaled, votes.indices, votes.indptr), votes.shape)
    popular = int((known.listeners >= POPULAR).sum())
    head = max(int((known.listeners >= FEWEST_IN_HEAD).sum()), smallest_head or SMALLEST_HEAD)
    head = min(head, len(order), MOST_IN_HEAD, LARGEST_HEAD // max(popular, 1))
    next_ones = slice(popular, int((known.listeners >= FEWEST_KEPT).sum()))
    listeners = csr_array(users.T.tocsr())
    tail = csr_array(votes[:, head:].T.tocsr())
    rows, most = votes_of_popular(listeners[:popular], votes, head, threads)
    kept = votes_of_voters(listeners[next_ones], votes, threads)
    tastes = damped_tastes(known, settings, votes)
    return DampedVote(settings, known.compared, votes, listeners, kept, tail, rows, most, *tastes)


def votes_of_popular(
    listeners: csr_array, votes: csr_array, head: int, threads: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """What listeners (p, n) give the head (p, h), and the most they give in each block (p, b)."""
    popular, artists = listeners.shape[0], votes.shape[1]
    rows = np.empty((popular, head), np.float32)
    most = np.empty((popular, -(-(artists - head) // TAIL)), np.float32)
    inputs = artists, table_of(listeners), table_of(votes)
    with ThreadPoolExecutor(threads or processors()) as pool:
        starts = range(0, popular, AT_ONCE)
        for _ in in_order(pool, lambda first: fill_head(first, *inputs, rows, most), starts, 64):
            pass
    return rows, most


def extremes(gains: np.ndarray) -> np.ndarray:
    """(2, d, b) the least and the largest of the gains (t, d) in each block of the tail."""
    starts = np.arange(0, len(gains), TAIL)
    if not len(starts):
        return np.empty((2, gains.shape[1], 0), np.float32)
    least, largest = (of.reduceat(gains, starts, axis=0).T for of in (np.minimum, np.maximum))
    return np.stack([least, largest])


def damped_tastes(
    known: Prepared, settings: Settings, votes: csr_array
) -> tuple[np.ndarray, np.ndarray]:
    """V diag(S k) and R'A / listeners^beta, both (m, d): their product is what is subtracted."""
    tastes, count = known.tastes, known.compared.users.shape[0]
    damped = damping(tastes.eigenvalues, settings.limit * count)
    kept = damped > 0
    basis = tastes.of_artists[:, kept] * (np.sqrt(tastes.eigenvalues) * damped)[kept]
    gains = votes.T @ tastes.of_users[:, kept]
    if settings.popularity:
        basis = np.hstack([basis, np.full((len(basis), 1), -settings.popularity)])
        gains = np.hstack([gains, known.listeners[:, None]])
    return np.ascontiguousarray(basis, np.float32), np.ascontiguousarray(gains, np.float32)


class Fitted(Protocol):
    """The vote, alone or blended: how all users compare, and the best artists of some."""

    compared: Compared

    def best(self, rows: np.ndarray, top: int) -> csr_array:
        """Return the best artists of the users `rows` (u,)."""


def recommend(
    model: Fitted, top: int = 20, threads: int | None = None, rows: np.ndarray | None = None
) -> csr_array:
    """Return the `top` unheard artists of users of the model, see `DampedVote.best`.

    rows: (u,) the users, by default all
    """
    rows = np.arange(model.compared.users.shape[0]) if rows is None else rows
    with ThreadPoolExecutor(threads or processors()) as pool:
        parts = pool.map(lambda part: model.best(rows[part], top), slices(len(rows), BLOCK))
        return joined(list(parts), (len(rows), model.compared.users.shape[1]))


def joined(parts: list[csr_array], shape: tuple[int, int]) -> csr_array:
    """The rows of all parts as one matrix; a row's entries keep their order."""
    lengths = np.concatenate([np.diff(part.indptr) for part in parts] or [np.zeros(0, int)])
    columns = np.concatenate([part.indices for part in parts] or [np.zeros(0, np.int32)])
    values = np.concatenate([part.data for part in parts] or [np.zeros(0, np.float32)])
    return csr_array((values, columns, row_starts(lengths)), shape)


def parts_of_scores(model: DampedVote, users: csr_array, found: csr_array) -> csr_array:
    """What each own artist of compared users (u, m) brings to each entry of `found`: (r, m).

    A row adds up to the score of its entry; its columns number artists as the model does.
    """
    ranked = csr_array((found.data, model.compared.ranks[found.indices], found.indptr), found.shape)
    parts = empty_parts(users, found)
    contributions(table_of(users), table_of(ranked), model.tables, parts.data)
    return parts
