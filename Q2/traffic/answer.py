"""From logs to the answer: every block is read, scanned and summarised, and its rows accounted."""

from common.command import UserError

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from operator import add
from typing import TYPE_CHECKING

from logs.fields import NOTHING_SAID, LayoutOptions
from logs.packs import Piece
from logs.reader import Reading, in_order, read_pieces
from logs.sources import Source
from traffic.account import RowAccount
from traffic.by_duckdb import table_answer
from traffic.measures import with_ratios
from traffic.parts import Buffers, Part, answer_piece, whole_files
from traffic.question import Question
from traffic.sized import SizedTotals
from traffic.sizes import PERCENTILES
from traffic.totals import GroupTotals

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client


@dataclass(frozen=True)
class Answer:
    """What was asked and found."""

    question: Question
    total: dict[str, list]  # the columns of `rankings` for all that counts, of one row
    # By order, the table of groups: their names, and the columns of `traffic.measures`
    rankings: dict[str, dict[str, list]]
    groups: int  # before the tables were cut to the top ones
    account: RowAccount
    counted_before: dict[str, str] = field(default_factory=dict)  # files left out, and why
    grown: dict[str, int] = field(default_factory=dict)  # files, and their bytes counted before

    @property
    def requests(self) -> int:
        """The requests that count."""
        return self.total["requests"][0]

    @property
    def bytes(self) -> int:
        """Their bytes."""
        return self.total["bytes"][0]

    @property
    def columns(self) -> dict[str, list]:
        """The columns of the first table of groups."""
        return next(iter(self.rankings.values()))

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row per group."""
        import pandas as pd  # takes as long to load as a small log to read

        return pd.DataFrame(self.columns)

    @property
    def rows_outside(self) -> int:
        """Sound rows that the question is not about."""
        return self.account.accepted - self.requests

    def without_groups(self) -> "Answer":
        """An answer with the total of this one and no groups."""
        question = replace(self.question, by=())
        return replace(self, question=question, rankings={"bytes": self.total}, groups=1)

    def period(self) -> tuple[date | None, date | None]:
        """The days asked for; where none was named, the first or last one in the log.

        So a period that begins after the log ends is the one day that was named.
        """
        first, last = self.question.first_day, self.question.last_day
        if self.question.asks_period and self.account.accepted:
            seconds = (self.account.first_second, self.account.last_second)
            begin, end = (self.question.local(second).date() for second in seconds)
            return first or min(begin, last or begin), last or max(end, first or end)
        return first, last


def answer(
    sources: list[Source],
    question: Question,
    orders: tuple[str, ...] = ("bytes",),
    top: int | None = None,
    layout: LayoutOptions = NOTHING_SAID,
    strict: bool = False,
    skip_bad_files: bool = False,
    client: "Client | None" = None,
    prepare: Callable[[], object] = lambda: None,
) -> Answer:
    """Read the sources and answer the question, in memory that does not grow with their size.

    `layout` is what the user says about the lines of the logs. Each of `orders`, of
    `Question.sums`, ranks the groups, of which `top` are kept. Raises `UserError` where a log
    cannot be read, unless such files are skipped, or, if `strict`, at the first bad row.
    With the client of a Dask cluster its workers read; otherwise `prepare` is called before the
    first lines are read, if any are.
    """
    layout = layout._replace(texts=question.roles)
    reading = Reading(layout, question.check, skip_bad_files, table_answer(question))
    if client is None:
        parts = local_parts(sources, question, reading, prepare)
    else:
        from traffic.distributed import parts_on_cluster

        parts = parts_on_cluster(client, sources, question, reading, strict)
    account, sums = RowAccount(), (0,) * len(question.sums)
    with totals_by(question) as totals:
        for lines, part in parts:
            account.add(lines)
            if strict:
                account.check()
            totals.add(part)
            if added := part.total():
                sums = tuple(map(add, sums, added))
        if account.file is None and sources:
            raise UserError(nothing_read(sources, account))
        tables, groups = totals.tables(orders, top) if question.by else ({}, 1)
        sizes = totals.percentiles()
    size, names = sums[1], (*question.sums, *(PERCENTILES if sizes else ()))
    rankings = {order: with_ratios(table, size) for order, table in tables.items()}
    columns = {name: [it] for name, it in zip(names, sums + sizes, strict=True)}
    total = with_ratios(columns, size)
    return Answer(question, total, rankings or {"bytes": total}, groups, account)


def totals_by(question: Question) -> AbstractContextManager:
    """Return totals to add parts of the answer to, as a context manager."""
    if not question.is_of_texts:
        return nullcontext((SizedTotals if question.is_sized else GroupTotals)(question))
    from traffic.text_totals import TextTotals  # takes time to load, and only texts need it

    return TextTotals(question)


def local_parts(
    sources: list[Source], question: Question, reading: Reading, prepare: Callable[[], object]
) -> Iterator[Part]:
    """Yield what the pieces of the sources add to the answer, in their order."""
    work = partial(answer_piece, question=question, buffers=Buffers())
    parts = in_order(work, prepared(read_pieces(sources, reading), prepare))
    return whole_files(parts) if reading.skip_bad_files else parts


def prepared(pieces: Iterator[Piece], prepare: Callable[[], object]) -> Iterator[Piece]:
    """Yield the pieces; call `prepare` before the first one whose lines are to be read."""
    for piece in pieces:
        if not piece.answered and not piece.reason:
            prepare()
            yield piece
            break
        yield piece
    yield from pieces


def nothing_read(sources: list[Source], account: RowAccount) -> str:
    """The message of a run that read no line: the logs are empty, or none can be read."""
    if not account.left_out:
        return f"{names(sources)}: the log is empty"
    name, reason = next(iter(account.left_out.items()))
    return f"{name}: {reason}; none of {len(account.left_out):,} files can be read"


def names(sources: list[Source]) -> str:
    """The first source, and how many there are besides."""
    return sources[0].name + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")
