"""Profiles of users from a table of any kind: gender, age, country and day of sign-up."""

from pathlib import Path

import numpy as np
import pandas as pd

from listening.bad_rows import Rejected
from listening.tables.columns import PROFILES
from listening.tables.files import read_table
from listening.tables.table import NOT_TEXT, SURROGATE, Table, each_with


def read_own_profiles(
    path: Path, columns: dict[str, str] | None = None, on_bad_row: str = "skip"
) -> tuple[pd.DataFrame, Rejected]:
    """Return the profiles by user id, columns as in `PlayCounts`, and the rows left out.

    columns: titles of the columns user, gender, age, country and signup (see
        `tables.columns.named_columns`); None for those with usual titles
    Raises UserError for a file that cannot be read for certain, and at the first bad row if
    `on_bad_row` is "stop".
    """
    table = read_table(Path(path), PROFILES, columns)
    user, country = texts(table, "user"), texts(table, "country")
    reasons = table.id_reasons("user", "no user id")
    if "country" in table.columns:
        reasons[f"country is {NOT_TEXT}"] = each_with(table.columns["country"], SURROGATE)
    reasons["user id repeated"] = pd.Series(user, dtype=object).duplicated().to_numpy()
    keep, rejected = table.kept(reasons)
    rejected.check(on_bad_row)
    kept = pd.Index(user[keep], name="user")
    gender = as_series(texts(table, "gender")[keep]).str.lower()
    profiles = pd.DataFrame(
        {
            "gender": gender.where(gender.isin(["m", "f"]), "").to_numpy(),
            "age": table.numbers("age")[keep] if "age" in table.columns else np.nan,
            "country": as_series(country[keep]).to_numpy(),
            "signup": signups(table)[keep],
        },
        index=kept,
    )
    return profiles, rejected


def as_series(found: np.ndarray) -> pd.Series:
    """Texts without outer blanks."""
    return pd.Series(found, dtype=object).str.strip()


def texts(table: Table, use: str) -> np.ndarray:
    """(rows,) texts of a column; empty ones if the file lacks it."""
    if use not in table.columns:
        return np.full(len(table.lines), "", dtype=object)
    column = table.columns[use]
    return column.each(column.values)


def signups(table: Table) -> pd.Series | pd.DatetimeIndex:
    """(rows,) days of sign-up, NaT where there is none."""
    if "signup" not in table.columns.keys() | table.moments.keys():
        return pd.DatetimeIndex([pd.NaT] * len(table.lines))
    days = table.times("signup").to_pandas(date_as_object=False)
    return pd.DatetimeIndex(pd.to_datetime(days, errors="coerce", utc=True)).tz_localize(None)
