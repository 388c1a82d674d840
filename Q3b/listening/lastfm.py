"""Read and clean the two files of the Last.fm 360K data set.

    usersha1-artmbid-artname-plays.tsv   user id, MBID of the artist, name of the artist, plays
    usersha1-profile.tsv                 user id, gender, age, country, date of sign-up

Tab separated, UTF-8, a header is optional. Every row that is left out is counted by its reason.
The data set: Òscar Celma, Music Recommendation and Discovery in the Long Tail, 2008,
http://ocelma.net/MusicRecommendationDataset/lastfm-360K.html
"""

from common.command import UserError

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from listening.bad_rows import Rejected
from listening.cache import read_cache, write_cache
from listening.cleaning import collect_plays, keep_rows, matches
from listening.constants import PLAYS_FILE, PROFILE_FILE
from listening.play_counts import PlayCounts, aligned_profiles
from listening.text_columns import (
    Column,
    check_text,
    first_fields,
    lines_of_rows,
    read_columns,
)

OFFICIAL_MD5 = {
    PLAYS_FILE: "be672526eb7c69495c27ad27803148f1",
    PROFILE_FILE: "51159d4edf6a92cb96f87768aa2be678",
}
PLAYS_COLUMNS = ["user", "mbid", "name", "plays"]
PROFILE_COLUMNS = ["user", "gender", "age", "country", "signup"]
SHA1 = r"[0-9a-f]{40}"
SIGNUP_FORMAT = "%b %d, %Y"


def read_lastfm(folder: Path, on_bad_row: str = "skip") -> tuple[PlayCounts, dict[str, int]]:
    """Return the clean data of the two files in `folder`, and the rows left out by reason.

    Raises UserError if a file is empty, not UTF-8 or of another layout, and at the first bad row
    if `on_bad_row` is "stop".
    """
    profiles, rejected_profiles = read_profiles(Path(folder) / PROFILE_FILE, on_bad_row)
    plays, rejected_plays = read_plays(Path(folder) / PLAYS_FILE, on_bad_row)
    joined = replace(plays, profiles=aligned_profiles(profiles, plays.users))
    return joined, rejected_plays.counts | rejected_profiles.counts


def read_plays(path: Path, on_bad_row: str = "skip") -> tuple[PlayCounts, Rejected]:
    """Return the plays without profiles, and the rows left out.

    A large file is read once only: its clean plays are cached, see `cache.py`.
    """
    path = Path(path)
    if cached := read_cache(path):
        cached.rejected.check(on_bad_row)
        return cached.play_counts, cached.rejected
    md5 = check_text(path)
    columns, ragged = read_columns(path, PLAYS_COLUMNS, header=has_header(path))
    keep, plays, counts, first = valid_plays(**columns)
    rejected = located(path, PLAYS_COLUMNS, {"plays: not 4 columns": ragged} | counts, first)
    rejected.check(on_bad_row)
    if not keep.any():
        raise UserError(
            f"{path}: no row holds a user id (sha1), an artist and a number of plays, as the files "
            "of Last.fm do; name the columns of your own file with --columns"
        )
    user, mbid, name = columns["user"], columns["mbid"], columns["name"]
    play_counts = collect_plays(user, mbid, name, plays, keep)
    write_cache(path, md5, play_counts, rejected)
    return play_counts, rejected


def located(
    path: Path, columns: list[str], counts: dict[str, int], rows: dict[str, int]
) -> Rejected:
    """Return the rejected rows with the line of the first of each reason.

    counts: rows by reason, those of another number of columns first; rows: the first of each of
    the other reasons, counted from 0. The file is read again, and only if it has such rows.
    """
    if not any(counts.values()):
        return Rejected(path, counts)
    reason, ragged = next(iter(counts.items()))
    other = reason if ragged else ""
    return Rejected(path, counts, lines_of_rows(path, len(columns), has_header(path), rows, other))


def valid_plays(
    user: Column, mbid: Column, name: Column, plays: Column
) -> tuple[np.ndarray, np.ndarray, dict[str, int], dict[str, int]]:
    """Return which rows to keep, every row's plays, and what `keep_rows` says of the others."""
    counts = pd.to_numeric(pd.Series(plays.values), errors="coerce").to_numpy(np.float32)
    reasons = {
        "plays: user id is not a sha1": ~user.each(matches(SHA1, user.values)),
        "plays: neither MBID nor name": mbid.each(mbid.values == "") & name.each(name.values == ""),
        "plays: count is not a number": plays.each(~np.isfinite(counts)),
        "plays: count is not above zero": plays.each(counts <= 0),
        "plays: count is not a whole number": plays.each(counts != np.floor(counts)),
    }
    keep, *rejected = keep_rows(reasons, len(plays.codes))
    return keep, plays.each(counts), *rejected


def read_profiles(path: Path, on_bad_row: str = "skip") -> tuple[pd.DataFrame, Rejected]:
    """Return the profiles indexed by user id, and the rows left out."""
    path = Path(path)
    check_text(path)
    columns, ragged = read_columns(path, PROFILE_COLUMNS, header=has_header(path))
    text = pd.DataFrame({name: column.each(column.values) for name, column in columns.items()})
    reasons = {
        "profile: user id is not a sha1": ~matches(SHA1, text["user"]),
        "profile: user id repeated": text["user"].duplicated().to_numpy(),
    }
    keep, counts, first = keep_rows(reasons, len(text))
    rejected = located(path, PROFILE_COLUMNS, {"profile: not 5 columns": ragged} | counts, first)
    rejected.check(on_bad_row)
    kept = text[keep].set_index("user")
    profiles = pd.DataFrame(
        {
            "gender": kept["gender"].where(kept["gender"].isin(["m", "f"]), ""),
            "age": pd.to_numeric(kept["age"], errors="coerce"),
            "country": kept["country"],
            "signup": pd.to_datetime(kept["signup"], format=SIGNUP_FORMAT, errors="coerce"),
        }
    )
    return profiles, rejected


def has_header(path: Path) -> bool:
    """Whether the first row names the columns: no user id, and no digit in the last field."""
    first, *rest = first_fields(path)
    return bool(rest) and not re.fullmatch(SHA1, first) and not re.search(r"\d", rest[-1])


def is_official(path: Path) -> bool:
    """Whether a file of the official name is the official file, by its MD5."""
    cached = read_cache(path, only_about=True)
    md5 = cached.md5 if cached else check_text(path)
    return md5 == OFFICIAL_MD5.get(path.name)


def read_spellings(path: Path) -> pd.DataFrame:
    """How many rows spell an MBID how: columns mbid, name, rows; only rows with an MBID."""
    columns, _ = read_columns(path, PLAYS_COLUMNS, header=has_header(path))
    mbid, name = columns["mbid"], columns["name"]
    pairs, rows = np.unique(mbid.codes.astype(np.int64) << 32 | name.codes, return_counts=True)
    texts = {"mbid": mbid.values[pairs >> 32], "name": name.values[pairs & 0xFFFFFFFF]}
    spellings = pd.DataFrame(texts | {"rows": rows})
    return spellings[spellings["mbid"] != ""]
