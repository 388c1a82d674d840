"""A whole file answered by DuckDB, if every row of it is plain: see `logs.plain_rows`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from logs.names import LONGEST_NAME, pack
from logs.plain_rows import extension_of, has_extension, record_query
from logs.tables import Table
from traffic.account import BlockAccount
from traffic.groups import QUARTER, GroupPart
from traffic.question import Question

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUARTER_OF_HOUR = f"epoch_us(moment) // {QUARTER * 1_000_000}"
KEYS = {
    "extension": extension_of("url"),
    "date": QUARTER_OF_HOUR,
    "hour": QUARTER_OF_HOUR,
    "status": "status",
    "cache": "cache",
}


def table_answer(question: Question) -> Callable[[Table], object] | None:
    """Return what answers the question for a table; None for a question that the kernel answers."""
    return partial(answer_table, question=question) if KEYS.keys() >= {*question.by} else None


def answer_table(table: Table, question: Question) -> tuple[BlockAccount, GroupPart] | None:
    """What a file adds to the answer; None if a row of it is for the kernel."""
    import duckdb  # takes time to load, and only these files need it

    records = record_query(table, bool(question.caches) or "cache" in question.by)
    if not records:
        return None
    with table.database as database, ThreadPoolExecutor(1) as thread:
        # DuckDB may wait for its own threads without looking at Ctrl-C.
        found = thread.submit(rows_of_query, database, query(records, question))
        try:
            rows = found.result()
        except duckdb.Error:  # a line that is not JSON, a page that is damaged: the kernel reports
            return None
        except KeyboardInterrupt:
            database.interrupt()
            raise
    return part_of_rows(rows, table, question)


def rows_of_query(database: "DuckDBPyConnection", text: str) -> list[tuple]:
    """The rows of a query. Raises duckdb.Error."""
    return database.execute(text).fetchall()


def query(records: str, question: Question) -> str:
    """The question about records: the keys of each group, its requests and bytes, its account."""
    keys = [f"{KEYS[by]} AS key_{place}" for place, by in enumerate(question.by)]
    columns = ", ".join([*keys, "size", "moment", "plain", f"{condition(question)} AS counts"])
    names = [f"key_{place}" for place in range(len(keys))]
    sums = (
        "count(*) FILTER (plain AND counts)",
        "coalesce(sum(size) FILTER (plain AND counts), 0)",
        "count(*)",
        "count(*) FILTER (plain)",
        "epoch_us(min(moment)) // 1000000",
        "epoch_us(max(moment)) // 1000000",
    )
    groups = f" GROUP BY {', '.join(names)}" * bool(names)
    return f"SELECT {', '.join([*names, *sums])} FROM (SELECT {columns} FROM ({records})){groups}"  # noqa: S608


def condition(question: Question) -> str:
    """Which records the question is about."""
    parts = ["true"]
    if question.first_day:
        parts.append(f"moment >= {moment_at(question.midnight(question.first_day))}")
    if question.last_day:
        end = question.midnight(question.last_day + timedelta(days=1))
        parts.append(f"moment < {moment_at(end)}")
    if question.extensions:
        parts.append(has_extension("url", question.extensions))
    if question.caches:
        names = ", ".join(f"'{name[:LONGEST_NAME]}'" for name in question.caches)
        parts.append(f"cache IN ({names})")
    return " AND ".join(f"({part})" for part in parts)


def moment_at(second: int) -> str:
    """A second since 1970 in SQL."""
    return f"make_timestamp({second * 1_000_000})"


def part_of_rows(
    rows: list[tuple], table: Table, question: Question
) -> tuple[BlockAccount, GroupPart] | None:
    """What the rows of `query` add to the answer; None if not all are plain, or there are none."""
    wide = len(question.by)
    keys, (requests, sizes, read, plain, firsts, lasts) = (
        [row[:wide] for row in rows],
        zip(*(row[wide:] for row in rows), strict=True),
    )
    if sum(plain) < sum(read) or not any(read):
        return None
    account = BlockAccount(
        (table.file,),
        (0,),
        lines=sum(read),
        accepted=sum(read),
        first_second=min((second for second in firsts if second is not None), default=None),
        last_second=max((second for second in lasts if second is not None), default=None),
        unfinished=table.unfinished,
    )
    groups = zip(map(packed, keys), zip(requests, sizes, strict=True), strict=True)
    return account, GroupPart((key, sums) for key, sums in groups if sums[0])


def packed(keys: tuple) -> tuple[int, ...]:
    """The keys of a group, names among them as numbers."""
    return tuple(pack(key) if isinstance(key, str) else key for key in keys)
