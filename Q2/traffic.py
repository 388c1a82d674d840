"""The question put to a log, and its answer: requests and bytes, with every row accounted for.

In a notebook, `summarise` answers for a DataFrame of records, such as those of `read_log`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from log_reader import ScannedBlock, in_order, read_pieces, scan_block
from log_sources import Source
from packed_names import pack
from row_account import RowAccount


@dataclass(frozen=True)
class Question:
    """Which requests count. Where a day is None or a tuple is empty, all do."""

    first_day: date | None = None
    last_day: date | None = None  # whole
    extensions: tuple[str, ...] = ()


@dataclass
class Answer:
    """`table` has the columns requests and bytes, and a row."""

    question: Question
    table: pd.DataFrame
    account: RowAccount = field(default_factory=RowAccount)

    @property
    def requests(self) -> int:
        return int(self.table["requests"].sum())

    @property
    def bytes(self) -> int:
        return int(self.table["bytes"].sum())

    @property
    def rows_outside(self) -> int:
        """Rows that are no fault of the log, but not what was asked for."""
        return self.account.accepted - self.requests

    def period(self) -> tuple[date | None, date | None]:
        """The days asked for; where none was named, the first or last one in the log."""
        asked = (self.question.first_day, self.question.last_day)
        seen = (self.account.first_second, self.account.last_second)
        return tuple(
            day or (second if second is None else datetime.fromtimestamp(second, UTC).date())
            for day, second in zip(asked, seen, strict=True)
        )


def midnight(day: date) -> int:
    """The second since 1970-01-01 UTC at which a day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def counts(records: pd.DataFrame, question: Question) -> np.ndarray:
    """Which records the question is about, bool of shape (records,)."""
    mask = np.ones(len(records), dtype=bool)
    seconds = records["second"].to_numpy()
    if question.first_day:
        mask &= seconds >= midnight(question.first_day)
    if question.last_day:
        mask &= seconds < midnight(question.last_day + timedelta(days=1))
    if question.extensions:
        packed = [pack(extension) for extension in question.extensions]
        mask &= np.isin(records["extension"].to_numpy(), packed)
    return mask


def summarise(records: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Requests and bytes of the records that the question is about."""
    mask = counts(records, question)
    total = int(records["size"].to_numpy()[mask].sum())
    return pd.DataFrame({"requests": [int(mask.sum())], "bytes": [total]})


def answer(sources: Iterable[Source], question: Question) -> Answer:
    """Read the sources and answer the question; memory does not grow with their size."""

    def work(file, layout, block) -> tuple[ScannedBlock, pd.DataFrame]:
        scanned = scan_block(file, layout, block)
        return scanned, summarise(scanned.records, question)

    account, table = RowAccount(), pd.DataFrame({"requests": [0], "bytes": [0]})
    for scanned, part in in_order(work, read_pieces(sources)):
        account.add(scanned)
        table += part
    return Answer(question, table, account)
