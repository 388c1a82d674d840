"""For tests of Q1: tables written as tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import psycopg2
from psycopg2.extensions import connection as Connection

from events.table import existing_table
from events.view import create_view, view_of
from retention.inquiry import Inquiry
from retention.questions import Question


def table(text: str) -> list[tuple[str | None, ...]]:
    """The rows of a table written with `|`, without its header; `-` is null."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    rows = [[cell.strip() for cell in line.strip(" |").split("|")] for line in lines]
    return [tuple(None if cell == "-" else cell for cell in row) for row in rows[1:]]


@contextmanager
def given(
    url: str, events: str, time_zone: str = "UTC", time_type: str = "timestamptz"
) -> Iterator[Connection]:
    """A connection whose view `piwik_track` has these events (uid, time, event name)."""
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(
            f"CREATE TEMP TABLE given_events (uid text, time {time_type}, event_name text)"
        )
        cursor.executemany("INSERT INTO given_events VALUES (%s, %s, %s)", table(events))
    create_view(connection, [existing_table(connection, "given_events", {})], time_zone)
    try:
        yield connection
    finally:
        connection.close()


def inquiry(
    connection: Connection, relation: str = "given_events", time_zone: str = "UTC", **options
) -> Inquiry:
    """The question of 2017-04-01, or what the options say, about a table of the server."""
    days = (date(2017, 4, 1), date(2017, 4, 2), date(2017, 4, 8))
    question = Question(options.pop("install_event", "FIRST_INSTALL"), *days, time_zone)
    known = {"table": relation, "overview": True, "period": "day", "follow": None, "plot": None}
    view = view_of(connection, [existing_table(connection, relation, {})], time_zone)
    return Inquiry(connection, SimpleNamespace(**known | options), question, view, {})


def triangle_rows(asked: Inquiry) -> list:
    """The cells of the triangle: cohort, users, age, active on, active on or after."""
    rows, _ = asked.ask("cohort_triangle", **asked.periods())
    return [row for row in rows if row.cohort is not None]


def as_table(rows: list) -> list[tuple[str | None, ...]]:
    """The rows of a query as `table` reads them."""
    return [tuple(None if value is None else str(value) for value in row) for row in rows]
