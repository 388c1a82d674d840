"""A whole file answered by DuckDB, if every row of it is plain: see `logs.plain_rows`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import numpy as np

from logs.names import LONGEST_NAME, pack
from logs.plain_rows import extension_of, has_extension, record_query
from logs.tables import Table
from traffic.account import BlockAccount
from traffic.groups import QUARTER, GroupPart
from traffic.question import Question

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

    with duckdb.connect() as database, ThreadPoolExecutor(1) as thread:
        # DuckDB may wait for its own threads without looking at Ctrl-C.
        found = thread.submit(partial(rows_of_answer, database, table, question))
        try:
            rows = found.result()
        except duckdb.Error:  # a line that is not JSON, a page that is damaged: the kernel reports
            return None
        except KeyboardInterrupt:
            database.interrupt()
            raise
    return part_of_rows(rows, table, question) if rows else None


def rows_of_answer(database, table: Table, question: Question) -> list[tuple] | None:
    """The rows of `query`; None for columns that are left to the kernel. Raises duckdb.Error."""
    database.execute("SET enable_progress_bar = false")  # it would go to standard output
    with_cache = bool(question.caches) or "cache" in question.by
    records = record_query(table, kinds_of_columns(database, table), with_cache)
    return records and database.execute(query(records, question)).fetchall()


def kinds_of_columns(database, table: Table) -> tuple[str, ...]:
    """The types of the table's columns. Raises duckdb.Error."""
    read = f"SELECT {', '.join(table.columns)} FROM {table.relation}"  # noqa: S608 see `literal`
    return tuple(row[1] for row in database.execute(f"DESCRIBE {read}").fetchall())


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


def part_of_rows(rows: list[tuple], table: Table, question: Question):
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
    counted = [place for place, count in enumerate(requests) if count or not wide]
    packed = [[pack(key) if isinstance(key, str) else key for key in keys[at]] for at in counted]
    numbers = (np.array([column[at] for at in counted], np.int64) for column in (requests, sizes))
    return account, GroupPart(np.array(packed, np.int64).reshape(len(counted), wide), *numbers)
