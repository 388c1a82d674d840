"""What own artists bring to a score, and how many listen to two artists: compiled loops."""

import numpy as np
from numba import njit

from recommender.kernels.damped_vote import add_scaled


@njit(cache=True, nogil=True)
def contributions(queries, recommended, model, values):
    """Fill `values` with what each own artist gives each recommended one.

    queries, recommended: Tables of u users by artists, as `kernels/damped_vote.py` numbers them;
    values: for each user in turn the rows of a matrix of recommended by own artists
    """
    artists, filled = model.gains.shape[0], 0
    slot = np.full(artists, -1, np.int32)  # the artist's place among the user's own
    place = np.full(artists, -1, np.int32)  # the artist's place among the recommended
    for user in range(queries.starts.size - 1):
        begin, end = queries.starts[user], queries.starts[user + 1]
        own, weights = queries.columns[begin:end], queries.values[begin:end]
        found = recommended.columns[recommended.starts[user] : recommended.starts[user + 1]]
        given = values[filled : filled + found.size * own.size].reshape(found.size, own.size)
        filled += given.size
        for number in range(own.size):
            slot[own[number]] = number
        for number in range(found.size):
            place[found[number]] = number
        give_within_head(own, weights, found, model, given)
        give_from_others(own, weights, place, model, given)
        give_to_tail(own, weights, found, slot, model, given)
        for artist in own:
            slot[artist] = -1
        for artist in found:
            place[artist] = -1


@njit(cache=True, nogil=True)
def give_within_head(own, weights, found, model, given):
    """Set what is given to the head's entry, 0 elsewhere, less what shared tastes bring."""
    (rows, head), tastes = model.head.shape, model.gains.shape[1]
    basis = np.empty((tastes, own.size), np.float32)
    for slot in range(own.size):
        for taste in range(tastes):
            basis[taste, slot] = weights[slot] * model.basis[own[slot], taste]
    for number in range(found.size):
        artist, amounts = found[number], given[number]
        for slot in range(own.size):
            within = artist < head and own[slot] < rows
            amounts[slot] = weights[slot] * model.head[own[slot], artist] if within else 0
        for taste in range(tastes):
            add_scaled(basis[taste], -model.gains[artist, taste], amounts)


@njit(cache=True, nogil=True)
def give_from_others(own, weights, place, model, given):
    """Add what the listeners of own artists that are not popular give."""
    rows, kept, listeners = model.head.shape[0], model.kept, model.listeners
    for slot in range(own.size):
        artist, weight, row = own[slot], weights[slot], own[slot] - rows
        if artist < rows:
            continue
        if row < kept.starts.size - 1:
            give_row(row, weight, kept, place, given[:, slot])
        else:
            for entry in range(listeners.starts[artist], listeners.starts[artist + 1]):
                user = listeners.columns[entry]
                give_row(user, weight * listeners.values[entry], model.votes, place, given[:, slot])


@njit(cache=True, nogil=True)
def give_row(row, weight, votes, place, given):
    """Add a row of votes, times a weight, to those given (f,) where an artist has a place."""
    for vote in range(votes.starts[row], votes.starts[row + 1]):
        number = place[votes.columns[vote]]
        if number >= 0:
            given[number] += weight * votes.values[vote]


@njit(cache=True, nogil=True)
def give_to_tail(own, weights, found, slot, model, given):
    """Add what the listeners of popular own artists give artists of the tail."""
    (rows, head), users, tail = model.head.shape, model.users, model.tail
    for number in range(found.size):
        if found[number] < head:
            continue
        row = found[number] - head
        for entry in range(tail.starts[row], tail.starts[row + 1]):
            user, vote = tail.columns[entry], tail.values[entry]
            for mine in range(users.starts[user], users.starts[user + 1]):
                artist = users.columns[mine]
                if artist < rows and slot[artist] >= 0:
                    given[number, slot[artist]] += weights[slot[artist]] * users.values[mine] * vote


@njit(cache=True, nogil=True)
def largest_parts(starts, parts, places, shares):
    """Fill places, shares (r, k) with the k largest parts above 0 of each row of a sparse matrix.

    starts: (r + 1,); parts: the values; places: where in the row a part stands, -1 for none, of
    equals the earlier one; shares: of the sum of the parts above 0
    """
    for row in range(starts.size - 1):
        left = parts[starts[row] : starts[row + 1]].copy()
        total = np.float32(0)
        for part in left:
            total += max(part, np.float32(0))
        for rank in range(min(places.shape[1], left.size)):
            best = np.argmax(left)
            if left[best] <= 0:
                break
            places[row, rank] = best
            shares[row, rank] = left[best] / total
            left[best] = 0


@njit(cache=True, nogil=True)
def count_both(first, second, listeners, counts):
    """Fill counts (r,) with how many users listen to both artists of each pair.

    first, second: (r,), sorted by `first`; listeners: Table of artists by users
    """
    users, starts = listeners.columns, listeners.starts
    marked = np.zeros(users.max() + 1 if users.size else 0, np.uint8)
    marks = users[:0]
    for pair in range(first.size):
        if pair == 0 or first[pair] != first[pair - 1]:
            for user in marks:
                marked[user] = 0
            marks = users[starts[first[pair]] : starts[first[pair] + 1]]
            for user in marks:
                marked[user] = 1
        for user in users[starts[second[pair]] : starts[second[pair] + 1]]:
            counts[pair] += marked[user]


@njit(cache=True, nogil=True)
def parts_of_votes(rows, neighbours, votes, compared, recommended, artists, values):
    """Fill `values` as `contributions` does, where a score is a sum of the votes of neighbours.

    A neighbour is one by the artists that it shares with the user: its vote is divided among them
    in proportion to their products. rows: (u,) the users; neighbours: Table of u users by n;
    votes, compared: Tables of n users by artists; recommended: Table of u users by artists
    """
    filled = 0
    slot = np.full(artists, -1, np.int32)  # the artist's place among the user's own
    place = np.full(artists, -1, np.int32)  # the artist's place among the recommended
    for index in range(rows.size):
        begin, end = compared.starts[rows[index]], compared.starts[rows[index] + 1]
        own, weights = compared.columns[begin:end], compared.values[begin:end]
        found = recommended.columns[recommended.starts[index] : recommended.starts[index + 1]]
        given = values[filled : filled + found.size * own.size].reshape(found.size, own.size)
        filled += given.size
        for number in range(own.size):
            slot[own[number]] = number
        for number in range(found.size):
            place[found[number]] = number
        for edge in range(neighbours.starts[index], neighbours.starts[index + 1]):
            neighbour, weight = neighbours.columns[edge], neighbours.values[edge]
            divide_vote(neighbour, weight, votes, compared, weights, slot, place, given)
        for artist in own:
            slot[artist] = -1
        for artist in found:
            place[artist] = -1


@njit(cache=True, nogil=True)
def divide_vote(neighbour, weight, votes, compared, weights, slot, place, given):
    """Add the votes of one neighbour, divided among the artists that it shares with the user."""
    begin, end = compared.starts[neighbour], compared.starts[neighbour + 1]
    similarity = np.float32(0)
    for entry in range(begin, end):
        shared = slot[compared.columns[entry]]
        if shared >= 0:
            similarity += weights[shared] * compared.values[entry]
    if similarity <= 0:
        return
    for vote in range(votes.starts[neighbour], votes.starts[neighbour + 1]):
        number = place[votes.columns[vote]]
        if number < 0:
            continue
        amount = weight * votes.values[vote] / similarity
        for entry in range(begin, end):
            shared = slot[compared.columns[entry]]
            if shared >= 0:
                given[number, shared] += amount * weights[shared] * compared.values[entry]
