"""The data sets that recommenders are compared on, read into `PlayCounts`.

hetrec        HetRec 2011 Last.fm 2k: user_artists.dat, artists.dat (GroupLens, grouplens.org)
ml-100k       MovieLens 100K: u.data, u.user, u.item; ratings are taken as play counts
filmtrust     FilmTrust: ratings.csv with the columns u, i, r; ratings are taken as play counts
citeulike     CiteULike: likes.csv with the columns u, i, r
lastfm-360k   Last.fm 360K, see `listening/lastfm.py`
csv           any table of plays, see `listening/plays.py`
sample        generated listeners, see `listening/sample/`
"""

from common.command import UserError

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evaluation.names import CITEULIKE, CSV, FILMTRUST, HETREC, LASTFM_360K, ML_100K, SAMPLE
from evaluation.plain_tables import read_table
from evaluation.splits import part_of, usable, usable_parts
from listening.bad_rows import Rejected
from listening.constants import PLAYS_FILE, PROFILE_FILE
from listening.play_counts import PlayCounts, play_counts_of
from listening.plays import read_own_plays
from listening.sample.listeners import generated_play_counts
from listening.source import read_listening

SAMPLE_USERS, SAMPLE_ARTISTS = 3000, 4000


@dataclass(frozen=True)
class DataSet:
    """A data set: its plays, when they were, and what was left out.

    times: (entries,) of the plays' matrix, when each user first played each artist, in seconds;
        None for data without times
    rejected, first_rejected: number of rows that were left out, and the first place, by reason
    """

    name: str
    plays: PlayCounts
    times: np.ndarray | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    first_rejected: dict[str, str] = field(default_factory=dict)


def read_data_sets(
    named: Sequence[tuple[str, Path]],
    seed: int,
    on_bad_row: str = "stop",
    timed: bool = False,
    columns: dict[str, str] | None = None,
) -> list[DataSet]:
    """Return the usable plays of the (name, path) in `named`, or of the sample without any.

    columns: titles by their use in the tables of kind CSV; None to tell them by their titles

    Raises UserError for a file that cannot be used, at a bad row if `on_bad_row` is "stop", and if
    `timed` for data without times.
    """
    readers = READERS | {CSV: partial(read_csv, columns)}
    sets = [readers[name](folder, on_bad_row) for name, folder in named]
    if not named:
        sets = [DataSet(SAMPLE, generated_play_counts(SAMPLE_USERS, SAMPLE_ARTISTS, seed))]
    sets = [usable_set(one) for one in sets]
    for one in sets:
        if timed and one.times is None:
            raise UserError(f"--split by time: {one.name} has no times of plays")
        if len(one.plays.users) < 2:
            raise UserError(f"--data {one.name}: fewer than two users with five artists or more")
    return sets


def usable_set(data: DataSet) -> DataSet:
    """Leave out what `splits.usable` does, of the times too."""
    times = data.times
    if times is not None:
        matrix = data.plays.matrix
        of_pairs = csr_array((times, matrix.indices, matrix.indptr), matrix.shape)
        times = part_of(of_pairs, *usable_parts(matrix)).data
    return replace(data, plays=usable(data.plays), times=times)


def first_times(
    plays: PlayCounts, users: pd.Series, artists: pd.Series, times: pd.Series
) -> np.ndarray:
    """(entries,) of the plays' matrix: the earliest of the times of each user and artist."""
    table = pd.DataFrame(
        {
            "user": pd.Index(plays.users).get_indexer(users),
            "artist": pd.Index(plays.artists).get_indexer(artists),
            "time": np.asarray(times, np.float64),
        }
    )
    # Sorted by user and artist, as the entries of the matrix are.
    return table.groupby(["user", "artist"])["time"].min().to_numpy()


def read_hetrec(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read HetRec's plays; it has no profiles."""
    how = {"separator": "\t", "header": True, "on_bad_row": on_bad_row}
    plays, bad_plays = read_table(
        folder / "user_artists.dat", "plays", ["user", "artist", "plays"], **how
    )
    artists, bad_artists = read_table(folder / "artists.dat", "artists", ["artist", "name"], **how)
    names = dict(zip(artists["artist"], artists["name"], strict=True))
    play_counts = play_counts_of(plays["user"], plays["artist"], plays["plays"], names)
    return data_set(HETREC, play_counts, None, bad_plays, bad_artists)


def read_ml_100k(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read MovieLens: ratings as plays, age and gender as profiles; it has no countries."""
    how = {"on_bad_row": on_bad_row}
    ratings, bad_ratings = read_table(
        folder / "u.data", "plays", ["user", "film", "plays", "time"], separator="\t", **how
    )
    people, bad_people = read_table(
        folder / "u.user", "profile", ["user", "age", "gender"], separator="|", **how
    )
    films, bad_films = read_table(
        folder / "u.item", "films", ["film", "title"], separator="|", encoding="latin-1", **how
    )
    profiles = pd.DataFrame(
        {
            "gender": people["gender"].str.lower().to_numpy(),
            "age": pd.to_numeric(people["age"], errors="coerce").to_numpy(dtype=float),
            "country": "",
            "signup": pd.NaT,
        },
        index=people["user"],
    )
    titles = dict(zip(films["film"], films["title"], strict=True))
    play_counts = play_counts_of(
        ratings["user"], ratings["film"], ratings["plays"], titles, profiles
    )
    times = first_times(play_counts, ratings["user"], ratings["film"], ratings["time"])
    return data_set(ML_100K, play_counts, times, bad_ratings, bad_people, bad_films)


def read_lastfm_360k(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read the two files of Last.fm 360K."""
    found = read_listening(folder / PLAYS_FILE, folder / PROFILE_FILE, on_bad_row=on_bad_row)
    return DataSet(LASTFM_360K, found.plays, None, found.rejected, found.first_rejected)


def read_csv(columns: dict[str, str] | None, path: Path, on_bad_row: str = "stop") -> DataSet:
    """Read a table of plays; the set is named after its file."""
    plays, rejected = read_own_plays(path, columns, on_bad_row=on_bad_row, fractions=True)
    return data_set(path.name, plays, None, rejected)


def read_triples(name: str, file: str, folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read the table of a data set with the columns u, i, r."""
    found = read_csv({"user": "u", "item": "i", "plays": "r"}, folder / file, on_bad_row)
    return replace(found, name=name)


READERS = {
    HETREC: read_hetrec,
    ML_100K: read_ml_100k,
    FILMTRUST: partial(read_triples, FILMTRUST, "ratings.csv"),
    CITEULIKE: partial(read_triples, CITEULIKE, "likes.csv"),
    LASTFM_360K: read_lastfm_360k,
}


def data_set(
    name: str, plays: PlayCounts, times: np.ndarray | None, *rejected: Rejected
) -> DataSet:
    """Return plays with the rows that were left out of several files."""
    found = DataSet(name, plays, times)
    for one in rejected:
        found.rejected.update(one.counts)
        found.first_rejected.update(one.places())
    return found
