"""The data sets that recommenders are compared on, read into `PlayCounts`.

hetrec        HetRec 2011 Last.fm 2k: user_artists.dat, artists.dat (GroupLens, grouplens.org)
ml-100k       MovieLens 100K: u.data, u.user, u.item; ratings are taken as play counts
lastfm-360k   Last.fm 360K, see `listening/lastfm.py`
sample        generated listeners, see `listening/sample/`
"""

from common.command import UserError

from pathlib import Path

import pandas as pd

from listening.lastfm import read_lastfm
from listening.play_counts import PlayCounts, play_counts_of
from listening.sample.listeners import generated_play_counts

DATA_SETS = ("hetrec", "ml-100k", "lastfm-360k", "sample")
SAMPLE_USERS, SAMPLE_ARTISTS = 3000, 4000


def read_table(path: Path, columns: list[str], **settings) -> pd.DataFrame:
    """Read a delimited file; raise UserError naming it if it is not of the expected layout."""
    try:
        table = pd.read_csv(path, quoting=3, keep_default_na=False, **settings)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a table of {', '.join(columns)}: {error}") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes the first columns for an index
        raise UserError(f"{path}: the first row has more columns than the header")
    if len(table.columns) < len(columns):
        raise UserError(f"{path}: expected the columns {', '.join(columns)}")
    return table.iloc[:, : len(columns)].set_axis(columns, axis=1)


def positive_numbers(table: pd.DataFrame, column: str, path: Path, first_line: int) -> pd.Series:
    """A column as numbers above 0. Raises UserError naming the first line that has none.

    first_line: the line of the file's first row.
    """
    numbers = pd.to_numeric(table[column], errors="coerce")
    wrong = table.index[~(numbers > 0)]
    if len(wrong):
        value = str(table[column][wrong[0]])
        raise UserError(f"{path}:{first_line + wrong[0]}: {column} {value!r} is not above 0")
    return numbers


def read_hetrec(folder: Path) -> PlayCounts:
    """Read HetRec's plays; it has no profiles."""
    path = folder / "user_artists.dat"
    plays = read_table(path, ["user", "artist", "plays"], sep="\t")
    artists = read_table(folder / "artists.dat", ["artist", "name"], sep="\t")
    names = dict(zip(artists["artist"], artists["name"], strict=True))
    numbers = positive_numbers(plays, "plays", path, first_line=2)
    return play_counts_of(plays["user"], plays["artist"], numbers, names)


def read_ml_100k(folder: Path) -> PlayCounts:
    """Read MovieLens: ratings as plays, age and gender as profiles; it has no countries."""
    path = folder / "u.data"
    ratings = read_table(path, ["user", "film", "rating"], sep="\t", header=None)
    people = read_table(folder / "u.user", ["user", "age", "gender"], sep="|", header=None)
    people = people.drop_duplicates("user")
    films = read_table(
        folder / "u.item", ["film", "title"], sep="|", header=None, encoding="latin-1"
    )
    profiles = pd.DataFrame(
        {
            "gender": people["gender"].astype(str).str.lower().to_numpy(),
            "age": pd.to_numeric(people["age"], errors="coerce").to_numpy(dtype=float),
            "country": "",
            "signup": pd.NaT,
        },
        index=people["user"],
    )
    return play_counts_of(
        ratings["user"],
        ratings["film"],
        positive_numbers(ratings, "rating", path, first_line=1),
        dict(zip(films["film"], films["title"], strict=True)),
        profiles,
    )


def read_data_set(name: str, folder: Path | None, seed: int) -> PlayCounts:
    """Read a data set by its name. Raises UserError if the name or the folder is wrong."""
    if name not in DATA_SETS:
        raise UserError(f"no data set named {name!r}: choose from {', '.join(DATA_SETS)}")
    if name == "sample":
        if folder is not None:
            raise UserError(f"--data sample takes no folder such as {folder}")
        return generated_play_counts(SAMPLE_USERS, SAMPLE_ARTISTS, seed)
    if folder is None:
        raise UserError(f"--data {name} needs the folder of its files: --data {name} FOLDER")
    if name == "hetrec":
        return read_hetrec(folder)
    return read_ml_100k(folder) if name == "ml-100k" else read_lastfm(folder)[0]
