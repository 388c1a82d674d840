"""Held-out artists: which part of the plays a recommender sees, and which it must find."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from evaluation.names import BY_USER, RANDOM
from listening.play_counts import PlayCounts
from recommender.weights import listeners_of

HELD_OUT = 0.2  # of each user's artists, or of all plays
FEWEST_ARTISTS = 5  # a user with fewer is left out
FEWEST_LISTENERS = 2  # an artist with fewer is left out: nobody could recommend it


@dataclass(frozen=True)
class Split:
    """The plays shown and the plays held out: two (users, artists) matrices.

    absent: number of plays that were held out too, but of artists that nobody plays in the training
        part, so that no recommender could find them; they are not in `test`
    """

    train: csr_array
    test: csr_array
    absent: int = 0


def usable(data: PlayCounts) -> PlayCounts:
    """Leave out artists with one listener, then users with too few artists."""
    users, artists = usable_parts(data.matrix)
    return PlayCounts(
        users=data.users[users],
        artists=data.artists[artists],
        artist_names=data.artist_names[artists],
        matrix=part_of(data.matrix, users, artists),
        profiles=None if data.profiles is None else data.profiles[users],
    )


def usable_parts(plays: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the (users,) and (artists,) that `usable` keeps."""
    artists = listeners_of(plays) >= FEWEST_LISTENERS
    return np.bincount(
        users_of(plays), artists[plays.indices], plays.shape[0]
    ) >= FEWEST_ARTISTS, artists


def part_of(matrix: csr_array, users: np.ndarray, artists: np.ndarray) -> csr_array:
    """The entries of some users and artists, in their order."""
    return csr_array(matrix[:, np.flatnonzero(artists)][users])


def held_out(
    plays: csr_array, times: np.ndarray | None, kind: str, seed: int, number: int
) -> Split:
    """Return a split of one of SPLITS; times: (entries,) of the plays, for the splits by time."""
    if kind == RANDOM:
        return split(plays, seed, number)
    return last_of_users(plays, times, seed) if kind == BY_USER else after_cut(plays, times)


def split(plays: csr_array, seed: int, number: int) -> Split:
    """Hold out a random fifth of each user's artists, rounded, and at least one of two or more.

    Each number is another draw from the same seed.
    """
    return first_of_users(plays, shuffled(plays, [seed, number]))


def last_of_users(plays: csr_array, times: np.ndarray, seed: int) -> Split:
    """Hold out the latest fifth of each user's artists, as many as `split` does; ties at random."""
    chance = np.random.default_rng(seed).random(plays.nnz)
    return first_of_users(plays, places_by(plays, -times, chance))


def after_cut(plays: csr_array, times: np.ndarray) -> Split:
    """Hold out all plays after one moment for everybody: the latest fifth of them, but for ties.

    Users who have plays on one side alone are not in the test: with nothing shown a recommender
    knows nothing of them.
    """
    first = round(len(times) * (1 - HELD_OUT))
    later = times >= np.partition(times, first)[first]
    users = users_of(plays)
    shown = np.bincount(users[~later], minlength=plays.shape[0]) > 0
    return parted(plays, later, later & shown[users])


def first_of_users(plays: csr_array, places: np.ndarray) -> Split:
    """Hold out a fifth of each user's artists: those that come first by their places."""
    counts = np.diff(plays.indptr)
    users = users_of(plays)
    rank = places - plays.indptr[users]
    least = (counts >= 2).astype(int)
    return parted(plays, rank < np.maximum(np.rint(counts * HELD_OUT).astype(int), least)[users])


def folds(plays: csr_array, seed: int, number: int) -> list[Split]:
    """Hold out every play once: those of each user are split into so many folds at random.

    Dealing goes on from one user to the next, so folds differ by one play at most.
    """
    fold = shuffled(plays, seed) % number
    return [parted(plays, fold == one) for one in range(number)]


def users_of(plays: csr_array) -> np.ndarray:
    """(entries,) the user of each entry."""
    return np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr))


def shuffled(plays: csr_array, seed: int | list[int]) -> np.ndarray:
    """(entries,) the place of each entry when those of each user are shuffled among themselves."""
    return places_by(plays, np.random.default_rng(seed).random(plays.nnz))


def places_by(plays: csr_array, *keys: np.ndarray) -> np.ndarray:
    """(entries,) the place of each entry when those of each user are sorted by keys, main first."""
    ordered = np.lexsort((*keys[::-1], users_of(plays)))
    places = np.empty(plays.nnz, np.int64)
    places[ordered] = np.arange(plays.nnz)
    return places


def parted(plays: csr_array, held_out: np.ndarray, scored: np.ndarray | None = None) -> Split:
    """The entries of a mask as the test plays, the others as the training part.

    scored: those of the mask to score, by default all
    """
    train = entries(plays, ~held_out)
    scored = held_out if scored is None else scored
    present = listeners_of(train)[plays.indices] > 0
    return Split(train, entries(plays, scored & present), int((scored & ~present).sum()))


def entries(plays: csr_array, part: np.ndarray) -> csr_array:
    """The entries of a mask as a matrix of the same shape."""
    kept = (plays.data[part], (users_of(plays)[part], plays.indices[part]))
    return csr_array(kept, shape=plays.shape)
