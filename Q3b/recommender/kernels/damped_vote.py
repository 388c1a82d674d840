"""The damped vote: the compiled inner loops.

Artists are numbered by falling number of listeners; the first of them are the head, the others the
tail. What the listeners of a popular artist give the head is kept as a dense row, and what those of
the next artists give any artist as a sparse row; what those of a rare artist give is added up anew
for each user. A score in the tail is seldom among the best, so an upper bound is computed first,
for TAIL neighbouring artists at once:

    score <= votes for own artists that are not popular
             + sum over those that are of (weight * most) + the largest part of tastes

Where the bound does not exclude them, the tastes of each of these artists are subtracted, and where
that does not exclude it either, the votes of all its listeners are added up.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from recommender.kernels.votes import Table, add_votes, any_above, insert, take_best

AT_ONCE = 16  # users whose scores share a pass over the tastes
TILE = 512  # artists of such a pass
TAIL = 64  # artists of the tail that share an upper bound
ROUNDING = np.float32(1.0001)  # above what float32 loses in a sum
HIDDEN = np.float32(-1e30)  # below any score


class Model(NamedTuple):
    """What scores are computed from: n users, m artists, d tastes.

    h artists are in the head, p are popular, k come next; the tail has b blocks of TAIL artists.
    """

    users: Table  # (n, m) rows of norm 1
    listeners: Table  # (m, n) the transposed users
    votes: Table  # (n, m) what each user gives
    kept: Table  # (k, m) what the listeners of the artist p + row give the column
    tail: Table  # (m - h, n) what its listeners give each artist of the tail
    head: np.ndarray  # (p, h): what the listeners of the row give the column
    most: np.ndarray  # (p, b): the most that they give an artist of a block
    basis: np.ndarray  # (m, d): how much of each shared taste an artist stands for
    gains: np.ndarray  # (m, d): what each taste gives an artist
    head_gains: np.ndarray  # (d, h): the same of the head, in rows
    extremes: np.ndarray  # (2, d, b): the least and the largest gain in a block


class Buffers(NamedTuple):
    """What one user's tail is computed in; all as here between two users."""

    votes: np.ndarray  # (b,) zeros; bounds of the votes for popular own artists
    tastes: np.ndarray  # (b,) zeros; bounds of what tastes add
    own: np.ndarray  # (m,) zeros; weights of the own artists
    similar: np.ndarray  # (n,) UNKNOWN; cosines with other users
    found: np.ndarray  # (n,) the users whose cosine is known, unless all are


UNKNOWN = np.float32(-1)  # no cosine: those of plays are 0 or more


@njit(cache=True, nogil=True)
def add_scaled(row, weight, scores):
    """Add weight * row to the scores: a loop, since an expression would allocate."""
    for place in range(scores.size):
        scores[place] += weight * row[place]


@njit(cache=True, nogil=True)
def fill_head(first, artists, listeners, votes, head, most):
    """Fill AT_ONCE rows of head and most from `first` on, or as many as there are.

    listeners: Table of popular artists by users; votes: of users by all `artists`
    """
    scores = np.zeros(artists, np.float32)
    for artist in range(first, min(first + AT_ONCE, head.shape[0])):
        begin, end = listeners.starts[artist], listeners.starts[artist + 1]
        ids, weights = listeners.columns[begin:end], listeners.values[begin:end]
        add_votes(ids, weights, votes, scores)
        head[artist] = scores[: head.shape[1]]
        for block in range(most.shape[1]):
            begin = head.shape[1] + block * TAIL
            most[artist, block] = scores[begin : begin + TAIL].max()
        scores[:] = 0


@njit(cache=True, nogil=True)
def add_votes_of_listeners(artist, weight, model, scores):
    """Add what the listeners of an artist give all artists, times a weight, to the scores (m,)."""
    listeners = model.listeners
    begin, end = listeners.starts[artist], listeners.starts[artist + 1]
    add_votes(
        listeners.columns[begin:end], weight * listeners.values[begin:end], model.votes, scores
    )


@njit(cache=True, nogil=True)
def add_own(columns, weights, model, scores, tastes):
    """Add what own artists (columns, weights) bring to the scores (m,), and to tastes (d,).

    What popular artists bring to the tail is left out.
    """
    (rows, head), kept = model.head.shape, model.kept
    for place in range(columns.size):
        artist, weight = columns[place], weights[place]
        if artist < rows:
            add_scaled(model.head[artist], weight, scores[:head])
        elif artist - rows < kept.starts.size - 1:
            for entry in range(kept.starts[artist - rows], kept.starts[artist - rows + 1]):
                scores[kept.columns[entry]] += weight * kept.values[entry]
        else:
            add_votes_of_listeners(artist, weight, model, scores)
        add_scaled(model.basis[columns[place]], weights[place], tastes)


@njit(cache=True, nogil=True)
def subtract_four(first, second, third, fourth, weights, scores):
    """Subtract weights (4,) @ four rows (m,) from the scores (m,), which are read once."""
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    for place in range(scores.size):
        scores[place] -= (
            a * first[place] + b * second[place] + (c * third[place] + d * fourth[place])
        )


@njit(cache=True, nogil=True)
def subtract_tastes(tastes, gains, scores):
    """Subtract tastes (u, d) @ gains (d, m) from the scores (u, m), tile by tile.

    Rows are cut by a number and a slice each, so that numba knows them to be contiguous.
    """
    whole = tastes.shape[1] // 4 * 4
    for begin in range(0, scores.shape[1], TILE):
        end = begin + TILE
        for user in range(tastes.shape[0]):
            row = scores[user, begin:end]
            for taste in range(0, whole, 4):
                subtract_four(
                    gains[taste, begin:end],
                    gains[taste + 1, begin:end],
                    gains[taste + 2, begin:end],
                    gains[taste + 3, begin:end],
                    tastes[user, taste : taste + 4],
                    row,
                )
            for taste in range(whole, tastes.shape[1]):
                add_scaled(gains[taste, begin:end], -tastes[user, taste], row)


@njit(cache=True, nogil=True)
def votes_for(artist, model, buffers, known):
    """Add up the votes of all listeners of an artist of the tail.

    Each votes by its cosine with the user. Return the sum, and of how many users the cosine is
    known, `known` before.
    """
    users, tail, similar, score = model.users, model.tail, buffers.similar, np.float32(0)
    for entry in range(tail.starts[artist], tail.starts[artist + 1]):
        user = tail.columns[entry]
        if similar[user] == UNKNOWN:
            similar[user] = 0
            for place in range(users.starts[user], users.starts[user + 1]):
                similar[user] += buffers.own[users.columns[place]] * users.values[place]
            buffers.found[known] = user
            known += 1
        score += similar[user] * tail.values[entry]
    return score, known


@njit(cache=True, nogil=True)
def compare_with_all(own, weights, model, buffers):
    """Compute the cosines of a user with all others; return of how many users they are known."""
    buffers.similar[:] = 0
    for place in range(own.size):
        begin, end = model.listeners.starts[own[place]], model.listeners.starts[own[place] + 1]
        for entry in range(begin, end):
            value = weights[place] * model.listeners.values[entry]
            buffers.similar[model.listeners.columns[entry]] += value
    return buffers.similar.size


@njit(cache=True, nogil=True)
def forget(own, known, buffers):
    """Leave the buffers as they were before a user."""
    buffers.votes[:] = 0
    buffers.tastes[:] = 0
    for artist in own:
        buffers.own[artist] = 0
    if known == buffers.similar.size:
        buffers.similar[:] = UNKNOWN
    else:
        for place in range(known):
            buffers.similar[buffers.found[place]] = UNKNOWN


@njit(cache=True, nogil=True)
def take_block(block, scores, tastes, model, buffers, best, columns, count, known):
    """Let the artists of a block of the tail into the `count` best.

    scores: (m - h,) votes for own artists that are not popular. Return how many are the best, and
    of how many users the cosine is known, `known` before.
    """
    head = model.head.shape[1]
    for place in range(block * TAIL, min((block + 1) * TAIL, scores.size)):
        limit = best[count - 1] if count == best.size else np.float32(0)
        bound = (scores[place] + buffers.votes[block]) * ROUNDING
        if bound + buffers.tastes[block] <= limit:
            continue
        shared = np.float32(0)
        for taste in range(tastes.size):
            shared += tastes[taste] * model.gains[head + place, taste]
        if bound - shared <= limit:
            continue
        votes, known = votes_for(place, model, buffers, known)
        if votes - shared > limit:
            insert(votes - shared, head + place, best, columns, count)
            count = min(count + 1, best.size)
    return count, known


@njit(cache=True, nogil=True)
def listens_of(own, listeners):
    """Count the listeners of all own artists, each as often as it listens to one of them."""
    count = 0
    for artist in own:
        count += listeners.starts[artist + 1] - listeners.starts[artist]
    return count


@njit(cache=True, nogil=True)
def add_bounds(own, weights, tastes, model, buffers):
    """Add the upper bounds of each block of the tail to the buffers."""
    for place in range(own.size):
        if own[place] < model.most.shape[0]:
            add_scaled(model.most[own[place]], weights[place], buffers.votes)
    for taste in range(tastes.size):
        which = np.int64(tastes[taste] < 0)
        add_scaled(model.extremes[which, taste], -tastes[taste], buffers.tastes)


@njit(cache=True, nogil=True)
def take_tail(own, weights, scores, tastes, model, buffers, best, columns, count):
    """Let the artists of the tail into the `count` best; return how many there are.

    own, weights: the user's artists; scores: (m - h,) as `take_block` takes them
    """
    add_bounds(own, weights, tastes, model, buffers)
    for place in range(own.size):
        buffers.own[own[place]] = weights[place]
    known, dear = 0, listens_of(own, model.listeners) // (1 + own.size)
    for block in range(buffers.votes.size):
        limit = best[count - 1] if count == best.size else np.float32(0)
        least = (limit - buffers.tastes[block]) / ROUNDING - buffers.votes[block] * ROUNDING
        if any_above(scores[block * TAIL : (block + 1) * TAIL], least):
            if dear < known < buffers.similar.size:
                known = compare_with_all(own, weights, model, buffers)
            count, known = take_block(
                block, scores, tastes, model, buffers, best, columns, count, known
            )
    forget(own, known, buffers)
    return count


@njit(cache=True, nogil=True)
def take_damped(own, weights, known, model, buffers, scores, tastes, columns, best):
    """Take one user's best artists without those `known`, and set the scores (m,) to 0."""
    head = model.head.shape[1]
    for artist in known:
        scores[artist] = 0 if artist < head else HIDDEN
    count = take_best(scores[:head], 0, best, columns, 0)
    count = take_tail(own, weights, scores[head:], tastes, model, buffers, best, columns, count)
    scores[:] = 0
    return count


@njit(cache=True, nogil=True)
def best_damped(queries, heard, model, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    queries: Table of u users by artists, rows of norm 1; heard: Table of u users by artists, its
    values not looked at
    """
    head, (artists, tastes) = model.head.shape[1], model.gains.shape
    count = model.users.starts.size - 1
    buffers = Buffers(
        np.zeros(model.most.shape[1], np.float32),
        np.zeros(model.most.shape[1], np.float32),
        np.zeros(artists, np.float32),
        np.full(count, UNKNOWN, np.float32),
        np.empty(count, np.uint32),
    )
    scores = np.zeros((AT_ONCE, artists), np.float32)
    shared = np.zeros((AT_ONCE, tastes), np.float32)
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
                own, weights, known, model, buffers,
                scores[place], shared[place], best_columns[row], best_scores[row],
            )  # fmt: skip
        shared[:count] = 0


@njit(cache=True, nogil=True)
def head_scores(queries, model, found):
    """Fill `found` (u, h) with the scores of the head; queries as `best_damped` takes them."""
    artists, tastes = model.gains.shape
    scores = np.zeros(artists, np.float32)
    shared = np.zeros((found.shape[0], tastes), np.float32)
    for row in range(found.shape[0]):
        begin, end = queries.starts[row], queries.starts[row + 1]
        own, weights = queries.columns[begin:end], queries.values[begin:end]
        add_own(own, weights, model, scores, shared[row])
        found[row] = scores[: found.shape[1]]
        scores[:] = 0
    subtract_tastes(shared, model.head_gains, found)
