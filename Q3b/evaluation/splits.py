"""Held-out artists: which part of the plays a recommender sees, and which it must find."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender.weights import listeners_of

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


def split(plays: csr_array, seed: int, number: int) -> Split:
    """Hold out a random fifth of each user's artists, rounded, and at least one of two or more.

    Each number is another draw from the same seed.
    """
    counts = np.diff(plays.indptr)
    users = users_of(plays)
    rank = shuffled(plays, [seed, number]) - plays.indptr[users]
    least = (counts >= 2).astype(int)
    return parted(plays, rank < np.maximum(np.rint(counts * HELD_OUT).astype(int), least)[users])


def folds(plays: csr_array, seed: int, number: int) -> list[Split]:
    """Hold out every play once: the plays of each user are dealt out to so many folds at random.

    Dealing goes on from one user to the next, so folds differ by one play at most.
    """
    fold = shuffled(plays, seed) % number
    return [parted(plays, fold == one) for one in range(number)]


def users_of(plays: csr_array) -> np.ndarray:
    """(entries,) the user of each entry."""
    return np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))


def shuffled(plays: csr_array, seed: int | list[int]) -> np.ndarray:
    """(entries,) the place of each entry when those of each user are shuffled among themselves."""
    drawn = np.lexsort((np.random.default_rng(seed).random(plays.nnz), users_of(plays)))
    places = np.empty(plays.nnz, np.int64)
    places[drawn] = np.arange(plays.nnz)
    return places


def parted(plays: csr_array, held_out: np.ndarray) -> Split:
    """The entries of a mask as the test plays, the others as the training part."""
    return Split(*(entries(plays, part) for part in (~held_out, held_out)))


def entries(plays: csr_array, part: np.ndarray) -> csr_array:
    """The entries of a mask as a matrix of the same shape."""
    kept = (plays.data[part], (users_of(plays)[part], plays.indices[part]))
    return csr_array(kept, shape=plays.shape)
