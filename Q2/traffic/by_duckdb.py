"""A whole file answered by DuckDB, if every row of it is plain: see `logs.plain_rows`."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from logs.extensions import ends_with, extension_of, has_extension
from logs.fields import DATE, MOMENT
from logs.names import LONGEST_NAME, pack
from logs.plain_rows import Records, cache_name, records_of
from logs.tables import Table
from traffic.account import BlockAccount
from traffic.groups import GroupPart
from traffic.measures import HITS, MISSES
from traffic.question import Question
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
    "cache": "cache",
    "size": ROUNDED,
}

OUTCOMES = {"hits": HITS, "hit_bytes": HITS, "misses": MISSES, "miss_bytes": MISSES}


def table_answer(question: Question) -> Callable[[Table], object] | None:
    """Return what answers the question for a table; None for a question that the kernel answers."""
    narrowed = question.urls or question.excluded or question.hosts or question.statuses
    answered = not narrowed and KEYS.keys() >= {*question.by}
    return partial(answer_table, question=question) if answered else None


def answer_table(table: Table, question: Question) -> tuple[BlockAccount, Groups] | None:
    """What a file adds to the answer; None if a row of it is for the kernel."""
    import duckdb  # takes time to load, and only these files need it

    records = records_of(table, question.asks_cache, question.extensions)
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
    if not rows:
        return None
    usual = usual_fields(database, records)
    if any(has_row(database, records, condition) for condition in records.odd(usual)):
        return None
    account = BlockAccount((table.file,), (0,), rows, accepted=rows)
    if question.asks_period:
        first, last = (bound(database, records, question, extreme) for extreme in ("min", "max"))
        account = account._replace(first_second=first, last_second=last)
    groups = database.execute(query(records, question, usual)).fetchall()
    return account, part_of_groups(groups, question)


def usual_fields(database: "DuckDBPyConnection", records: Records) -> set[str]:
    """The fields that hold nothing but what is usual, or missing. Raises duckdb.Error."""
    asked = {name: field.usual for name, field in records.fields.items() if field.usual}
    return {name for name, it in asked.items() if not has_row(database, records, f"NOT ({it})")}


def has_row(database: "DuckDBPyConnection", records: Records, condition: str) -> bool:
    """Whether a condition holds for any record. Raises duckdb.Error."""
    found = f"SELECT 1 FROM {records.relation} WHERE {condition} LIMIT 1"  # noqa: S608
    return bool(database.execute(found).fetchall())


def bound(
    database: "DuckDBPyConnection", records: Records, question: Question, extreme: str
) -> int:
    """A second of the question's day of the first record or, by `max`, of the last.

    A column in the order of the moments is asked for its own bound, which statistics have.
    Raises duckdb.Error.
    """
    role, value = MOMENT, records.moment
    if has_days(records, question):
        role, value = DATE, records.fields["day"].value
    column = records.columns.get(role)
    if column and records.ordered:
        found = f"SELECT {extreme}({column}) AS {column} FROM {records.relation}"  # noqa: S608
        found = f"SELECT {value} AS moment FROM ({found})"  # noqa: S608
    else:
        found = f"SELECT {extreme}(moment) AS moment FROM ({records.query()})"  # noqa: S608
    return database.execute(f"SELECT epoch_us(moment) // 1000000 FROM ({found})").fetchone()[0]  # noqa: S608


def has_days(records: Records, question: Question) -> bool:
    """Whether there is a column of the days that the question means, which are those of UTC."""
    return "day" in records.fields and question.time_zone.utcoffset(None) == timedelta(0)


def query(records: Records, question: Question, usual: Collection[str]) -> str:
    """The question about records: the keys of each group, and its sums.

    The fields named in `usual` hold nothing but what is usual.

    Records are grouped by the texts of cache results, and these groups by what the texts mean: so
    each text is looked at once.
    """
    keys = {f"key_{by}": key(by, records, question) for by in question.keys if by != "cache"}
    keys |= {"cache": "cache"} if question.asks_cache else {}
    asked = ", ".join([*(f"{value} AS {name}" for name, value in keys.items()), "size"])
    asked = f"SELECT {asked} FROM ({records.query()}) WHERE {condition(records, question, usual)}"  # noqa: S608
    sums = ", ".join([*keys, "count(*) AS requests", "sum(size) AS bytes"])
    groups = f"SELECT {sums} FROM ({asked}){group_by(keys)}"  # noqa: S608
    shown = [cache_name(by) if by == "cache" else f"key_{by}" for by in question.keys]
    sums = ", ".join([*shown, *(sum_in_sql(name, question) for name in question.sums)])
    return f"SELECT {sums} FROM ({groups}){group_by(shown)}"  # noqa: S608


def group_by(keys: Collection[str]) -> str:
    """The clause that groups by these, if there are any."""
    return f" GROUP BY {', '.join(keys)}" * bool(keys)


def sum_in_sql(name: str, question: Question) -> str:
    """One of `Question.sums`."""
    wanted = [names for names in (question.caches, OUTCOMES.get(name)) if names]
    kept = f" FILTER ({' AND '.join(map(is_one_of, wanted))})" * bool(wanted)
    return f"coalesce(sum({'bytes' if 'bytes' in name else 'requests'}){kept}, 0)"


def is_one_of(results: tuple[str, ...]) -> str:
    """Whether the result of the cache is one of these, of which the first letters count."""
    names = ", ".join(f"'{name[:LONGEST_NAME]}'" for name in results)
    return f"{cache_name('cache')} IN ({names})"


def key(by: str, records: Records, question: Question) -> str:
    """What records are grouped by; a day of its own column, where it is the question's."""
    if by == "date" and has_days(records, question):
        return KEYS[by].replace("moment", "day")
    return KEYS[by]


def condition(records: Records, question: Question, usual: Collection[str]) -> str:
    """Which records the question is about."""
    parts = ["true"]
    if question.first_day:
        parts.append(since(question.midnight(question.first_day), records))
    if question.last_day:
        end = question.midnight(question.last_day + timedelta(days=1))
        parts.append(f"NOT {since(end, records)}")
    if question.extensions:
        has_one = ends_with if "url" in usual else has_extension
        parts.append(has_one("url", question.extensions))
    return " AND ".join(f"({part})" for part in parts)


def since(second: int, records: Records) -> str:
    """Whether a record is at or after a second since 1970; at midnight its day tells."""
    compared = "day" if "day" in records.fields and second % DAY == 0 else "moment"
    return f"({compared} >= make_timestamp({second * 1_000_000}))"


def part_of_groups(rows: list[tuple], question: Question) -> GroupPart:
    """What the rows of `query` add to the answer."""
    wide, part = len(question.keys), GroupPart()
    for row in rows:
        if row[wide]:
            part.add_group(key_numbers(row[:wide], question), row[wide:])
    return part


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
