"""The questions about retention: `queries/*.sql`, asked of the view `piwik_track`."""

from common.command import UserError

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2.errors import DatetimeFieldOverflow
from psycopg2.extensions import connection as Connection
from psycopg2.extras import NamedTupleCursor

from events.event import YEARS

QUERIES = Path(__file__).resolve().parents[1] / "queries"
DATE, TIMESTAMPTZ = 1082, 1184  # PostgreSQL's numbers of the types


@dataclass(frozen=True)
class Question:
    """Who installed on a day, and who of them was active in a period? All days are whole days."""

    install_event: str
    install_date: date
    active_from: date
    active_to: date  # inclusive
    time_zone: str


class Count(NamedTuple):
    """How many users installed, and how many of them came back."""

    installed_users: int
    retained_users: int

    @property
    def retention(self) -> float:
        """The share of the installed users who came back."""
        return self.retained_users / self.installed_users


class Cohort(NamedTuple):
    """The users whose first install lies in the period that begins on `start`.

    By age in periods: how many were active in the period of that age, and in it or a later one;
    None where that period is not over by the data's last day.
    """

    start: date
    users: int
    active_on: list[int | None]
    active_on_or_after: list[int | None]


def ask(
    connection: Connection, query: str, parameters: dict[str, Any], explain: bool = False
) -> tuple[list, str]:
    """The rows of `queries/<query>.sql` as named tuples, and the statement that was sent.

    With `explain` the rows are the lines of the plan that PostgreSQL followed, with its times.
    """
    statement = (QUERIES / f"{query}.sql").read_text(encoding="utf-8").strip()
    if explain:
        statement = f"EXPLAIN (ANALYZE, BUFFERS)\n{statement}"
    with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall(), cursor.query.decode()


def overview(connection: Connection, install_event: str) -> Any:
    """The row of `overview.sql`. Raises `UserError` for no events of users, or impossible times."""
    try:
        (row,), _ = ask(connection, "overview", {"install_event": install_event})
        days = filter(None, (row.first_day, row.last_day))
        unbounded = any(day.year not in YEARS for day in days)  # infinite days too
    except DatetimeFieldOverflow as error:
        raise UserError(f"{error.diag.message_primary}: a time is not a day; fix it") from None
    except UnicodeEncodeError:  # a ValueError too, but of the install event's name
        raise
    except ValueError:  # from psycopg2, for a day that Python's calendar does not have
        unbounded = True
    if unbounded:
        raise UserError("there are events outside the years 2 to 9998: fix their times")
    if not row.users:
        raise UserError("there are no events of users to count")
    return row


def no_installs(connection: Connection, question: Question, data: Any) -> UserError:
    """The error for a day on which nobody installed: it says on which days someone did.

    If nobody ever did, it says what the events are called.
    """
    if not data.first_install_day:
        rows, _ = ask(connection, "event_names", {})
        names = ", ".join(repr(row.event_name) for row in rows)
        return UserError(
            f"no event of a user is called {question.install_event!r}; name one with "
            f"--install-event, such as {names}"
        )
    return UserError(
        f"no user has {question.install_event} on {question.install_date}; "
        f"--install-date may be from {data.first_install_day} to {data.last_install_day}"
    )


def cohorts_of(rows: list) -> list[Cohort]:
    """The rows of `cohort_triangle.sql`, put together by cohort."""
    cohorts = []
    for (start, users), cells in groupby(rows, key=lambda row: (row.cohort, row.users)):
        counts = [(cell.active_on, cell.active_on_or_after) for cell in cells]
        active_on, active_on_or_after = map(list, zip(*counts, strict=True))
        cohorts.append(Cohort(start, users, active_on, active_on_or_after))
    return cohorts


def moments(connection: Connection, question: Question) -> dict[str, datetime | date]:
    """The days of a question as half-open ranges of moments, for the queries."""
    after = timedelta(days=1)
    days = {
        "install_from": question.install_date,
        "install_before": question.install_date + after,
        "active_from": question.active_from,
        "active_before": question.active_to + after,
    }
    found = first_moments(connection, list(days.values()), question.time_zone)
    return {name: found[day] for name, day in days.items()}


def first_moments(
    connection: Connection, days: list[date], time_zone: str
) -> dict[date, datetime | date]:
    """The first moment of each of some days in a time zone.

    It has the type of the view's `time`, so that PostgreSQL compares the column itself and can use
    an index on it: without a time zone it is UTC, and of dates it is the day itself.
    """
    time_type = type_of_time(connection)
    if time_type == DATE:
        return {day: day for day in days}
    rows, _ = ask(connection, "first_moments", {"days": days, "time_zone": time_zone})
    if time_type == TIMESTAMPTZ:
        return dict(rows)
    return {day: moment.replace(tzinfo=None) for day, moment in rows}


def type_of_time(connection: Connection) -> int:
    """PostgreSQL's number of the type of the view's `time`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time FROM piwik_track LIMIT 0")
        return cursor.description[0].type_code
