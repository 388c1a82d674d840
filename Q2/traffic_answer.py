"""From logs to the answer: every block is read, scanned and summarised, and its rows accounted."""

from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from command_line import UserError
from log_kernel import CACHE, STATUS
from log_reader import in_order, read_pieces
from log_scanner import Layout, ScannedBlock, scan_block
from log_sources import Source
from row_account import RowAccount
from traffic import Question, add_up, counts, name_groups, rank, summarise, with_shares
from url_totals import UrlTotals


@dataclass(frozen=True)
class Answer:
    """What was asked and found."""

    question: Question
    requests: int
    bytes: int
    table: pd.DataFrame  # a row per group: its names, requests, bytes, share, mean_size
    groups: int  # before the table was cut to the top ones
    account: RowAccount

    @property
    def rows_outside(self) -> int:
        """Sound rows that the question is not about."""
        return self.account.accepted - self.requests

    def without_groups(self) -> "Answer":
        """The same answer with its total alone."""
        total = pd.DataFrame({"requests": [self.requests], "bytes": [self.bytes]})
        return replace(
            self,
            question=replace(self.question, by=()),
            table=with_shares(total, self.bytes),
            groups=1,
        )

    def period(self) -> tuple[date | None, date | None]:
        """The days asked for; where none was named, the first or last one in the log."""
        asked = (self.question.first_day, self.question.last_day)
        seen = (self.account.first_second, self.account.last_second)
        return tuple(
            day or (None if second is None else self.question.local(second).date())
            for day, second in zip(asked, seen, strict=True)
        )


class GroupTotals:
    """Requests and bytes by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question, self.sum = question, None

    def __enter__(self) -> "GroupTotals":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def add(self, part: pd.DataFrame) -> None:
        """Add a part of the answer."""
        self.sum = part if self.sum is None else add_up([self.sum, part], self.question.by)

    def table(self, order: str, top: int | None) -> tuple[pd.DataFrame, int]:
        """The `top` groups by `order`, and how many there are."""
        named = name_groups(self.sum, self.question)
        return rank(named, self.question.by, order, top), len(named)


def answer(
    sources: list[Source],
    question: Question,
    order: str = "bytes",
    top: int | None = None,
    log_format: str | None = None,
    strict: bool = False,
) -> Answer:
    """Read the sources and answer the question, in memory that does not grow with their size.

    `order`, bytes or requests, ranks the groups, of which `top` are kept. Raises `UserError` where
    a log cannot be read, lacks a field of the question, or, if `strict`, at the first bad row.
    """

    def work(file: str, layout: Layout, block: memoryview) -> tuple[ScannedBlock, pd.DataFrame]:
        scanned = scan_block(file, layout, block)
        if len(scanned.records):
            check_fields(file, layout, question)
        return scanned, summarise(records_for(scanned, question), question)

    account, requests, size = RowAccount(), 0, 0
    with UrlTotals() if "url" in question.by else GroupTotals(question) as totals:
        for scanned, part in in_order(work, read_pieces(sources, log_format)):
            account.add(scanned)
            if strict:
                account.check()
            totals.add(part)
            requests += int(part["requests"].sum())
            size += int(part["bytes"].sum())
        table, groups = totals.table(order, top)
    return Answer(question, requests, size, with_shares(table, size), groups, account)


def check_fields(file: str, layout: Layout, question: Question) -> None:
    """Refuse a question that the log's fields cannot answer."""
    for name, role in (("status", STATUS), ("cache", CACHE)):
        asked = name in question.by or (name == "cache" and question.caches)
        if asked and role not in layout.roles:
            raise UserError(f"{file}: its rows have no {name} field; ask without {name}")


def records_for(scanned: ScannedBlock, question: Question) -> pd.DataFrame:
    """The records; for a grouping by URL those that count, with their URLs."""
    if "url" not in question.by:
        return scanned.records
    mask = counts(scanned.records, question)
    return scanned.records[mask].assign(url=scanned.urls(mask))
