"""Artists for every user from what the user's neighbours play."""

from collections.abc import Iterator

import numpy as np
from features import normalised_plays
from neighbours import Neighbours
from scipy.sparse import csr_array, vstack

TOP = 20
BLOCK = 1024  # users at a time: bounds the memory of the scores before their top is taken


def similarity_weights(distances: np.ndarray) -> np.ndarray:
    """Return 1 - d/D for (n, k) distances d, D the largest of all: 1 for a twin, 0 at D."""
    largest = distances.max()
    return 1 - distances / largest if largest > 0 else np.ones_like(distances)


def recommend(plays: csr_array, neighbours: Neighbours, top: int = TOP) -> csr_array:
    """Return the `top` artists per user by the weighted mean of the neighbours' share of plays.

    `plays` and the result are (users, artists). A row of the result holds the scores of at most
    `top` artists that the user has not played, the best first, of equals the lower column first.
    """
    votes = vote_matrix(neighbours)
    shares = normalised_plays(plays)
    blocks = [
        top_of_rows(without(votes[rows] @ shares, plays[rows]), top)
        for rows in slices(plays.shape[0], BLOCK)
    ]
    return vstack(blocks, format="csr")


def vote_matrix(neighbours: Neighbours) -> csr_array:
    """Return (users, users) weights of each user's neighbours, every row scaled to sum to 1."""
    users, k = neighbours.ids.shape
    weights = similarity_weights(neighbours.distances).ravel()
    starts = np.arange(0, users * k + 1, k)
    return normalised_plays(csr_array((weights, neighbours.ids.ravel(), starts), (users, users)))


def without(scores: csr_array, heard: csr_array) -> csr_array:
    """Return the scores above zero of the artists that were not heard."""
    unheard = scores - scores.multiply(heard > 0)
    unheard.eliminate_zeros()
    return unheard.tocsr()


def top_of_rows(scores: csr_array, top: int) -> csr_array:
    """Return the `top` largest entries of each row, in descending order within the row."""
    best = [best_first(scores, row)[:top] for row in range(scores.shape[0])]
    places = np.concatenate(best)
    starts = np.cumsum([0, *map(len, best)])
    return csr_array((scores.data[places], scores.indices[places], starts), scores.shape)


def best_first(scores: csr_array, row: int) -> np.ndarray:
    """Return the places of a row's entries in `scores.data`, the largest first."""
    start, stop = scores.indptr[row : row + 2]
    order = np.lexsort((scores.indices[start:stop], -scores.data[start:stop]))
    return start + order


def slices(length: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover range(length)."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
