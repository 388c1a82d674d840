"""The data sets that recommenders are compared on, read into `PlayCounts`.

hetrec        HetRec 2011 Last.fm 2k: user_artists.dat, artists.dat (GroupLens, grouplens.org)
ml-100k       MovieLens 100K: u.data, u.user, u.item; ratings are taken as play counts
lastfm-360k   Last.fm 360K, see `listening/lastfm.py`
sample        generated listeners, see `listening/sample/`
"""

from common.command import UserError

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from evaluation.names import HETREC, LASTFM_360K, ML_100K, SAMPLE
from evaluation.splits import usable
from listening.bad_rows import Rejected
from listening.constants import PLAYS_FILE, PROFILE_FILE
from listening.play_counts import PlayCounts, play_counts_of
from listening.sample.listeners import generated_play_counts
from listening.source import read_listening

SAMPLE_USERS, SAMPLE_ARTISTS = 3000, 4000


class DataSet(NamedTuple):
    """The plays of a data set, how many rows were left out, and the first place, by reason."""

    plays: PlayCounts
    rejected: dict[str, int]
    first_rejected: dict[str, str]


def read_data_sets(
    named: Sequence[tuple[str, Path]], seed: int, on_bad_row: str = "stop"
) -> dict[str, DataSet]:
    """Return the usable plays of the (name, folder) in `named`, or of the sample without any.

    Raises UserError for a file that cannot be used, and at a bad row if `on_bad_row` is "stop".
    """
    readers = {HETREC: read_hetrec, ML_100K: read_ml_100k, LASTFM_360K: read_lastfm_360k}
    sets = {name: readers[name](folder, on_bad_row) for name, folder in named}
    if not named:
        drawn = generated_play_counts(SAMPLE_USERS, SAMPLE_ARTISTS, seed)
        sets = {SAMPLE: DataSet(drawn, {}, {})}
    sets = {name: one._replace(plays=usable(one.plays)) for name, one in sets.items()}
    for name, one in sets.items():
        if len(one.plays.users) < 2:
            raise UserError(f"--data {name}: fewer than two users with five artists or more")
    return sets


def read_hetrec(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read HetRec's plays; it has no profiles."""
    how = {"separator": "\t", "header": True, "on_bad_row": on_bad_row}
    plays, bad_plays = read_table(
        folder / "user_artists.dat", "plays", ["user", "artist", "plays"], **how
    )
    artists, bad_artists = read_table(folder / "artists.dat", "artists", ["artist", "name"], **how)
    names = dict(zip(artists["artist"], artists["name"], strict=True))
    play_counts = play_counts_of(plays["user"], plays["artist"], plays["plays"], names)
    return data_set(play_counts, bad_plays, bad_artists)


def read_ml_100k(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read MovieLens: ratings as plays, age and gender as profiles; it has no countries."""
    how = {"on_bad_row": on_bad_row}
    ratings, bad_ratings = read_table(
        folder / "u.data", "plays", ["user", "film", "plays"], separator="\t", **how
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
    return data_set(play_counts, bad_ratings, bad_people, bad_films)


def read_lastfm_360k(folder: Path, on_bad_row: str = "stop") -> DataSet:
    """Read the two files of Last.fm 360K."""
    found = read_listening(folder / PLAYS_FILE, folder / PROFILE_FILE, on_bad_row=on_bad_row)
    return DataSet(found.plays, found.rejected, found.first_rejected)


def data_set(plays: PlayCounts, *rejected: Rejected) -> DataSet:
    """Return plays with the rows that were left out of several files."""
    found = DataSet(plays, {}, {})
    for one in rejected:
        found.rejected.update(one.counts)
        found.first_rejected.update(one.places())
    return found


def read_table(
    path: Path,
    kind: str,
    columns: list[str],
    *,
    separator: str,
    on_bad_row: str,
    header: bool = False,
    encoding: str = "utf-8",
) -> tuple[pd.DataFrame, Rejected]:
    """Return the first columns of a file without quotes as texts, and the rows left out.

    A row is bad that has fewer than these columns or more than the first line, that is a second
    profile of a user, or that has no number above 0 in a column `plays`, which is returned as
    numbers. `kind`, such as "profile", begins each reason.
    """
    lines, rows = split_lines(path, separator, encoding)
    width = len(rows[0])
    if width < len(columns):
        raise UserError(f"{path}: expected the columns {', '.join(columns)}")
    lines, rows = lines[header:], rows[header:]
    sound = np.array([len(columns) <= len(row) <= width for row in rows], dtype=bool)
    cells = [row[: len(columns)] for row, good in zip(rows, sound, strict=True) if good]
    table = pd.DataFrame(cells, columns=columns, index=lines[sound], dtype=object)
    wrong = {f"{kind}: not {width} columns": lines[~sound]}
    if kind == "profile":
        repeated = table["user"].duplicated().to_numpy()
        wrong[f"{kind}: user id repeated"] = table.index[repeated]
        table = table[~repeated]
    if "plays" in columns:
        with np.errstate(over="ignore"):  # what is endless as a float32 is rejected
            numbers = pd.to_numeric(table["plays"], errors="coerce").to_numpy(np.float32)
        positive = np.isfinite(numbers) & (numbers > 0)
        table["plays"] = numbers
        wrong[f"{kind}: count is not a number above zero"] = table.index[~positive]
        table = table[positive]
    counts = {reason: len(bad) for reason, bad in wrong.items()}
    first = {reason: int(bad[0]) for reason, bad in wrong.items() if len(bad)}
    rejected = Rejected(path, counts, first)
    rejected.check(on_bad_row)
    if table.empty:
        raise UserError(f"{path}: no row can be used")
    return table, rejected


def split_lines(path: Path, separator: str, encoding: str) -> tuple[np.ndarray, list[list[str]]]:
    """Return the numbers of the lines that are not empty, from 1, and their cells."""
    try:
        with path.open(encoding=encoding) as file:
            texts = {line: text for line, text in enumerate(file, 1) if text.strip()}
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not {encoding.upper()} text: {error}") from error
    if not texts:
        raise UserError(f"{path}: the file is empty; download it again")
    cells = (text.rstrip("\n").split(separator) for text in texts.values())
    return np.fromiter(texts, int), [[cell.strip() for cell in row] for row in cells]
