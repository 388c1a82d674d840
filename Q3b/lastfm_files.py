"""Read and clean the two files of the Last.fm 360K data set.

    usersha1-artmbid-artname-plays.tsv   user id, MBID of the artist, name of the artist, plays
    usersha1-profile.tsv                 user id, gender, age, country, date of sign-up

Tab separated, UTF-8, a header is optional. Every row that is left out is counted by its reason.
The data set: Òscar Celma, Music Recommendation and Discovery in the Long Tail, 2008,
http://ocelma.net/MusicRecommendationDataset/lastfm-360K.html
"""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from command_line import UserError
from play_counts import PlayCounts, aligned_profiles, plays_matrix
from pyarrow import csv

PLAYS_FILE = "usersha1-artmbid-artname-plays.tsv"
PROFILE_FILE = "usersha1-profile.tsv"
PLAYS_COLUMNS = ["user", "mbid", "name", "plays"]
PROFILE_COLUMNS = ["user", "gender", "age", "country", "signup"]
SHA1 = r"[0-9a-f]{40}"
SIGNUP_FORMAT = "%b %d, %Y"
BLOCK = 1 << 20  # bytes
CATEGORY = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Column:
    """A column of text as codes into its distinct values, so that checks see each value once."""

    codes: np.ndarray
    values: np.ndarray

    def each(self, per_value: np.ndarray) -> np.ndarray:
        """Return for every row what `per_value` holds for the row's value."""
        return np.asarray(per_value)[self.codes]


def read_lastfm(folder: Path) -> tuple[PlayCounts, dict[str, int]]:
    """Return the clean data of the two files in `folder`, and the rows left out by reason.

    Raises UserError if a file is missing, empty, not UTF-8 or of another layout.
    """
    plays, dropped_plays = read_plays(Path(folder) / PLAYS_FILE)
    profiles, dropped_profiles = read_profiles(Path(folder) / PROFILE_FILE)
    joined = PlayCounts(
        users=plays.users,
        artists=plays.artists,
        artist_names=plays.artist_names,
        matrix=plays.matrix,
        profiles=aligned_profiles(profiles, plays.users),
    )
    return joined, dropped_plays | dropped_profiles


def read_plays(path: Path) -> tuple[PlayCounts, dict[str, int]]:
    """Return the plays without profiles, and the rows left out by reason."""
    columns, ragged = read_columns(path, PLAYS_COLUMNS)
    user, mbid, name = columns["user"], columns["mbid"], columns["name"]
    counts = pd.to_numeric(pd.Series(columns["plays"].values), errors="coerce").to_numpy(float)
    plays = columns["plays"].each(counts)
    reasons = {
        "plays: user id is not a sha1": ~user.each(matches(SHA1, user.values)),
        "plays: neither MBID nor name": (mbid.each(mbid.values == ""))
        & (name.each(name.values == "")),
        "plays: count is not a number": ~np.isfinite(plays),
        "plays: count is not above zero": plays <= 0,
    }
    keep, dropped = keep_rows(reasons, len(plays))
    if not keep.any():
        raise UserError(f"{path}: no row holds a user id (sha1), an artist and a number of plays")
    return collect_plays(user, mbid, name, plays, keep), {"plays: not 4 columns": ragged} | dropped


def collect_plays(
    user: Column, mbid: Column, name: Column, plays: np.ndarray, keep: np.ndarray
) -> PlayCounts:
    """Return the kept rows as a matrix; an artist is its MBID, or its name where there is none."""
    name_codes = name.codes[keep]
    has_mbid = mbid.each(mbid.values != "")[keep]
    keys = np.where(has_mbid, mbid.codes[keep], len(mbid.values) + name_codes)
    rows, user_codes = pd.factorize(user.codes[keep])
    artists, key_codes = pd.factorize(keys)
    shape = (len(user_codes), len(key_codes))
    return PlayCounts(
        users=user.values[user_codes],
        artists=np.concatenate([mbid.values, name.values])[key_codes],
        artist_names=name.values[most_frequent(artists, name_codes)],
        matrix=plays_matrix(rows, artists, plays[keep], shape),
    )


def most_frequent(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return for each group 0, 1, 2 ... its most frequent value, of equals the smallest."""
    counted = pd.DataFrame({"group": groups, "value": values}).value_counts(sort=False)
    ordered = counted.reset_index(name="rows").sort_values(
        ["group", "rows", "value"], ascending=[True, False, True]
    )
    return ordered.drop_duplicates("group")["value"].to_numpy()


def read_profiles(path: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the profiles indexed by user id, and the rows left out by reason."""
    columns, ragged = read_columns(path, PROFILE_COLUMNS)
    text = pd.DataFrame({name: column.each(column.values) for name, column in columns.items()})
    reasons = {
        "profile: user id is not a sha1": ~matches(SHA1, text["user"]),
        "profile: user id repeated": text["user"].duplicated().to_numpy(),
    }
    keep, dropped = keep_rows(reasons, len(text))
    kept = text[keep]
    profiles = pd.DataFrame(
        {
            "gender": kept["gender"].where(kept["gender"].isin(["m", "f"]), ""),
            "age": pd.to_numeric(kept["age"], errors="coerce"),
            "country": kept["country"],
            "signup": pd.to_datetime(kept["signup"], format=SIGNUP_FORMAT, errors="coerce"),
        }
    )
    return profiles.set_index(pd.Index(kept["user"], name="user")), {
        "profile: not 5 columns": ragged
    } | dropped


def keep_rows(reasons: dict[str, np.ndarray], rows: int) -> tuple[np.ndarray, dict[str, int]]:
    """Return which rows no reason speaks against, and how many rows each reason was first for."""
    keep = np.ones(rows, dtype=bool)
    dropped = {}
    for reason, speaks_against in reasons.items():
        dropped[reason] = int(np.count_nonzero(keep & speaks_against))
        keep &= ~speaks_against
    return keep, dropped


def matches(pattern: str, values: np.ndarray | pd.Series) -> np.ndarray:
    """Return which values the pattern matches from end to end."""
    whole = re.compile(pattern).fullmatch
    return np.fromiter((whole(value) is not None for value in values), bool, len(values))


def read_columns(path: Path, names: list[str]) -> tuple[dict[str, Column], int]:
    """Return the columns of a tab separated file, and how many rows have another number of them.

    Quotes are plain characters and nothing reads as missing: there are artists named "NA".
    """
    ragged = []

    def skip(row: csv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    check_text(path)
    table = csv.read_csv(
        path,
        csv.ReadOptions(column_names=names, skip_rows=int(has_header(path))),
        csv.ParseOptions(delimiter="\t", quote_char=False, invalid_row_handler=skip),
        csv.ConvertOptions(column_types=dict.fromkeys(names, CATEGORY)),
    )
    if not table.num_rows:
        raise UserError(f"{path}: no row has the columns {', '.join(names)} between tabs")
    return {name: as_column(table[name]) for name in names}, len(ragged)


def check_text(path: Path) -> None:
    """Raise UserError if the file is empty or not UTF-8 from end to end, naming the line."""
    if not path.stat().st_size:
        raise UserError(f"{path}: the file is empty; download it again")
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                raise UserError(
                    f"{path}: line {line} is not UTF-8 text; unpack the file or convert it"
                ) from error
            lines += block.count(b"\n")


def as_column(chunks: pa.ChunkedArray) -> Column:
    """Return a dictionary-encoded Arrow column as codes and values without outer blanks."""
    whole = chunks.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    stripped = [value.strip() for value in whole.dictionary.to_pylist()]
    codes, values = pd.factorize(np.array(stripped, dtype=object))
    return Column(codes[whole.indices.to_numpy()], values)


def has_header(path: Path) -> bool:
    """Tell whether the first row names the columns: no user id, and no digit in the last field."""
    with path.open("rb") as file:
        fields = file.readline().rstrip(b"\r\n").split(b"\t")
    is_user = re.fullmatch(SHA1.encode(), fields[0].strip())
    return not is_user and len(fields) > 1 and not re.search(rb"\d", fields[-1])
