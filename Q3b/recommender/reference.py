"""The reference method: artists for every user from what the user's nearest neighbours play.

Users are compared by their shares of plays, age and country, and a neighbour at distance d has the
weight 1 - d/D, as the notebook explains.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender.explanations import Reasons, empty_parts, reasons
from recommender.features import normalised_plays, scaled_age
from recommender.kernels.reasons import parts_of_votes
from recommender.neighbours import Neighbours, nearest_neighbours
from recommender.sparse_rows import row_starts
from recommender.votes import best_artists, table_of

TOP = 20


def similarity_weights(distances: np.ndarray, largest: float | None = None) -> np.ndarray:
    """1 - d/D for (n, k) distances d, D the `largest` of all: 1 for a twin, 0 at D."""
    largest = distances.max() if largest is None else largest
    return 1 - distances / largest if largest > 0 else np.ones_like(distances)


def recommend(plays: csr_array, neighbours: Neighbours, top: int = TOP) -> csr_array:
    """The `top` artists per user by the weighted mean of the neighbours' share of plays.

    `plays` and the result are (users, artists). A row of the result holds the scores of at most
    `top` artists that the user has not played, the best first, of equals the lower column first.
    """
    votes = vote_matrix(neighbours)
    return best_artists(lambda users: votes[users], normalised_plays(plays), plays, top)


def vote_matrix(neighbours: Neighbours) -> csr_array:
    """(users, users) weights of each user's neighbours, every row scaled to sum to 1."""
    users, k = neighbours.ids.shape
    weights = similarity_weights(neighbours.distances).ravel()
    starts = row_starts(np.full(users, k))
    return normalised_plays(csr_array((weights, neighbours.ids.ravel(), starts), (users, users)))


@dataclass(frozen=True)
class ReferenceVote:
    """A fitted model: n users, m artists.

    neighbours: (n, n) weights of each user's k neighbours; shares: (n, m) of plays, which users are
    compared by and give as votes; listeners: (m, n) who plays each artist
    """

    neighbours: csr_array
    shares: csr_array
    listeners: csr_array

    def best(self, rows: np.ndarray, top: int, include_played: bool = False) -> csr_array:
        """Return the best artists of the users `rows` (u,), see `votes.best_artists`."""
        heard = self.shares[rows]
        if include_played:
            heard = csr_array(heard.shape, dtype=np.float32)
        weights = self.neighbours[rows]
        return best_artists(weights.__getitem__, self.shares, heard, top, threads=1)

    def reasons(self, rows: np.ndarray, found: csr_array) -> Reasons:
        """Return the reasons of each entry of `found` (u, m), the best artists of `rows` (u,).

        A neighbour that shares no artist with the user is no reason.
        """
        parts, shares = empty_parts(self.shares[rows], found), table_of(self.shares)
        neighbours, wanted = table_of(self.neighbours[rows]), table_of(found)
        rows = np.asarray(rows, np.int64)
        parts_of_votes(rows, neighbours, shares, shares, wanted, found.shape[1], parts.data)
        return reasons(parts, found.indices, self.listeners)

    def voters(self, rows: np.ndarray) -> np.ndarray:
        """(u,) how many neighbours vote for each of the users `rows` (u,)."""
        return np.diff(self.neighbours.indptr)[rows]


def fit(plays: PlayCounts, k: int) -> ReferenceVote:
    """Find everybody's k nearest neighbours."""
    shares = normalised_plays(plays.matrix).astype(np.float32)
    age, country = scaled_age(plays.profiles["age"]), plays.profiles["country"]
    weights = vote_matrix(nearest_neighbours(shares, k, age=age, country=country))
    return ReferenceVote(weights, shares, csr_array(shares.T.tocsr()))
