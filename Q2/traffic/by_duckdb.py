"""A whole file answered by DuckDB, if every row of it is plain: see `logs.plain_rows`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from logs.fields import DATE, MOMENT, TIME
from logs.names import LONGEST_NAME, pack
from logs.plain_rows import Records, extension_of, has_extension, records_of
from logs.tables import Table, literal
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

DAY = 86_400  # seconds
QUARTER_OF_HOUR = f"epoch_us(moment) // {QUARTER * 1_000_000}"
KEYS = {
    "extension": extension_of("url"),
    "date": QUARTER_OF_HOUR,
    "hour": QUARTER_OF_HOUR,
    "status": "status",
    "status_class": "status // 100",
    "cache": "coalesce(cache, '-')",
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

    records = records_of(table, question.asks_cache)
    if not records:
        return None
    with table.database as database, ThreadPoolExecutor(1) as thread:
        # DuckDB may wait for its own threads without looking at Ctrl-C.
        found = thread.submit(part_of_records, table, records, question)
        try:
            return found.result()
        except duckdb.Error:  # a page that is damaged: the kernel reports
            return None
        except KeyboardInterrupt:
            database.interrupt()
            raise


def part_of_records(
    table: Table, records: Records, question: Question
) -> tuple[BlockAccount, Groups] | None:
    """What records add to the answer; None if not all are plain, or there are none.

    Raises duckdb.Error.
    """
    database = table.database
    (rows,) = database.execute(f"SELECT count(*) FROM {records.relation}").fetchone()  # noqa: S608
    if not rows or any(has_row(database, records, condition) for condition in records.odd()):
        return None
    account = BlockAccount((table.file,), (0,), rows, accepted=rows)
    if question.asks_period:
        first, last = (bound(database, records, extreme) for extreme in ("min", "max"))
        account = account._replace(first_second=first, last_second=last)
    groups = database.execute(query(records, question)).fetchall()
    return account, part_of_groups(groups, question)


def has_row(database: "DuckDBPyConnection", records: Records, condition: str) -> bool:
    """Whether a condition holds for any record. Raises duckdb.Error."""
    found = f"SELECT 1 FROM {records.relation} WHERE {condition} LIMIT 1"  # noqa: S608
    return bool(database.execute(found).fetchall())


def bound(database: "DuckDBPyConnection", records: Records, extreme: str) -> int:
    """The second since 1970 of the first record or, by `max`, the last. Raises duckdb.Error.

    Columns in the order of the moments are asked for their own bounds, which statistics have.
    """
    found = f"SELECT {extreme}(moment) AS moment FROM ({records.query()})"  # noqa: S608
    if records.ordered:
        within = bound_day(database, records, extreme) if "day" in records.fields else ""
        columns = (it for role, it in records.columns.items() if role in (DATE, TIME, MOMENT))
        asked = ", ".join(f"{extreme}({column}) AS {column}" for column in columns)
        edge = f"SELECT {asked} FROM {records.relation}{within}"  # noqa: S608
        found = f"SELECT {records.moment} AS moment FROM ({edge})"  # noqa: S608
    return database.execute(f"SELECT epoch_us(moment) // 1000000 FROM ({found})").fetchone()[0]  # noqa: S608


def bound_day(database: "DuckDBPyConnection", records: Records, extreme: str) -> str:
    """The condition that a record is of the first day or, by `max`, the last."""
    day = records.columns[DATE]
    found = f"SELECT {extreme}({day})::VARCHAR FROM {records.relation}"  # noqa: S608
    return f" WHERE {day} = {literal(*database.execute(found).fetchone())}"


def query(records: Records, question: Question) -> str:
    """The question about records: the keys of each group, and its sums."""
    names = [f"key_{place}" for place in range(len(question.keys))]
    keys = (key(by, records, question) for by in question.keys)
    keys = [f"{it} AS {name}" for it, name in zip(keys, names, strict=True)]
    sums = map(sum_in_sql, question.sums)
    asked = f"SELECT {', '.join([*keys, 'size', 'cache'])} FROM ({records.query()})"  # noqa: S608
    asked += f" WHERE {condition(records, question)}"
    groups = f" GROUP BY {', '.join(names)}" * bool(names)
    return f"SELECT {', '.join([*names, *sums])} FROM ({asked}){groups}"  # noqa: S608


def sum_in_sql(name: str) -> str:
    """One of `Question.sums` of the records that count."""
    results = OUTCOMES.get(name)
    kept = f" FILTER ({is_one_of(results)})" if results else ""
    return f"coalesce(sum(size){kept}, 0)" if "bytes" in name else f"count(*){kept}"


def is_one_of(results: tuple[str, ...]) -> str:
    """Whether the result of the cache is one of these, of which the first letters count."""
    names = ", ".join(f"'{name[:LONGEST_NAME]}'" for name in results)
    return f"list_contains([{names}], cache)"  # a function, asked once for a dictionary's entry


def key(by: str, records: Records, question: Question) -> str:
    """What records are grouped by; a day of its own column, where it is the question's."""
    is_utc = question.time_zone.utcoffset(None) == timedelta(0)
    if by == "date" and is_utc and "day" in records.fields:
        return KEYS[by].replace("moment", "day")
    return KEYS[by]


def condition(records: Records, question: Question) -> str:
    """Which records the question is about."""
    parts = ["true"]
    if question.first_day:
        parts.append(since(question.midnight(question.first_day), records))
    if question.last_day:
        end = question.midnight(question.last_day + timedelta(days=1))
        parts.append(f"NOT {since(end, records)}")
    if question.extensions:
        parts.append(has_extension("url", question.extensions))
    if question.caches:
        parts.append(is_one_of(question.caches))
    return " AND ".join(f"({part})" for part in parts)


def since(second: int, records: Records) -> str:
    """Whether a record is at or after a second since 1970; at midnight its day tells."""
    compared = "day" if "day" in records.fields and second % DAY == 0 else "moment"
    return f"({compared} >= make_timestamp({second * 1_000_000}))"


def part_of_groups(rows: list[tuple], question: Question) -> Groups:
    """What the rows of `query` add to the answer."""
    wide, part = len(question.keys), GroupPart()
    for row in rows:
        if row[wide]:
            part.add_group(key_numbers(row[:wide], question), row[wide:])
    return sized_part(part, question) if question.is_sized else part


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
