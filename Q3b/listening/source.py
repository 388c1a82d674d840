"""What the job works on: who played what, and everybody's profile, from files of either format."""

from common.command import UserError

from dataclasses import dataclass, replace
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
    rejected: rows left out, by reason
    """

    plays: PlayCounts
    silent: pd.DataFrame
    rejected: dict[str, int]


def read_listening(
    plays: Path, profiles: Path | None, max_age: MaximumAge | None = None
) -> Listening:
    """Read the two files; the suffix of each tells its format.

    Raises UserError for a file that is missing or of another layout, and if plays that have no
    times are to be chosen by age.
    """
    if Path(plays).suffix == ".parquet":
        counts, rejected = read_plays_table(Path(plays), max_age)
    elif max_age:
        raise UserError(f"{plays}: its plays have no times, so --max-age cannot choose among them")
    else:
        counts, rejected = read_plays(Path(plays))
    if not profiles:
        nobody = pd.DataFrame(columns=PROFILES_TABLE[1:])
        return Listening(replace(counts, profiles=no_profiles(counts.users)), nobody, rejected)
    read = read_profiles_table if Path(profiles).suffix == ".parquet" else read_profiles
    everybody, rejected_profiles = read(Path(profiles))
    silent = everybody.loc[everybody.index.difference(counts.users, sort=False)]
    if 0 < len(everybody) == len(silent):
        raise UserError(f"{profiles}: no profile is of a user of {plays}: are the ids the same?")
    counts = replace(counts, profiles=aligned_profiles(everybody, counts.users))
    return Listening(counts, silent, rejected | rejected_profiles)


def no_profiles(users: np.ndarray) -> pd.DataFrame:
    """Profiles that say nothing."""
    empty = {"gender": "", "age": np.nan, "country": "", "signup": pd.NaT}
    return pd.DataFrame(empty, index=pd.Index(users, name="user"))
