"""Votes of neighbours for artists: the compiled inner loops.

A user's scores are the weighted sum of the neighbours' votes, added up in one dense row of
artists. `best_votes` picks the best unheard of them, `residual_votes` takes them away from the
user's own votes. Both fill a few rows at a time: no users x artists matrix exists but sparse.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

CHUNK = 64  # scores compared at once: a few vector registers


class Table(NamedTuple):
    """A sparse matrix by rows."""

    starts: np.ndarray  # (rows + 1,) int64
    columns: np.ndarray  # (entries,) uint32
    values: np.ndarray  # (entries,) float


@njit(cache=True, nogil=True)
def any_above(scores, limit):
    """Say whether any score is above `limit`; a count, because that is vectorised."""
    found = 0
    for slot in range(scores.size):
        found += scores[slot] > limit
    return found > 0


@njit(cache=True, nogil=True)
def insert(score, column, scores, columns, count):
    """Insert into the first `count` slots, kept by falling score, and let the last fall off."""
    slot = min(count, scores.size - 1)
    while slot > 0 and scores[slot - 1] < score:
        scores[slot], columns[slot] = scores[slot - 1], columns[slot - 1]
        slot -= 1
    scores[slot], columns[slot] = score, column


@njit(cache=True, nogil=True)
def take_best(scores, best_scores, best_columns):
    """Write the best scores above 0, of equals the lower column first; return how many."""
    count = 0
    limit = scores.dtype.type(0)
    for begin in range(0, scores.size, CHUNK):
        chunk = scores[begin : begin + CHUNK]
        if not any_above(chunk, limit):
            continue
        for slot in range(chunk.size):
            if chunk[slot] > limit:
                insert(chunk[slot], begin + slot, best_scores, best_columns, count)
                count = min(count + 1, best_scores.size)
                if count == best_scores.size:
                    limit = best_scores[count - 1]
    return count


@njit(cache=True, nogil=True)
def add_votes(ids, weights, votes, scores):
    """Set the scores (artists,) to the votes of the users `ids`, times their weights (ids,)."""
    scores[:] = 0
    for position in range(ids.size):
        begin, end = votes.starts[ids[position]], votes.starts[ids[position] + 1]
        for vote in range(np.uint64(begin), np.uint64(end)):
            scores[votes.columns[vote]] += weights[position] * votes.values[vote]


@njit(cache=True, nogil=True)
def best_votes(neighbours, votes, heard, artists, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    neighbours: Table of u users by voters; votes: of voters by artists; heard: of u users by
    artists, its values not looked at.
    """
    scores = np.empty(artists, votes.values.dtype)
    for row in range(lengths.size):
        begin, end = neighbours.starts[row], neighbours.starts[row + 1]
        add_votes(neighbours.columns[begin:end], neighbours.values[begin:end], votes, scores)
        for place in range(heard.starts[row], heard.starts[row + 1]):
            scores[heard.columns[place]] = 0
        lengths[row] = take_best(scores, best_scores[row], best_columns[row])


@njit(cache=True, nogil=True)
def positive_columns(scores, columns):
    """Write the columns of the scores above 0, ascending; return how many."""
    count = 0
    for begin in range(0, scores.size, CHUNK):
        chunk = scores[begin : begin + CHUNK]
        if any_above(chunk, scores.dtype.type(0)):
            for slot in range(chunk.size):
                if chunk[slot] > 0:
                    columns[count] = begin + slot
                    count += 1
    return count


@njit(cache=True, nogil=True)
def limit_above_all_but(count, values):
    """Return the largest limit that no more than `count` of the values are above, or 0."""
    if values.size <= count:
        return values.dtype.type(0)
    return np.partition(values, values.size - count - 1)[values.size - count - 1]


@njit(cache=True, nogil=True)
def subtract_share(share, scores, own_columns, own_votes, kept, found, columns, values):
    """Write own votes - share * scores to columns, values; return how many entries they have.

    Of the scores of artists without an own vote only the `kept` largest are taken. found
    (artists,) is scratch.
    """
    length = own_columns.size
    for place in range(length):
        column = own_columns[place]
        columns[place] = column
        values[place] = own_votes[place] - share * scores[column]
        scores[column] = 0
    others = found[: positive_columns(scores, found)]
    limit = limit_above_all_but(kept, scores[others])
    for column in others:
        if scores[column] > limit:
            columns[length] = column
            values[length] = -share * scores[column]
            length += 1
    return length


@njit(cache=True, nogil=True)
def residual_votes(first, neighbours, votes, artists, share, kept, columns, values, lengths):
    """Fill columns, values (u, room) and lengths (u,) with the residual votes of u users.

    The users are the rows from `first` on of `neighbours`, a Table of users by users, and of
    `votes`, users by artists, all above 0. room: at least the longest row of votes plus `kept`.
    """
    scores = np.empty(artists, votes.values.dtype)
    found = np.empty(artists, np.uint32)
    for row in range(lengths.size):
        user = first + row
        begin, end = neighbours.starts[user], neighbours.starts[user + 1]
        add_votes(neighbours.columns[begin:end], neighbours.values[begin:end], votes, scores)
        begin, end = votes.starts[user], votes.starts[user + 1]
        own_columns, own_votes = votes.columns[begin:end], votes.values[begin:end]
        lengths[row] = subtract_share(
            share, scores, own_columns, own_votes, kept, found, columns[row], values[row]
        )
