"""Why an artist is recommended: the user's own artists that led there, and how many play both.

A score is a sum over the user's own artists, whatever the method: each brings a part of it, and
the parts add up to the score. The largest are the reasons. Listeners are counted, never named.
"""

import numpy as np
from scipy.sparse import csr_array

from recommender.kernels.reasons import count_both, largest_parts
from recommender.lists import REASONS, Reasons, with_listeners
from recommender.sparse_rows import row_starts
from recommender.votes import table_of


def reasons(parts: csr_array, recommended: np.ndarray, listeners: csr_array) -> Reasons:
    """Return the reasons of r recommendations.

    parts: (r, m) what each artist brings to each of them; recommended: (r,) the artists;
    listeners: (m, n) who plays each artist, its values not looked at
    """
    shape = (len(recommended), REASONS)
    places, shares = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    starts = parts.indptr.astype(np.int64)
    largest_parts(starts, parts.data, places, shares)
    found = places >= 0
    artists = np.full(shape, -1, np.int32)
    artists[found] = parts.indices[(starts[:-1, None] + places)[found]]
    counts = np.zeros(shape, np.int32)
    again = np.broadcast_to(np.asarray(recommended)[:, None], shape)
    counts[found] = listeners_of_both(artists[found], again[found], listeners)
    return with_listeners(Reasons(artists, shares, counts))


def empty_parts(own: csr_array, found: csr_array) -> csr_array:
    """Return zeros for each own artist of users (u, m) in a row for each entry of `found` (u, m).

    (r, m); the rows of a user follow each other, so that they are a matrix of found by own.
    """
    owned, recommended = np.diff(own.indptr), np.diff(found.indptr)
    lengths = np.repeat(owned, recommended)
    starts = row_starts(lengths)
    first = np.repeat(own.indptr[:-1], recommended) - starts[:-1]
    columns = own.indices[np.arange(starts[-1]) + np.repeat(first, lengths)]
    return csr_array((np.zeros(starts[-1], np.float32), columns, starts), (found.nnz, own.shape[1]))


def listeners_of_both(first: np.ndarray, second: np.ndarray, listeners: csr_array) -> np.ndarray:
    """Count the users who play both artists of each of r pairs, (r,) int32.

    Pairs that occur twice are counted once, and the artist with more listeners is marked once for
    all its pairs.
    """
    many = np.diff(listeners.indptr)
    swap = many[first] < many[second]
    pairs = np.stack([np.where(swap, second, first), np.where(swap, first, second)], axis=1)
    keys, places = np.unique(pairs[:, 0] * np.int64(len(many)) + pairs[:, 1], return_inverse=True)
    counts = np.zeros(len(keys), np.int32)
    count_both(keys // max(len(many), 1), keys % max(len(many), 1), table_of(listeners), counts)
    return counts[places]
