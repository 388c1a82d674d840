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
from traffic.groups import GroupPart
from traffic.measures import HITS, MISSES
from traffic.question import Question
from traffic.sized import sized_part
from traffic.sizes import ROUNDED
from traffic.times import QUARTER, TIMES, time_key
from traffic.totals import Groups

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUARTER_OF_HOUR = f"epoch_us(moment) // {QUARTER * 1_000_000}"
KEYS = {
    "extension": extension_of("url"),
    "date": QUARTER_OF_HOUR,
    "hour": QUARTER_OF_HOUR,
    "status": "status",
    "status_class": "status // 100",
    "cache": "cache",
    "size": ROUNDED,
}

OUTCOMES = {"hits": HITS, "hit_bytes": HITS, "misses": MISSES, "miss_bytes": MISSES}


def table_answer(question: Question) -> Callable[[Table], object] | None:
    """Return what answers the question for a table; None for a question that the kernel answers."""
    patterns = question.urls or question.excluded or question.hosts
    answered = not patterns and KEYS.keys() >= {*question.by}
    return partial(answer_table, question=question) if answered else None


def answer_table(table: Table, question: Question) -> tuple[BlockAccount, Groups] | None:
    """What a file adds to the answer; None if a row of it is for the kernel."""
    import duckdb  # takes time to load, and only these files need it

    records = record_query(table, question.asks_cache)
    if not records:
        return None
    with table.database as database, ThreadPoolExecutor(1) as thread:
        # DuckDB may wait for its own threads without looking at Ctrl-C.
        found = thread.submit(rows_of_query, database, query(records, question))
        try:
            rows = found.result()
        except duckdb.Error:  # a page that is damaged: the kernel reports
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
    keys = [f"{KEYS[by]} AS key_{place}" for place, by in enumerate(question.keys)]
    columns = ["size", "cache", "moment", "plain", f"{condition(question)} AS counts"]
    columns = ", ".join([*keys, *columns])
    names = [f"key_{place}" for place in range(len(keys))]
    sums = (
        *map(sum_in_sql, question.sums),
        "count(*)",
        "count(*) FILTER (plain)",
        "epoch_us(min(moment)) // 1000000",
        "epoch_us(max(moment)) // 1000000",
    )
    groups = f" GROUP BY {', '.join(names)}" * bool(names)
    return f"SELECT {', '.join([*names, *sums])} FROM (SELECT {columns} FROM ({records})){groups}"  # noqa: S608


def sum_in_sql(name: str) -> str:
    """One of `Question.sums` of the records that count."""
    results = OUTCOMES.get(name)
    answers = f" AND {is_one_of(results)}" if results else ""
    kept = f"FILTER (plain AND counts{answers})"
    return f"coalesce(sum(size) {kept}, 0)" if "bytes" in name else f"count(*) {kept}"


def is_one_of(results: tuple[str, ...]) -> str:
    """Whether the result of the cache is one of these, of which the first letters count."""
    names = ", ".join(f"'{name[:LONGEST_NAME]}'" for name in results)
    return f"cache IN ({names})"


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
        parts.append(is_one_of(question.caches))
    return " AND ".join(f"({part})" for part in parts)


def moment_at(second: int) -> str:
    """A second since 1970 in SQL."""
    return f"make_timestamp({second * 1_000_000})"


def part_of_rows(
    rows: list[tuple], table: Table, question: Question
) -> tuple[BlockAccount, Groups] | None:
    """What the rows of `query` add to the answer; None if not all are plain, or there are none."""
    wide = len(question.keys)
    *sums, read, plain, firsts, lasts = zip(*(row[wide:] for row in rows), strict=True)
    if sum(plain) < sum(read) or not any(read):
        return None
    account = BlockAccount(
        (table.file,),
        (0,),
        lines=sum(read),
        accepted=sum(read),
        first_second=min((second for second in firsts if second is not None), default=None),
        last_second=max((second for second in lasts if second is not None), default=None),
    )
    part = GroupPart()
    for row, *group in zip(rows, *sums, strict=True):
        if group[0]:
            part.add_group(key_numbers(row[:wide], question), tuple(group))
    return account, sized_part(part, question) if question.is_sized else part


def key_numbers(keys: tuple, question: Question) -> tuple[int, ...]:
    """The keys of a group as the kernel has them: names as numbers, quarters in days or hours."""
    return tuple(
        time_key(key, by, question.time_zone)
        if by in TIMES
        else pack(key)
        if isinstance(key, str)
        else key
        for key, by in zip(keys, question.keys, strict=True)
    )
