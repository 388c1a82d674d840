"""The damped vote: the compiled inner loops.

Artists are numbered by falling number of listeners; the first of them are the head, the others the
tail. What the listeners of a popular artist give the head is kept as a dense row, and what those of
another artist give any artist as a sparse row. A score in the tail is seldom among the best, so an
upper bound is asked first:

    score <= votes for own artists that are not popular
             + sum over those that are of (weight * most) + the largest part of tastes

Only where it does not settle the question are the votes of the listeners of popular artists for the
tail added up in full.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from recommender.kernels.votes import CHUNK, Table, add_votes, any_above, insert, take_best

AT_ONCE = 16  # users whose scores share a pass over the tastes
TILE = 512  # artists of such a pass
ROUNDING = np.float32(1.0001)  # above what float32 loses in a sum
HIDDEN = np.float32(-1e30)  # below any score


class Model(NamedTuple):
    """What scores are computed from: n users, m artists, d tastes.

    h artists are in the head, p are popular.
    """

    users: Table  # (n, m) rows of norm 1
    votes: Table  # (n, m) what users give artists; columns ascending
    tails: np.ndarray  # (n,) int64: where the votes for the tail begin in a row
    listeners: Table  # (m, n) the transposed users
    others: Table  # (m - p, m): what the listeners of artists that are not popular give the column
    head: np.ndarray  # (p, h): what the listeners of the row give the column
    most: np.ndarray  # (p,): the most that they give an artist of the tail
    basis: np.ndarray  # (m, d): how much of each shared taste an artist stands for
    gains: np.ndarray  # (m, d): what each taste gives an artist
    head_gains: np.ndarray  # (d, h): the same of the head, in rows


@njit(cache=True, nogil=True)
def add_scaled(row, weight, scores):
    """Add weight * row to the scores: a loop, since an expression would allocate."""
    for place in range(scores.size):
        scores[place] += weight * row[place]


@njit(cache=True, nogil=True)
def fill_head(first, model):
    """Fill AT_ONCE rows of the head from `first` on, or as many as there are, and their `most`."""
    rows, head = model.head.shape
    listeners, scores = model.listeners, np.zeros(model.gains.shape[0], np.float32)
    for artist in range(first, min(first + AT_ONCE, rows)):
        begin, end = listeners.starts[artist], listeners.starts[artist + 1]
        ids, weights = listeners.columns[begin:end], listeners.values[begin:end]
        add_votes(ids, weights, model.votes, scores)
        model.head[artist] = scores[:head]
        model.most[artist] = scores[head:].max() if scores.size > head else 0
        scores[:] = 0


@njit(cache=True, nogil=True)
def add_own(columns, weights, model, scores, tastes):
    """Add what own artists (columns, weights) bring to the scores (m,), and to tastes (d,).

    What popular artists bring to the tail is left out.
    """
    (rows, head), others = model.head.shape, model.others
    for place in range(columns.size):
        if columns[place] < rows:
            add_scaled(model.head[columns[place]], weights[place], scores[:head])
        else:
            row = columns[place] - rows
            for entry in range(others.starts[row], others.starts[row + 1]):
                scores[others.columns[entry]] += weights[place] * others.values[entry]
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
def largest_part(tastes, extremes):
    """Return the most that tastes (d,) give an artist of the tail; extremes: (2, d) of gains."""
    most = np.float32(0)
    for taste in range(tastes.size):
        most -= min(tastes[taste] * extremes[0, taste], tastes[taste] * extremes[1, taste])
    return most


@njit(cache=True, nogil=True)
def add_popular(columns, weights, model, similar, found, scores):
    """Add what listeners of popular own artists give the tail to the scores (m,).

    similar: (n,) zeros, and left so; found: (n + 1,) buffer
    """
    count, listeners, votes = 0, model.listeners, model.votes
    for place in range(columns.size):
        artist = columns[place]
        if artist >= model.most.size:
            continue
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
def take_tail(scores, first, tastes, gains, largest, best, columns, count):
    """Let the scores of the tail into the `count` best; return how many there are.

    scores: (t,) votes alone, from which tastes (d,) @ gains (t, d) are subtracted where they may
    decide: they give `largest` at most; first: the column of the first score
    """
    limit = best[count - 1] if count == best.size else np.float32(0)
    for begin in range(0, scores.size, CHUNK):
        if not any_above(scores[begin : begin + CHUNK], limit / ROUNDING - largest):
            continue
        for place in range(begin, min(begin + CHUNK, scores.size)):
            if scores[place] <= limit / ROUNDING - largest:
                continue
            score = scores[place]
            for taste in range(tastes.size):
                score -= tastes[taste] * gains[place, taste]
            if score > limit:
                insert(score, first + place, best, columns, count)
                count = min(count + 1, best.size)
                limit = best[count - 1] if count == best.size else limit
    return count


@njit(cache=True, nogil=True)
def hide(known, head, scores):
    """Keep artists of the tail that are known from being taken."""
    for artist in known:
        if artist >= head:
            scores[artist] = HIDDEN


@njit(cache=True, nogil=True)
def take_damped(
    own, weights, known, model, extremes, similar, found, scores, tastes, columns, best
):
    """Take one user's best artists, those of the tail only if one of them may be among them."""
    head = model.head.shape[1]
    for artist in known:
        if artist < head:
            scores[artist] = 0
    count = take_best(scores[:head], 0, best, columns, 0)
    if head == scores.size:
        return count
    least = best[count - 1] if count == best.size else np.float32(0)
    bound = largest = largest_part(tastes, extremes)
    for place in range(own.size):
        if own[place] < model.most.size:
            bound += weights[place] * model.most[own[place]]
    hide(known, head, scores)
    bound += max(scores[head:].max(), np.float32(0))
    if bound > 0 and bound * ROUNDING >= least:
        add_popular(own, weights, model, similar, found, scores)
        hide(known, head, scores)
        count = take_tail(
            scores[head:], head, tastes, model.gains[head:], largest, best, columns, count
        )
    scores[head:] = 0
    return count


@njit(cache=True, nogil=True)
def best_damped(queries, heard, model, extremes, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    queries: Table of u users by artists, rows of norm 1; heard: Table of u users by artists, its
    values not looked at; extremes: (2, d) least and largest gain of each taste in the tail
    """
    head, (artists, tastes) = model.head.shape[1], model.gains.shape
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
        subtract_tastes(shared[:count], model.head_gains, scores[:count, :head])
        for place in range(count):
            row = first + place
            begin, end = queries.starts[row], queries.starts[row + 1]
            own, weights = queries.columns[begin:end], queries.values[begin:end]
            known = heard.columns[heard.starts[row] : heard.starts[row + 1]]
            lengths[row] = take_damped(
                own, weights, known, model, extremes, similar, found,
                scores[place], shared[place], best_columns[row], best_scores[row],
            )  # fmt: skip
        scores[:count, :head] = 0
        shared[:count] = 0
