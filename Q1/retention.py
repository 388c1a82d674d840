"""The questions about retention: `queries/*.sql`, asked of the view `piwik_track`."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from command_line import UserError
from psycopg2.extensions import connection as Connection
from psycopg2.extras import NamedTupleCursor

QUERIES = Path(__file__).resolve().parent / "queries"
TIMESTAMPTZ = 1184  # PostgreSQL's number of the type


@dataclass(frozen=True)
class Question:
    """Who installed on a day, and who of them was active in a period? All days are whole days."""

    install_event: str
    install_date: date
    active_from: date
    active_to: date  # inclusive
    time_zone: str


@dataclass(frozen=True)
class Answer:
    """The numbers of users, and the statement that counted them."""

    installed_users: int
    retained_users: int
    statement: str

    @property
    def retention(self) -> float:
        """The share of the installed users who were retained."""
        return self.retained_users / self.installed_users


def ask(connection: Connection, query: str, parameters: dict[str, Any]) -> tuple[list, str]:
    """The rows of `queries/<query>.sql`, as named tuples, and the statement that was sent."""
    statement = (QUERIES / f"{query}.sql").read_text(encoding="utf-8")
    with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall(), cursor.query.decode().strip()


def check_time_zone(connection: Connection, time_zone: str) -> None:
    """Raise `UserError` for a time zone that PostgreSQL does not know by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_timezone_names WHERE name = %s", [time_zone])
        if not cursor.rowcount:
            raise UserError(
                f"--time-zone {time_zone}: no such time zone; write one like Asia/Hong_Kong"
            )


def overview(connection: Connection, install_event: str):
    """The row of `overview.sql`. Raises `UserError` if there are no events."""
    (row,), _ = ask(connection, "overview", {"install_event": install_event})
    if not row.records:
        raise UserError("there are no events to count")
    return row


def retained_users(connection: Connection, question: Question) -> Answer:
    """Count the users who installed and those who came back. Raises `UserError` for none."""
    (row,), statement = ask(connection, "retained_users", moments(connection, question))
    if not row.installed_users:
        raise UserError(
            f"no user has {question.install_event} on {question.install_date}: "
            "choose another --install-date or --install-event"
        )
    return Answer(row.installed_users, row.retained_users, statement)


def moments(connection: Connection, question: Question) -> dict[str, Any]:
    """The parameters of a question: its days as half-open ranges of moments.

    They have the type of the view's `time`, so that PostgreSQL compares the column itself and can
    use an index on it.
    """
    day = timedelta(days=1)
    days = {
        "install_from": question.install_date,
        "install_before": question.install_date + day,
        "active_from": question.active_from,
        "active_before": question.active_to + day,
    }
    parameters = {"days": list(set(days.values())), "time_zone": question.time_zone}
    rows, _ = ask(connection, "first_moments", parameters)
    first_moments = dict(rows)
    if not has_time_zone(connection):
        first_moments = {day: moment.replace(tzinfo=None) for day, moment in first_moments.items()}
    return {"install_event": question.install_event} | {
        name: first_moments[day] for name, day in days.items()
    }


def has_time_zone(connection: Connection) -> bool:
    """Whether the view's `time` has a time zone; without one it is taken as UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time FROM piwik_track LIMIT 0")
        return cursor.description[0].type_code == TIMESTAMPTZ
