"""Held-out artists: which part of the plays a recommender sees, and which it must find."""

from dataclasses import dataclass

import numpy as np
from play_counts import PlayCounts
from play_weights import listeners_of
from scipy.sparse import csr_array

HELD_OUT = 0.2  # of each user's artists
FEWEST_ARTISTS = 5  # a user with fewer is left out
FEWEST_LISTENERS = 2  # an artist with fewer is left out: nobody could recommend it


@dataclass(frozen=True)
class Split:
    """The plays shown and the plays held out: two (users, artists) matrices."""

    train: csr_array
    test: csr_array


def usable(data: PlayCounts) -> PlayCounts:
    """Leave out artists with one listener, then users with too few artists."""
    heard = data.matrix[:, listeners_of(data.matrix) >= FEWEST_LISTENERS]
    kept = np.flatnonzero(listeners_of(data.matrix) >= FEWEST_LISTENERS)
    users = np.diff(heard.indptr) >= FEWEST_ARTISTS
    return PlayCounts(
        users=data.users[users],
        artists=data.artists[kept],
        artist_names=data.artist_names[kept],
        matrix=csr_array(heard[users]),
        profiles=None if data.profiles is None else data.profiles[users],
    )


def split(plays: csr_array, seed: int, number: int, share: float = HELD_OUT) -> Split:
    """Hold out a random share of each user's artists, rounded, and at least one of two or more.

    Each number is another draw from the same seed.
    """
    counts = np.diff(plays.indptr)
    users = np.repeat(np.arange(len(counts)), counts)
    drawn = np.lexsort((np.random.default_rng([seed, number]).random(plays.nnz), users))
    rank = np.empty(plays.nnz, np.int64)
    rank[drawn] = np.arange(plays.nnz) - plays.indptr[users]
    least = (counts >= 2).astype(int)
    held_out = rank < np.maximum(np.rint(counts * share).astype(int), least)[users]
    return Split(*(entries(plays, users, part) for part in (~held_out, held_out)))


def entries(plays: csr_array, users: np.ndarray, part: np.ndarray) -> csr_array:
    """The entries of a mask as a matrix of the same shape."""
    kept = (plays.data[part], (users[part], plays.indices[part]))
    return csr_array(kept, shape=plays.shape)
