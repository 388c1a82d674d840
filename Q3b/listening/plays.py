"""Plays from a table of any kind: who played what, by ids of the app's own."""

from common.command import UserError

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute

from listening.bad_rows import TOO_OLD, Rejected
from listening.cleaning import collect_plays
from listening.maximum_age import MaximumAge
from listening.play_counts import PlayCounts
from listening.tables.columns import PLAYS, TIMED_PLAYS
from listening.tables.files import read_table
from listening.tables.table import NOT_TEXT, SURROGATE, Table, each, each_with
from listening.text_columns import Column

OLD = TOO_OLD.partition(": ")[2]


def read_own_plays(
    path: Path,
    columns: dict[str, str] | None = None,
    max_age: MaximumAge | None = None,
    on_bad_row: str = "skip",
    fractions: bool = False,
) -> tuple[PlayCounts, Rejected]:
    """Return the plays of a .csv, .tsv, .jsonl or .parquet file, and the rows left out.

    columns: titles of the columns user, item, name and plays (see `tables.columns.named_columns`);
        None for those with usual titles. Without a column of plays each row counts once.
    Ids are exact texts; the plays of repeated pairs are added up. An item is known by its id, or by
    its name where there is none. With `fractions` plays may be ratings, such as 3.5.
    Raises UserError for a file that cannot be read for certain, and at the first bad row if
    `on_bad_row` is "stop".
    """
    kind = TIMED_PLAYS if max_age else PLAYS
    named = columns and {use: title for use, title in columns.items() if use in kind.titles}
    if max_age and named and "time" not in named:
        raise UserError(f"{path}: --max-age needs the column of times: --columns time=TITLE")
    table = read_table(Path(path), kind, named)
    if not len(table.lines) and not table.bad:
        raise UserError(f"{path}: no row")
    old = too_old(table, max_age)
    if old.all() and max_age and len(old):
        raise UserError(f"{path}: no row of {len(old)} is young enough")
    plays, reasons = plays_of(table, fractions)
    name = stripped(table.columns["name"]) if "name" in table.columns else nothing(table)
    reasons = {OLD: old} | item_reasons(table, name) | reasons
    keep, rejected = table.kept(reasons)
    rejected.check(on_bad_row)
    if not keep.any():
        raise UserError(f"{path}: no row holds a user id, an item and a number of plays")
    return collect_plays(table.columns["user"], table.columns["item"], name, plays, keep), rejected


def item_reasons(table: Table, name: Column) -> dict[str, np.ndarray]:
    """Return what speaks against each row's user and item."""
    item = table.columns["item"]
    unknown = item.each(item.values == "")
    ids = {*item.values} - {""}
    named_as_id = unknown & each(name, ids.__contains__) if unknown.any() else unknown
    return (
        table.id_reasons("user", "no user id")
        | {"neither item id nor name": unknown & name.each(name.values == "")}
        | table.id_reasons("item")
        | {"no item id, and the name is another item's id": named_as_id}
        | {f"name is {NOT_TEXT}": each_with(name, SURROGATE)}
    )


def plays_of(table: Table, fractions: bool) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Every row's plays as float32, which the matrix holds, and what speaks against them."""
    if "plays" not in table.columns:
        return np.ones(len(table.lines), np.float32), {}
    with np.errstate(over="ignore"):
        plays = table.numbers("plays").astype(np.float32)
    return plays, {
        "count is not a number": ~np.isfinite(plays),
        "count is not above zero": plays <= 0,
        "count is not a whole number": (plays != np.floor(plays)) & (not fractions),
    }


def too_old(table: Table, max_age: MaximumAge | None) -> np.ndarray:
    """Return (rows,) whether each play is older than the maximum, or has no time."""
    if not max_age:
        return np.zeros(len(table.lines), bool)
    times = table.times("time")
    young = compute.greater_equal(times, since(times.type, max_age))
    return ~np.asarray(young.fill_null(False))


def since(kind: pa.DataType, max_age: MaximumAge) -> pa.Scalar:
    """The earliest time to keep, of the type of the times, which are UTC if they name no zone."""
    earliest = max_age.since(datetime.now(UTC))
    zone = getattr(kind, "tz", None)
    return pa.scalar(earliest if zone else earliest.replace(tzinfo=None)).cast(kind, safe=False)


def stripped(column: Column) -> Column:
    """A column of texts without outer blanks."""
    codes, values = pd.factorize(np.array([text.strip() for text in column.values], object))
    return Column(codes.astype(np.int32)[column.codes], values)


def nothing(table: Table) -> Column:
    """A column of empty texts."""
    return Column(np.zeros(len(table.lines), np.int32), np.array([""], object))
