"""The questions about retention: `queries/*.sql`, asked of the view `piwik_track`."""

from common.command import UserError

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

from psycopg2.errors import DatetimeFieldOverflow, InvalidDatetimeFormat
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import NamedTupleCursor

from events.view import View
from postgres.copying import copy_out

QUERIES = Path(__file__).resolve().parents[1] / "queries"
# Lines for days that are not one range of moments; elsewhere they would only mislead the planner.
TWICE = re.compile(r"^.*-- where midnights come twice\n", re.MULTILINE)
PASSES = ("user_summary", "alike", "measure")  # which take long: those read twice are kept

# For queries that group all events by user. Several processes would each keep nearly all users, in
# memory and then on disk: two to three times the processor time. An index in order of users, which
# is then read in its own order, needs no such memory; the planner likes it less than it is worth.
# Partitions by a hash of the user, as files are loaded into, are grouped one after the other.
BY_USER = """
    SET LOCAL enable_partitionwise_aggregate = on;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL hash_mem_multiplier = 1;
    SET LOCAL random_page_cost = 1.1
"""
# Without such an index all users are in memory, or most events go to disk once more.
WITHOUT_INDEX = "SET LOCAL hash_mem_multiplier = 4"


@dataclass(frozen=True)
class Question:
    """Who installed on a day, and who of them was active in a period? All days are whole days.

    Only events from `from_day` to `to_day` are data; None is from 2000 on, and until now.
    """

    install_event: str
    install_date: date
    active_from: date
    active_to: date  # inclusive
    time_zone: str
    from_day: date | None = None
    to_day: date | None = None
    first_event: bool = False  # of any kind begins a user's time, not the install event

    @property
    def start(self) -> str:
        """What begins a user's time, in words."""
        return "a first event" if self.first_event else self.install_event


class Count(NamedTuple):
    """How many users installed, and how many of them came back."""

    installed_users: int
    retained_users: int

    @property
    def retention(self) -> float | None:
        """The share of the installed users who came back; None if nobody installed."""
        return self.retained_users / self.installed_users if self.installed_users else None


class Cohort(NamedTuple):
    """The users whose first install lies in the period that begins on `start`.

    By age in periods: how many were active in the period of that age, and in it or a later one;
    None where that period is not over by the data's last day.
    """

    start: date
    users: int
    active_on: list[int | None]
    active_on_or_after: list[int | None]


def statement(
    connection: Connection, query: str, view: View | None, parameters: dict[str, Any]
) -> str:
    """The text of `queries/<query>.sql`, beginning with the common table expressions it reads.

    Without a `view` it reads tables or views of these names. Some of the parameters are about the
    text: `twice` is for days whose midnight comes twice; what is not `limited` reads all records,
    and is for data of which none lie outside the limits; `measure` is a file of `measures/`, which
    reads the users that are alike in the row per user.
    """
    text = text_of(query)
    ctes = view.ctes(connection, parameters.get("limited", True)) if view else {}
    if "measure" in parameters:
        ctes |= {name: text_of(name) for name in ("user_summary", "alike")}
        ctes["measure"] = text_of(f"measures/{parameters['measure']}")
    text = with_ctes(text, ctes)
    return text if parameters.get("twice") else TWICE.sub("", text)


def text_of(query: str) -> str:
    """The text of `queries/<query>.sql`."""
    return (QUERIES / f"{query}.sql").read_text(encoding="utf-8").strip()


def with_ctes(text: str, ctes: dict[str, str]) -> str:
    """A statement that begins with those common table expressions that it, or another, reads."""
    read = text
    for name, cte in reversed(ctes.items()):
        if re.search(rf"\bFROM {name}\b", read):
            read = cte + read
        else:
            ctes = {other: ctes[other] for other in ctes if other != name}
    if not ctes:
        return text
    first_parts = [
        f"{name} AS {'' if name in PASSES else 'NOT MATERIALIZED '}(\n{cte}\n)"
        for name, cte in ctes.items()
    ]
    comment, first, rest = re.split(r"^(WITH\n|SELECT\b)", text, maxsplit=1, flags=re.MULTILINE)
    parts = [*first_parts, rest.strip()] if first == "WITH\n" else first_parts
    main = "" if first == "WITH\n" else f"\n\n{first}{rest}"
    return f"{comment}WITH\n\n" + ",\n\n".join(parts) + main


def ask(
    connection: Connection,
    query: str,
    parameters: dict[str, Any],
    view: View | None = None,
    explain: bool = False,
) -> tuple[list, str]:
    """The rows of `queries/<query>.sql` as named tuples, and the statement that was sent.

    With `explain` the rows are the lines of the plan that PostgreSQL followed, with its times.
    Raises `UserError` for a value that is not a time.
    """
    text = statement(connection, query, view, parameters)
    if explain:
        text = f"EXPLAIN (ANALYZE, BUFFERS)\n{text}"
    with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
        with times_checked(view):
            cursor.execute(text, parameters)
        return cursor.fetchall(), cursor.query.decode()


def ask_by_user(
    connection: Connection,
    query: str,
    parameters: dict[str, Any],
    view: View,
    explain: bool = False,
) -> tuple[list, str]:
    """What `ask` returns, for a query that groups all events by user."""
    with connection.cursor() as cursor:
        prepare_by_user(cursor, statement(connection, query, view, parameters), parameters)
    return ask(connection, query, parameters, view, explain)


def copy_by_user(
    connection: Connection, query: str, parameters: dict[str, Any], view: View, file: IO
) -> int:
    """Write the rows of a query that groups all events by user to a file, as CSV with a header.

    They are not kept in memory. Returns PostgreSQL's number of the first column's type.
    """
    text = statement(connection, query, view, parameters)
    with connection.cursor() as cursor:
        prepare_by_user(cursor, text, parameters)
        rows = cursor.mogrify(text, parameters).decode()
        cursor.execute(f"{rows}\nLIMIT 0")
        with times_checked(view):
            copy_out(connection, rows, "HEADER", file)
        return cursor.description[0].type_code


def prepare_by_user(cursor: Cursor, text: str, parameters: dict[str, Any]) -> None:
    """Prepare the transaction for a statement that groups all events by user."""
    cursor.execute(BY_USER)
    cursor.execute(f"EXPLAIN {text}", parameters)
    if not any("Index" in line for (line,) in cursor):
        cursor.execute(WITHOUT_INDEX)


@contextmanager
def times_checked(view: View | None) -> Iterator[None]:
    """Raise `UserError` where a statement fails for a value in the column for the time."""
    try:
        yield
    except (DatetimeFieldOverflow, InvalidDatetimeFormat) as error:
        table = f"--table {'.'.join(view.sources[0].relation)}: " if view else ""
        cause = error.diag.message_primary
        value = re.search(r'"(.*)"', cause)
        raise UserError(
            f"{table}the column for the time has a value that is not a time "
            f"({value[1] if value else cause}); query a view without it"
        ) from None


def number_of(things: int, noun: str) -> str:
    """A number and a noun, in the plural unless there is one."""
    return f"{things:,} {noun}{'' if things == 1 else 's'}"


def cohorts_of(rows: list) -> list[Cohort]:
    """The rows of `cohort_triangle.sql`, put together by cohort."""
    cohorts = []
    for (start, users), cells in groupby(rows, key=lambda row: (row.cohort, row.users)):
        counts = [(cell.active_on, cell.active_on_or_after) for cell in cells]
        active_on, active_on_or_after = map(list, zip(*counts, strict=True))
        cohorts.append(Cohort(start, users, active_on, active_on_or_after))
    return cohorts
