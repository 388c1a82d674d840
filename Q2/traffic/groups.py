"""Records that count, added up by group: DataFrames in, DataFrames out.

In a notebook, for one DataFrame of the records of `logs.scanner`:

    question = Question(by=("extension",))
    name_groups(summarise(records, question), question)
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from logs.names import LONGEST_NAME, pack, unpack
from traffic.question import Question

# Days and hours are put together from quarters of an hour, of which every time zone's offset from
# UTC is a whole number.
QUARTER = 900  # seconds
NO_EXTENSION = "(none)"
# CloudFront's results; packed names keep their first 12 letters.
CACHE_RESULTS = (
    *("Hit", "RefreshHit", "OriginShieldHit", "Miss", "Error", "Redirect"),
    *("LimitExceeded", "CapacityExceeded", "LambdaGeneratedResponse", "LambdaExecutionError"),
    *("FunctionGeneratedResponse", "FunctionExecutionError", "FunctionThrottledError"),
)


def counts(records: pd.DataFrame, question: Question) -> np.ndarray:
    """Which records the question is about, bool of shape (records,)."""
    mask = np.ones(len(records), dtype=bool)
    seconds = records["second"].to_numpy()
    if question.first_day:
        mask &= seconds >= question.midnight(question.first_day)
    if question.last_day:
        mask &= seconds < question.midnight(question.last_day + timedelta(days=1))
    if question.extensions:
        mask &= is_one_of(records["extension"].to_numpy(), map(pack, question.extensions))
    if question.caches:
        results = (pack(name[:LONGEST_NAME]) for name in question.caches)
        mask &= is_one_of(records["cache"].to_numpy(), results)
    return mask


def is_one_of(packed: np.ndarray, wanted: Iterable[int]) -> np.ndarray:
    """Where a packed name is one of these; a comparison for each is faster than np.isin's sort."""
    return np.logical_or.reduce([packed == name for name in wanted])


def summarise(records: pd.DataFrame, question: Question) -> pd.DataFrame:
    """A row per group that the question asks for, its keys still packed, with requests and bytes.

    Without grouping there is one row. Such parts of an answer can be added up.
    """
    mask = counts(records, question)
    sizes = records["size"].to_numpy()
    if not question.by:
        # Multiplied, which is ten times as fast as to take out the sizes that count
        return pd.DataFrame({"requests": [mask.sum()], "bytes": [(sizes * mask).sum()]})
    sizes = pd.Series(sizes[mask])
    keys = [pd.Series(group_key(records, by)[mask], name=by) for by in question.by]
    return sizes.groupby(keys, sort=False).agg(requests="size", bytes="sum").reset_index()


def group_key(records: pd.DataFrame, by: str) -> np.ndarray:
    """What records are grouped by: whole numbers, or URLs where the records have them."""
    if by in ("date", "hour"):
        return records["second"].to_numpy() // QUARTER
    return records[by].to_numpy()


def add_up(tables: list[pd.DataFrame], by: tuple[str, ...]) -> pd.DataFrame:
    """The sum of tables of groups."""
    table = pd.concat(tables, ignore_index=True)
    if by:
        return table.groupby(list(by), sort=False, as_index=False)[["requests", "bytes"]].sum()
    return table.sum().to_frame().T


def name_groups(table: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The groups under the names that people know them by."""
    named = table.copy()
    for by in question.by:
        names = {key: group_name(key, by, question) for key in table[by].unique()}
        named[by] = table[by].map(names).astype(object)
    return add_up([named], question.by)


def group_name(key: int | str, by: str, question: Question) -> str:
    """The name of one group."""
    if by == "extension":
        return unpack(key) or NO_EXTENSION
    if by == "status":
        return f"{key:03}"
    if by == "cache":
        name = unpack(key)
        known = (result for result in CACHE_RESULTS if pack(result[:LONGEST_NAME]) == key)
        return next(known, name)
    if by == "date":
        return question.local(key * QUARTER).date().isoformat()
    if by == "hour":
        return question.local(key * QUARTER).replace(minute=0).isoformat(timespec="minutes")
    return key


def rank(table: pd.DataFrame, by: tuple[str, ...], order: str, top: int | None) -> pd.DataFrame:
    """The `top` groups with most bytes or requests, as `order` says; times stay in their order."""
    if top is None and not {"date", "hour"}.isdisjoint(by):
        return table.sort_values(list(by), key=in_order_of_time, ignore_index=True)
    ascending = [False, *(True for _ in by)]
    ranked = table.sort_values([order, *by], ascending=ascending, key=in_order_of_time)
    return ranked.head(top).reset_index(drop=True)


def in_order_of_time(column: pd.Series) -> pd.Series:
    """What to sort a column by: hours by their instants, since clocks repeat some of them."""
    if column.name != "hour":
        return column
    return column.map(lambda name: datetime.fromisoformat(name).timestamp())


def with_shares(table: pd.DataFrame, total_bytes: int) -> pd.DataFrame:
    """Add each group's share of all bytes (0 to 1) and its mean size in bytes."""
    return table.assign(
        share=(table["bytes"] / max(total_bytes, 1)).round(6),
        mean_size=(table["bytes"] / table["requests"].clip(lower=1)).round(1),
    )
