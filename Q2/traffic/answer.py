"""From logs to the answer: every block is read, scanned and summarised, and its rows accounted."""

import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from command_line import UserError
from log_kernel import CACHE, STATUS
from log_reader import in_order, read_pieces
from log_scanner import SHORTEST_ROW, Columns, Layout, ScannedBlock, empty_columns, scan_block
from log_sources import Source
from row_account import BlockAccount, RowAccount, account_for
from traffic import Question, add_up, counts, name_groups, rank, summarise, with_shares
from url_totals import UrlTotals

if TYPE_CHECKING:
    from distributed import Client

MOST_PARTS = 100  # added up at once, for pandas takes a millisecond each time


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
        """The days asked for; where none was named, the first or last one in the log.

        So a period that begins after the log ends is the one day that was named.
        """
        first, last = self.question.first_day, self.question.last_day
        if self.account.accepted:
            seconds = (self.account.first_second, self.account.last_second)
            begin, end = (self.question.local(second).date() for second in seconds)
            return first or min(begin, last or begin), last or max(end, first or end)
        return first, last


class GroupTotals:
    """Requests and bytes by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.parts = [no_groups(question)]

    def add(self, part: pd.DataFrame) -> None:
        """Add a part of the answer."""
        self.parts.append(part)
        if len(self.parts) > MOST_PARTS:
            self.parts = [add_up(self.parts, self.question.by)]

    def table(self, order: str, top: int | None) -> tuple[pd.DataFrame, int]:
        """The `top` groups by `order`, and how many there are."""
        named = name_groups(add_up(self.parts, self.question.by), self.question)
        return rank(named, self.question.by, order, top), len(named)


class Rooms(threading.local):
    """Columns of each thread, filled for block after block: fresh memory takes time to be had."""

    columns: Columns | None = None

    def columns_for(self, block: memoryview, question: Question) -> Columns:
        """Columns with room for the block's rows."""
        if self.columns is None or len(self.columns.second) < len(block) // SHORTEST_ROW + 1:
            self.columns = empty_columns(block, question.columns_left_out())
        return self.columns


def answer(
    sources: list[Source],
    question: Question,
    order: str = "bytes",
    top: int | None = None,
    log_format: str | None = None,
    strict: bool = False,
    client: "Client | None" = None,
) -> Answer:
    """Read the sources and answer the question, in memory that does not grow with their size.

    `order`, bytes or requests, ranks the groups, of which `top` are kept. Raises `UserError` where
    a log cannot be read, lacks a field of the question, or, if `strict`, at the first bad row.
    With the client of a Dask cluster its workers read.
    """
    if client is None:
        work = partial(answer_block, question=question, rooms=Rooms())
        parts = in_order(work, read_pieces(sources, log_format))
    else:
        from traffic_cluster import parts_on_cluster  # it builds on this module

        parts = parts_on_cluster(client, sources, question, log_format, strict)
    account, requests, size = RowAccount(), 0, 0
    with UrlTotals() if "url" in question.by else nullcontext(GroupTotals(question)) as totals:
        for lines, part in parts:
            account.add(lines)
            if strict:
                account.check()
            totals.add(part)
            requests += int(part["requests"].sum())
            size += int(part["bytes"].sum())
        if account.file is None:
            raise UserError(f"{names(sources)}: the log is empty")
        table, groups = totals.table(order, top)
    return Answer(question, requests, size, with_shares(table, size), groups, account)


def names(sources: list[Source]) -> str:
    """The first source, and how many there are besides."""
    return sources[0].name + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")


def answer_block(
    file: str, layout: Layout, block: memoryview, question: Question, rooms: Rooms
) -> tuple[BlockAccount, pd.DataFrame]:
    """What became of the lines of one block, and what it adds to the answer."""
    scanned = scan_block(file, layout, block, rooms.columns_for(block, question))
    return account_for(scanned), part_of_answer(scanned, question)


def part_of_answer(scanned: ScannedBlock, question: Question) -> pd.DataFrame:
    """What one block adds to the answer."""
    if scanned.records.empty:
        return no_groups(question)
    for name, role in (("status", STATUS), ("cache", CACHE)):
        asked = name in question.by or (name == "cache" and question.caches)
        if asked and role not in scanned.layout.roles:
            raise UserError(f"{scanned.file}: its rows have no {name} field; ask without {name}")
    if "url" not in question.by:
        return summarise(scanned.records, question)
    mask = counts(scanned.records, question)
    return summarise(scanned.records[mask].assign(url=scanned.urls(mask)), question)


def no_groups(question: Question) -> pd.DataFrame:
    """A part that adds nothing."""
    return pd.DataFrame(columns=[*question.by, "requests", "bytes"], dtype="int64")
