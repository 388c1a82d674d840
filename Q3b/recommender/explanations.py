"""Why an artist is recommended: the user's own artists that led there, and how many agree.

A recommendation is a sum of votes, each the weight of a neighbour times what it gives the artist.
A neighbour is one because of the artists that it shares with the user: its similarity is a sum of
products, one for each shared artist. So each vote is divided among the shared artists in
proportion to those products, and an artist of the user's own is the reason for a recommendation
by the share of its score that reaches it in this way. Neighbours are counted, never named.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from recommender.kernels.votes import Table
from recommender.lists import REASONS
from recommender.votes import table_of


class Reasons(NamedTuple):
    """The reasons of r recommendations, the largest share first; -1 where there are fewer.

    artists: (r, REASONS) int32, of the user's own; shares: (r, REASONS) float32 of the score;
    listeners: (r, REASONS) int32, how many of the user's neighbours play that artist too
    """

    artists: np.ndarray
    shares: np.ndarray
    listeners: np.ndarray


def reasons(
    rows: np.ndarray,
    neighbours: csr_array,
    votes: Table,
    compared: Table,
    recommended: csr_array,
) -> Reasons:
    """Return the reasons of every entry of `recommended` (b, m), in its order.

    rows: (b,) the users; neighbours: (b, n) weights of their neighbours; votes, compared: of all
    n users by m artists, what they give and what they are compared by.
    """
    entries = recommended.nnz
    found = Reasons(
        np.full((entries, REASONS), -1, np.int32),
        np.zeros((entries, REASONS), np.float32),
        np.zeros((entries, REASONS), np.int32),
    )
    explain_users(
        np.asarray(rows, np.int64),
        table_of(neighbours),
        votes,
        compared,
        table_of(recommended),
        recommended.shape[1],
        found,
    )
    return found


def neighbour_shares(neighbours: csr_array, votes: csr_array, artist: int) -> np.ndarray:
    """Return the shares of one score that the neighbours gave, falling: who gave them is not told.

    neighbours: (1, n) weights of a user's neighbours; votes: (n, artists). As in `reasons`, those
    who vote against the artist are left out, and the shares sum to 1; without votes, (0,).
    """
    given = neighbours.data * votes[neighbours.indices][:, [artist]].toarray().ravel()
    given = np.sort(given[given > 0])[::-1]
    return given / given.sum() if len(given) else given


@njit(cache=True, nogil=True)
def explain_users(rows, neighbours, votes, compared, recommended, artists, found):
    """Fill `found` for the users `rows`."""
    own = np.zeros(artists, np.float32)  # what the user is compared by
    slot = np.full(artists, -1, np.int32)  # the artist's place among the user's own
    place = np.full(artists, -1, np.int32)  # the artist's place among the recommended
    for index in range(rows.size):
        first, last = recommended.starts[index], recommended.starts[index + 1]
        begin, end = compared.starts[rows[index]], compared.starts[rows[index] + 1]
        mine = compared.columns[begin:end]
        for number in range(mine.size):
            own[mine[number]] = compared.values[begin + number]
            slot[mine[number]] = number
        for number in range(last - first):
            place[recommended.columns[first + number]] = number
        given, listeners, total = add_contributions(
            index, neighbours, votes, compared, own, slot, place, mine.size, last - first
        )
        for number in range(last - first):
            take_largest(given[number], listeners, total[number], mine, first + number, found)
        for artist in mine:
            own[artist], slot[artist] = 0, -1
        for number in range(first, last):
            place[recommended.columns[number]] = -1


@njit(cache=True, nogil=True)
def add_contributions(index, neighbours, votes, compared, own, slot, place, owned, recommended):
    """Return what each own artist gave to each recommendation, its listeners, and the totals."""
    given = np.zeros((recommended, owned), np.float32)
    listeners = np.zeros(owned, np.int32)
    total = np.zeros(recommended, np.float32)
    voted = np.empty(recommended, np.int32)
    amount = np.empty(recommended, np.float32)
    for edge in range(neighbours.starts[index], neighbours.starts[index + 1]):
        neighbour, weight = neighbours.columns[edge], neighbours.values[edge]
        count = 0
        for entry in range(votes.starts[neighbour], votes.starts[neighbour + 1]):
            number = place[votes.columns[entry]]
            if number >= 0 and votes.values[entry] * weight > 0:
                voted[count] = number
                amount[count] = votes.values[entry] * weight
                total[number] += amount[count]
                count += 1
        similarity = np.float32(0)
        for entry in range(compared.starts[neighbour], compared.starts[neighbour + 1]):
            shared = slot[compared.columns[entry]]
            if shared >= 0:
                listeners[shared] += 1
                similarity += own[compared.columns[entry]] * compared.values[entry]
        if count == 0 or similarity <= 0:
            continue
        for entry in range(compared.starts[neighbour], compared.starts[neighbour + 1]):
            artist = compared.columns[entry]
            if slot[artist] >= 0:
                part = own[artist] * compared.values[entry] / similarity
                for number in range(count):
                    given[voted[number], slot[artist]] += amount[number] * part
    return given, listeners, total


@njit(cache=True, nogil=True)
def take_largest(given, listeners, total, mine, entry, found):
    """Write the own artists that gave most to one recommendation, of equals the earlier one."""
    for rank in range(min(REASONS, given.size)):
        best = np.argmax(given)
        if given[best] <= 0:
            return
        found.artists[entry, rank] = mine[best]
        found.shares[entry, rank] = given[best] / total
        found.listeners[entry, rank] = listeners[best]
        given[best] = 0
