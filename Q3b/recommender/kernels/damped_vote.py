"""The damped vote: the compiled inner loops.

Artists are numbered by falling number of listeners; the first of them are the head, the others the
tail. What the listeners of an artist give the head is kept as a dense row, but for rare artists,
whose votes are added up listener by listener. A score in the tail is seldom among the best, so an
upper bound is asked first:

    score <= what rare own artists gave + sum of (weight * most[artist]) + largest(tastes)

and only where it does not settle the question are the scores of the tail added up.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from recommender.kernels.votes import Table, take_best

AT_ONCE = 16  # users whose scores share a pass over the tastes
TILE = 512  # artists of such a pass
ROUNDING = np.float32(1.0001)  # above what float32 loses in a sum


class Model(NamedTuple):
    """What scores are computed from: n users, m artists, h of them in the head, d tastes.

    r artists, at least h, are not rare.
    """

    users: Table  # (n, m) rows of norm 1
    votes: Table  # (n, m) what users give artists; columns ascending
    tails: np.ndarray  # (n,) int64: where the votes for the tail begin in a row
    listeners: Table  # (m, n) the transposed users
    head: np.ndarray  # (r, h): what the listeners of the row give the column
    most: np.ndarray  # (r,): the most that they give an artist of the tail
    basis: np.ndarray  # (m, d): how much of each shared taste an artist stands for
    gains: np.ndarray  # (d, m): what each of them gives an artist


@njit(cache=True, nogil=True)
def add_scaled(row, weight, scores):
    """Add weight * row to the scores: a loop, since an expression would allocate."""
    for place in range(scores.size):
        scores[place] += weight * row[place]


@njit(cache=True, nogil=True)
def add_votes_of(artist, weight, model, scores):
    """Add weight * what the listeners of an artist give to the scores (m,)."""
    listeners, votes = model.listeners, model.votes
    for place in range(listeners.starts[artist], listeners.starts[artist + 1]):
        user, amount = listeners.columns[place], weight * listeners.values[place]
        for vote in range(votes.starts[user], votes.starts[user + 1]):
            scores[votes.columns[vote]] += amount * votes.values[vote]


@njit(cache=True, nogil=True)
def fill_head(first, model):
    """Fill AT_ONCE rows of the head from `first` on, or as many as there are, and their `most`."""
    rows, head = model.head.shape
    scores = np.zeros(model.gains.shape[1], np.float32)
    for artist in range(first, min(first + AT_ONCE, rows)):
        add_votes_of(artist, np.float32(1), model, scores)
        model.head[artist] = scores[:head]
        model.most[artist] = scores[head:].max() if scores.size > head else 0
        scores[:] = 0


@njit(cache=True, nogil=True)
def add_own(columns, weights, model, scores, tastes):
    """Add what the own artists (columns, weights) bring to the scores and to the tastes (d,)."""
    rows, head = model.head.shape
    for place in range(columns.size):
        if columns[place] < rows:
            add_scaled(model.head[columns[place]], weights[place], scores[:head])
        else:
            add_votes_of(columns[place], weights[place], model, scores)
        add_scaled(model.basis[columns[place]], weights[place], tastes)


@njit(cache=True, nogil=True)
def subtract_four(rows, weights, scores):
    """Subtract weights (4,) @ rows (4, m) from the scores (m,), which are read and written once."""
    first, second, third, fourth = rows[0], rows[1], rows[2], rows[3]
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    for place in range(scores.size):
        scores[place] -= (
            a * first[place] + b * second[place] + (c * third[place] + d * fourth[place])
        )


@njit(cache=True, nogil=True)
def subtract_tastes(tastes, gains, scores):
    """Subtract tastes (u, d) @ gains (d, m) from the scores (u, m), tile by tile."""
    for begin in range(0, scores.shape[1], TILE):
        part = gains[:, begin : begin + TILE]
        for user in range(tastes.shape[0]):
            row = scores[user, begin : begin + TILE]
            whole = tastes.shape[1] // 4 * 4
            for taste in range(0, whole, 4):
                subtract_four(part[taste : taste + 4], tastes[user, taste : taste + 4], row)
            for taste in range(whole, tastes.shape[1]):
                add_scaled(part[taste], -tastes[user, taste], row)


@njit(cache=True, nogil=True)
def tail_bound(columns, weights, model, tastes, least, largest, scores):
    """Return a number that no score in the tail is above, once all of it is added up."""
    rows, head = model.head.shape
    bound = scores[head:].max() if columns.size and columns[-1] >= rows else np.float32(0)
    for place in range(columns.size):
        if columns[place] < rows:
            bound += weights[place] * model.most[columns[place]]
    for taste in range(tastes.size):
        bound -= min(tastes[taste] * least[taste], tastes[taste] * largest[taste])
    return bound


@njit(cache=True, nogil=True)
def add_tail(columns, weights, model, similar, found, scores):
    """Add what listeners of own artists that are not rare give the tail to the scores (m,).

    similar: (n,) zeros, and left so; found: (n,) buffer
    """
    rows, count, listeners, votes = model.head.shape[0], 0, model.listeners, model.votes
    for place in range(columns.size):
        if columns[place] >= rows:
            continue
        artist = columns[place]
        for entry in range(listeners.starts[artist], listeners.starts[artist + 1]):
            user = listeners.columns[entry]
            if similar[user] == 0:
                found[count] = user
                count += 1
            similar[user] += weights[place] * listeners.values[entry]
            count -= similar[user] == 0  # a weight of 0, which an artist of everybody has
    for place in range(count):
        user = found[place]
        for vote in range(model.tails[user], votes.starts[user + 1]):
            scores[votes.columns[vote]] += similar[user] * votes.values[vote]
        similar[user] = 0


@njit(cache=True, nogil=True)
def best_damped(queries, heard, model, limits, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    queries: Table of u users by artists, rows of norm 1; heard: Table of u users by artists, its
    values not looked at; limits: (2, d) least and largest gain of each taste in the tail
    """
    (rows, head), (tastes, artists) = model.head.shape, model.gains.shape
    scores = np.zeros((AT_ONCE, artists), np.float32)
    shared = np.zeros((AT_ONCE, tastes), np.float32)
    similar = np.zeros(model.tails.size, np.float32)
    found = np.empty(model.tails.size + 1, np.uint32)
    for first in range(0, lengths.size, AT_ONCE):
        count = min(AT_ONCE, lengths.size - first)
        for place in range(count):
            begin, end = queries.starts[first + place], queries.starts[first + place + 1]
            own, weights = queries.columns[begin:end], queries.values[begin:end]
            add_own(own, weights, model, scores[place], shared[place])
        subtract_tastes(shared[:count], model.gains[:, :head], scores[:count, :head])
        for place in range(count):
            row = first + place
            begin, end = queries.starts[row], queries.starts[row + 1]
            own, weights = queries.columns[begin:end], queries.values[begin:end]
            known = heard.columns[heard.starts[row] : heard.starts[row + 1]]
            take_damped(
                own, weights, known, model, limits, similar, found,
                scores[place], shared[place], best_columns[row], best_scores[row],
                lengths[row : row + 1],
            )  # fmt: skip
            if own.size and own[-1] >= rows:
                scores[place, head:] = 0
        scores[:count, :head] = 0
        shared[:count] = 0


@njit(cache=True, nogil=True)
def take_damped(
    own, weights, known, model, limits, similar, found, scores, tastes, columns, best, length
):
    """Take one user's best artists, those of the tail only if one of them may be among them."""
    head = model.head.shape[1]
    for artist in known:
        if artist < head:
            scores[artist] = 0
    count = take_best(scores[:head], 0, best, columns, 0)
    least = best[count - 1] if count == best.size else np.float32(0)
    if head < scores.size:
        bound = tail_bound(own, weights, model, tastes, limits[0], limits[1], scores)
        if bound > 0 and bound * ROUNDING >= least:
            add_tail(own, weights, model, similar, found, scores)
            subtract_tastes(
                tastes.reshape(1, -1), model.gains[:, head:], scores[head:].reshape(1, -1)
            )
            scores[known] = 0
            count = take_best(scores[head:], head, best, columns, count)
            scores[head:] = 0
    length[0] = count
