"""Votes of users for artists: the compiled inner loops.

A user's scores are the weighted sum of the voters' votes, added up in one dense row of artists.
`best_votes` picks the best unheard artists, `summed_votes` keeps all sums. Both fill a few rows at
a time, so that a matrix of users by artists is only ever sparse.

If there are far fewer votes than artists, the columns that get votes are listed, and only those
are read and reset to 0: otherwise most of the time would go into a row that is almost empty.

`take_best` and `add_votes` are compiled into `damped_vote.py` too, whose cache on disk does not
notice a change here: whoever changes one of them changes that file as well.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

CHUNK = 64  # scores compared at once: a few vector registers
FEW = 24  # artists for each vote above which columns are listed


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
def comes_before(score, column, other_score, other_column):
    """Say whether (score, column) is better: a higher score, of equals the lower column."""
    return score > other_score or (score == other_score and column < other_column)


@njit(cache=True, nogil=True)
def insert(score, column, scores, columns, count):
    """Insert into the first `count` slots, the best first, and let the last fall off."""
    slot = min(count, scores.size - 1)
    while slot > 0 and comes_before(score, column, scores[slot - 1], columns[slot - 1]):
        scores[slot], columns[slot] = scores[slot - 1], columns[slot - 1]
        slot -= 1
    scores[slot], columns[slot] = score, column


@njit(cache=True, nogil=True)
def take_best(scores, first, best_scores, best_columns, count):
    """Let the scores above 0 into the `count` best, of equals the lower column; return how many.

    first: the column of the first score
    """
    limit = best_scores[count - 1] if count == best_scores.size else scores.dtype.type(0)
    for begin in range(0, scores.size, CHUNK):
        chunk = scores[begin : begin + CHUNK]
        if not any_above(chunk, limit):
            continue
        for slot in range(chunk.size):
            if chunk[slot] > limit:
                insert(chunk[slot], first + begin + slot, best_scores, best_columns, count)
                count = min(count + 1, best_scores.size)
                if count == best_scores.size:
                    limit = best_scores[count - 1]
    return count


@njit(cache=True, nogil=True)
def take_best_of(columns, scores, best_scores, best_columns):
    """Take the best of the listed columns, in any order, as `take_best` does; reset their scores.

    Return how many are taken.
    """
    count, last = 0, best_scores.size - 1
    for column in columns:
        score = scores[column]
        scores[column] = 0  # so that a column that is listed twice counts once
        if score > 0 and (
            count <= last or comes_before(score, column, best_scores[last], best_columns[last])
        ):
            insert(score, column, best_scores, best_columns, count)
            count = min(count + 1, best_scores.size)
    return count


@njit(cache=True, nogil=True)
def add_votes(ids, weights, votes, scores):
    """Add the votes of the users `ids`, times their weights (ids,), to the scores (artists,)."""
    for position in range(ids.size):
        begin, end = votes.starts[ids[position]], votes.starts[ids[position] + 1]
        for vote in range(np.uint64(begin), np.uint64(end)):
            scores[votes.columns[vote]] += weights[position] * votes.values[vote]


@njit(cache=True, nogil=True)
def add_few_votes(ids, weights, votes, scores, touched):
    """Add votes as `add_votes` does, and list the columns with a score in `touched`; count them.

    A column is listed again if its score was 0 again in between. `touched` needs one slot more.
    """
    count = 0
    for position in range(ids.size):
        begin, end = votes.starts[ids[position]], votes.starts[ids[position] + 1]
        for vote in range(np.uint64(begin), np.uint64(end)):
            column = votes.columns[vote]
            before = scores[column]
            scores[column] = before + weights[position] * votes.values[vote]
            touched[count] = column  # the next one overwrites it if not counted
            count += (before == 0) & (scores[column] != 0)
    return count


@njit(cache=True, nogil=True)
def summed_votes(voters, votes, artists, columns, values, lengths):
    """Fill columns, values (r, width) and lengths (r,) with the votes of each row's voters, summed.

    voters: Table of r rows by users; votes: of users by artists, all above 0; width: at least the
    number of artists that any row's voters vote for
    """
    scores = np.zeros(artists, votes.values.dtype)
    touched = np.empty(artists + 1, np.uint32)
    for row in range(lengths.size):
        begin, end = voters.starts[row], voters.starts[row + 1]
        ids, weights = voters.columns[begin:end], voters.values[begin:end]
        found = touched[: add_few_votes(ids, weights, votes, scores, touched)]
        lengths[row] = found.size
        for place in range(found.size):
            columns[row, place] = found[place]
            values[row, place] = scores[found[place]]
            scores[found[place]] = 0


@njit(cache=True, nogil=True)
def votes_of(ids, votes):
    """Count the votes of the users `ids`."""
    count = 0
    for user in ids:
        count += votes.starts[user + 1] - votes.starts[user]
    return count


@njit(cache=True, nogil=True)
def best_votes(neighbours, votes, heard, artists, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    neighbours: Table of u users by voters; votes: of voters by artists; heard: of u users by
    artists, its values not looked at.
    """
    scores = np.zeros(artists, votes.values.dtype)
    touched = np.empty(artists // FEW + 1, np.uint32)
    for row in range(lengths.size):
        begin, end = neighbours.starts[row], neighbours.starts[row + 1]
        ids, weights = neighbours.columns[begin:end], neighbours.values[begin:end]
        own = heard.columns[heard.starts[row] : heard.starts[row + 1]]
        if votes_of(ids, votes) < touched.size:
            found = touched[: add_few_votes(ids, weights, votes, scores, touched)]
            scores[own] = 0
            lengths[row] = take_best_of(found, scores, best_scores[row], best_columns[row])
        else:
            add_votes(ids, weights, votes, scores)
            scores[own] = 0
            lengths[row] = take_best(scores, 0, best_scores[row], best_columns[row], 0)
            scores[:] = 0


@njit(cache=True, nogil=True)
def best_of_rows(scores, heard, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) from dense scores (u, artists).

    heard: Table of u users by as many artists or more, whose scores are set to 0
    """
    for row in range(lengths.size):
        for column in heard.columns[heard.starts[row] : heard.starts[row + 1]]:
            if column < scores.shape[1]:
                scores[row, column] = 0
        lengths[row] = take_best(scores[row], 0, best_scores[row], best_columns[row], 0)
