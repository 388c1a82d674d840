"""The damped vote by many settings at once, to choose among them on few users.

A fit has bounds, so that most scores of the tail are never computed. Here all are, since settings
share most of the work: votes are added up once for all of them, tastes once for each limit, and a
power of popularity scales what is left.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from recommender.damped_vote import Prepared, Settings, joined
from recommender.kernels.grid import best_of_scaled
from recommender.parallel import processors
from recommender.sparse_rows import row_starts
from recommender.tastes import damping
from recommender.votes import RowBuffer, slices, table_of

USERS_AT_ONCE = 64  # with scores of all artists


@dataclass(frozen=True)
class Grid:
    """Settings to compare, and what all of them share: n users, m artists, d tastes.

    of_artists: (m, d) how much of each taste an artist stands for; gains: (m, d) what each taste
    gives an artist; listeners: (m,) how many each artist has
    """

    known: Prepared
    settings: list[Settings]
    of_artists: np.ndarray
    gains: np.ndarray
    listeners: np.ndarray

    def lists(self, rows: slice, top: int) -> list[csr_array]:
        """Return the best artists of the users `rows` by each of the settings."""
        users = csr_array(self.known.compared.users[rows])
        votes, sums = self.votes(users), users.sum(axis=1)
        tastes = users @ self.of_artists
        found: dict[int, csr_array] = {}
        for limit, places in places_by_limit(self.settings).items():
            left = votes - (tastes * self.damped(limit)) @ self.gains.T
            for place in places:
                found[place] = self.best(left, sums, users, self.settings[place], top)
        return [found[place] for place in range(len(self.settings))]

    def votes(self, users: csr_array) -> np.ndarray:
        """Return the votes (u, m) of all for compared users (u, m), before any is discounted."""
        cosines = self.known.compared.users @ users.T.toarray()
        return np.ascontiguousarray((self.known.votes.T @ cosines).T)

    def damped(self, limit: float) -> np.ndarray:
        """Return S k (d,), what a limit takes away of each taste."""
        eigenvalues = self.known.tastes.eigenvalues
        damped = damping(eigenvalues, limit * self.known.compared.users.shape[0])
        return (np.sqrt(eigenvalues) * damped).astype(np.float32)

    def best(
        self, left: np.ndarray, sums: np.ndarray, users: csr_array, settings: Settings, top: int
    ) -> csr_array:
        """Return the best artists by votes less tastes (u, m); sums: (u,) of the own weights."""
        factors = np.maximum(self.listeners, 1) ** np.float32(-settings.popularity_power)
        popularity = (settings.popularity * sums).astype(np.float32)
        block = RowBuffer(users.shape[0], min(top, users.shape[1]))
        best_of_scaled(
            left, factors, popularity, self.listeners, table_of(users),
            block.columns, block.values, block.lengths,
        )  # fmt: skip
        columns, scores, lengths = block.entries()
        columns = self.known.compared.order[columns]
        return csr_array((scores, columns, row_starts(lengths)), users.shape)


def places_by_limit(settings: list[Settings]) -> dict[float, list[int]]:
    """The places of the settings with each limit."""
    places: dict[float, list[int]] = {}
    for place, one in enumerate(settings):
        places.setdefault(one.limit, []).append(place)
    return places


def lists_by_settings(
    known: Prepared, settings: list[Settings], top: int = 20, threads: int | None = None
) -> Iterator[csr_array]:
    """Yield for each of the settings what `damped_vote.recommend` finds by a fit with them.

    Scores are the same but for rounding. BLAS is held to one thread, since blocks of users are
    computed in `threads`.
    """
    tastes = known.tastes
    of_users, of_artists = (of.astype(np.float32) for of in (tastes.of_users, tastes.of_artists))
    listeners = known.listeners.astype(np.float32)
    grid = Grid(known, settings, of_artists, known.votes.T @ of_users, listeners)
    blocks = list(slices(known.compared.users.shape[0], USERS_AT_ONCE))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads or processors()) as pool:
        parts = list(pool.map(lambda rows: grid.lists(rows, top), blocks))
    for place in range(len(settings)):
        yield joined([part[place] for part in parts], known.compared.users.shape)
