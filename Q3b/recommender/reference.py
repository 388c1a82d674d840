"""Artists for every user from what the user's neighbours play."""

import numpy as np
from scipy.sparse import csr_array

from recommender.features import normalised_plays
from recommender.neighbours import Neighbours
from recommender.sparse_rows import row_starts
from recommender.votes import best_artists

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
