"""What the job works on: who played what, and everybody's profile, from files of either format."""

from common.command import UserError

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from listening.bad_rows import Rejected
from listening.items import Items
from listening.lastfm import read_plays, read_profiles
from listening.maximum_age import MaximumAge
from listening.play_counts import PlayCounts, aligned_profiles
from listening.plays import read_own_plays
from listening.profiles import read_own_profiles
from listening.tables.columns import PLAYS, PROFILES, Kind, guess
from listening.text_columns import first_fields


@dataclass(frozen=True)
class Listening:
    """What the job works on.

    plays: the users with at least one play; a profile is empty where there is none
    silent: the profiles of users without plays, by user id
    rejected: number of rows left out, by reason
    first_rejected: where the first of them is, FILE:LINE or FILE row N, by reason that has rows
    items: names and fields of items, if a table of them was read
    """

    plays: PlayCounts
    silent: pd.DataFrame
    rejected: dict[str, int]
    first_rejected: dict[str, str] = field(default_factory=dict)
    items: Items | None = None


def read_listening(
    plays: Path,
    profiles: Path | None,
    max_age: MaximumAge | None = None,
    on_bad_row: str = "skip",
    columns: dict[str, str] | None = None,
    profile_columns: dict[str, str] | None = None,
) -> Listening:
    """Read the two files; the suffix of each tells its format.

    columns, profile_columns: titles of columns by their use (see `tables.columns.named_columns`),
        None for those with usual titles. A .tsv file is in the layout of Last.fm if they are not
        named, and its first line does not name them.
    Raises UserError for a file that is missing or of another layout, if plays that have no times
    are to be chosen by age, and at the first bad row if `on_bad_row` is "stop".
    """
    if is_lastfm(plays, PLAYS, columns):
        if max_age:
            raise UserError(f"{plays}: its plays have no times, so --max-age cannot choose")
        counts, rejected = read_plays(Path(plays), on_bad_row)
    else:
        counts, rejected = read_own_plays(Path(plays), columns, max_age, on_bad_row)
    if not profiles:
        nobody = pd.DataFrame(columns=["gender", "age", "country", "signup"])
        counts = replace(counts, profiles=no_profiles(counts.users))
        return Listening(counts, nobody, rejected.counts, rejected.places())
    if is_lastfm(profiles, PROFILES, profile_columns):
        everybody, others = read_profiles(Path(profiles), on_bad_row)
    else:
        everybody, others = read_own_profiles(Path(profiles), profile_columns, on_bad_row)
    silent = everybody.loc[everybody.index.difference(counts.users, sort=False)]
    if 0 < len(everybody) == len(silent):
        raise UserError(f"{profiles}: no profile is of a user of {plays}: are the ids the same?")
    counts = replace(counts, profiles=aligned_profiles(everybody, counts.users))
    return Listening(
        counts, silent, rejected.counts | others.counts, rejected.places() | others.places()
    )


def with_items(listening: Listening, items: Items, rejected: Rejected) -> Listening:
    """Add a table of items, and its rows that were left out."""
    return replace(
        listening,
        items=items,
        rejected=listening.rejected | rejected.counts,
        first_rejected=listening.first_rejected | rejected.places(),
    )


def is_lastfm(path: Path, kind: Kind, columns: dict[str, str] | None) -> bool:
    """Whether a file is in the layout of Last.fm 360K: tab separated, and nothing says otherwise.

    Its user ids are SHA-1s; a row with another one is a bad row.
    """
    if columns or Path(path).suffix != ".tsv":
        return False
    try:
        guess(kind, first_fields(Path(path)))
    except (UserError, UnicodeDecodeError, OSError):
        return True
    return False


def no_profiles(users: np.ndarray) -> pd.DataFrame:
    """Profiles that say nothing."""
    empty = {"gender": "", "age": np.nan, "country": "", "signup": pd.NaT}
    return pd.DataFrame(empty, index=pd.Index(users, name="user"))
