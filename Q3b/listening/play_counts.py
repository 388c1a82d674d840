"""Who played what, how often: the one object that every other module of this folder takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from listening.taste import LIKED


@dataclass(frozen=True)
class PlayCounts:
    """The plays of n users of m artists, one row per user, one column per artist.

    users: (n,) user ids
    artists: (m,) artist keys: the MBID, or the name where there is none
    artist_names: (m,) what to show for an artist
    matrix: (n, m) float32 plays, all above 0, one entry per pair, indices sorted
    profiles: one row per user, indexed by user id in the order of `users`; columns gender ("m",
        "f" or ""), age (years as given, NaN where missing), country ("" where missing) and
        signup (date); None for data without profiles
    played, marks: where users said something of items, their plays alone (n, m), and what they said
        (n, m) as `listening.taste` counts it; the matrix takes both into account
    """

    users: np.ndarray
    artists: np.ndarray
    artist_names: np.ndarray
    matrix: csr_array
    profiles: pd.DataFrame | None = None
    played: csr_array | None = None
    marks: csr_array | None = None

    def select_users(self, rows: np.ndarray) -> "PlayCounts":
        """The data of some users (row numbers or a mask); the artists stay as they are."""
        return replace(
            self,
            users=self.users[rows],
            matrix=self.matrix[rows],
            profiles=None if self.profiles is None else self.profiles.iloc[rows],
            played=None if self.played is None else self.played[rows],
            marks=None if self.marks is None else self.marks[rows],
        )

    def hidden(self) -> list[np.ndarray]:
        """The items that each user disliked or blocked."""
        if self.marks is None:
            return [np.empty(0, int)] * len(self.users)
        marks = self.marks
        items, starts = np.where(marks.data == LIKED, -1, marks.indices), marks.indptr[1:-1]
        return [part[part >= 0] for part in np.split(items, starts)]


def play_counts_of(
    users: Sequence,
    artists: Sequence,
    plays: Sequence[float],
    artist_names: dict | None = None,
    profiles: pd.DataFrame | None = None,
) -> PlayCounts:
    """The `PlayCounts` of three equally long columns; repeated pairs are added up.

    `artist_names` maps an artist to the name shown, the artist itself by default; `profiles` is
    indexed by user id, and users who are missing there get an empty profile.
    """
    rows, user_ids = pd.factorize(np.asarray(users))
    columns, artist_keys = pd.factorize(np.asarray(artists))
    names = artist_names or {}
    return PlayCounts(
        users=user_ids,
        artists=artist_keys,
        artist_names=np.array([names.get(key, key) for key in artist_keys], dtype=object),
        matrix=plays_matrix(rows, columns, plays, (len(user_ids), len(artist_keys))),
        profiles=None if profiles is None else aligned_profiles(profiles, user_ids),
    )


def plays_matrix(
    rows: np.ndarray, columns: np.ndarray, plays: Sequence[float], shape: tuple[int, int]
) -> csr_array:
    """The float32 matrix of plays at (rows, columns), repeated places added up."""
    plays = np.asarray(plays, dtype=np.float32)
    matrix = coo_array((plays, (rows, columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix


def aligned_profiles(profiles: pd.DataFrame, users: np.ndarray) -> pd.DataFrame:
    """One profile per user, in the order of `users`: joined by id, never by position."""
    aligned = profiles.reindex(users)
    return aligned.fillna({"gender": "", "country": ""})
