"""What the job works on: who played what, and everybody's profile, from files of either format."""

from common.command import UserError

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from listening.lastfm import read_plays, read_profiles
from listening.maximum_age import MaximumAge
from listening.parquet import PROFILES_TABLE, read_plays_table, read_profiles_table
from listening.play_counts import PlayCounts, aligned_profiles


@dataclass(frozen=True)
class Listening:
    """What the job works on.

    plays: the users with at least one play; a profile is empty where there is none
    silent: the profiles of users without plays, by user id
    rejected: number of rows left out, by reason
    first_rejected: where the first of them is, FILE:LINE or FILE row N, by reason that has rows
    """

    plays: PlayCounts
    silent: pd.DataFrame
    rejected: dict[str, int]
    first_rejected: dict[str, str] = field(default_factory=dict)


def read_listening(
    plays: Path,
    profiles: Path | None,
    max_age: MaximumAge | None = None,
    on_bad_row: str = "skip",
) -> Listening:
    """Read the two files; the suffix of each tells its format.

    Raises UserError for a file that is missing or of another layout, if plays that have no times
    are to be chosen by age, and at the first bad row if `on_bad_row` is "stop".
    """
    if Path(plays).suffix == ".parquet":
        counts, rejected = read_plays_table(Path(plays), max_age, on_bad_row)
    elif max_age:
        raise UserError(f"{plays}: its plays have no times, so --max-age cannot choose among them")
    else:
        counts, rejected = read_plays(Path(plays), on_bad_row)
    if not profiles:
        nobody = pd.DataFrame(columns=PROFILES_TABLE[1:])
        counts = replace(counts, profiles=no_profiles(counts.users))
        return Listening(counts, nobody, rejected.counts, rejected.places())
    read = read_profiles_table if Path(profiles).suffix == ".parquet" else read_profiles
    everybody, others = read(Path(profiles), on_bad_row)
    silent = everybody.loc[everybody.index.difference(counts.users, sort=False)]
    if 0 < len(everybody) == len(silent):
        raise UserError(f"{profiles}: no profile is of a user of {plays}: are the ids the same?")
    counts = replace(counts, profiles=aligned_profiles(everybody, counts.users))
    return Listening(
        counts, silent, rejected.counts | others.counts, rejected.places() | others.places()
    )


def no_profiles(users: np.ndarray) -> pd.DataFrame:
    """Profiles that say nothing."""
    empty = {"gender": "", "age": np.nan, "country": "", "signup": pd.NaT}
    return pd.DataFrame(empty, index=pd.Index(users, name="user"))
