"""For tests of Q1: tables written as tables."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection as Connection

from events.view import create_view, existing_table


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


def as_table(rows: list) -> list[tuple[str | None, ...]]:
    """The rows of a query as `table` reads them."""
    return [tuple(None if value is None else str(value) for value in row) for row in rows]
