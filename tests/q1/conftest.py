"""For tests of Q1: tables written as tables."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from events.roles import Roles
from events.table import existing_table
from events.view import View, create_view
from postgres.directory import server_directory
from postgres.embedded import (
    copied_binaries,
    hand_over,
    installed_binaries,
    running_server,
    wait_until_ready,
)
from postgres.system import unprivileged_identity
from retention.inquiry import Inquiry
from retention.questions import Question
from tests.conftest import clean_environment, free_port

READ_DATABASE = """
    REVOKE TEMPORARY ON DATABASE readers FROM PUBLIC;
    CREATE TABLE events (uid text, time timestamptz, event_name text);
    INSERT INTO events VALUES
        ('a', '2017-04-01 00:00Z', 'FIRST_INSTALL'), ('a', '2017-04-03 00:00Z', 'OPEN'),
        ('b', '2017-04-01 12:00Z', 'FIRST_INSTALL'), ('b', '2017-06-02 00:00Z', 'OPEN'),
        ('c', '2017-04-02 12:00Z', 'FIRST_INSTALL'), ('', '2017-04-02 12:00Z', 'FIRST_INSTALL');
    CREATE TABLE secrets AS TABLE events;
    CREATE SCHEMA closed;
    CREATE TABLE closed.events AS TABLE events;
    CREATE VIEW slow AS SELECT 'a' AS uid, now() AS time, 'x' AS event_name FROM pg_sleep(300);
    CREATE ROLE only_select LOGIN PASSWORD 'reads';
    GRANT SELECT ON events, slow TO only_select
"""


@pytest.fixture(scope="session")
def read_database(postgres_url) -> str:
    """The URL of a database of events where only its owner may make TEMP tables.

    The role `only_select` may read `events` there, and not `secrets`.
    """
    run(postgres_url, "CREATE DATABASE readers")
    url = urlsplit(postgres_url)._replace(path="/readers").geturl()
    run(url, READ_DATABASE)
    return url


@pytest.fixture(scope="session")
def standby(read_database) -> Iterator[str]:
    """The URL of the same database on a hot standby of its server."""
    identity = unprivileged_identity()
    with server_directory(open_to_all=bool(identity)) as directory:
        binaries = installed_binaries()
        backup = [binaries / "pg_basebackup", "-d", read_database, "-D", directory / "data"]
        backup += ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        subprocess.run(backup, check=True, env=clean_environment(), capture_output=True)
        if identity:
            binaries = copied_binaries(binaries, directory)
            hand_over(directory, identity)
        port = free_port()
        with running_server(binaries, directory, identity, port, tcp=True) as server:
            address = urlsplit(read_database).netloc.rpartition(":")[0]
            url = urlsplit(read_database)._replace(netloc=f"{address}:{port}").geturl()
            wait_until_ready(server, url, directory)
            yield url


def run(url: str, statement: str) -> None:
    """Run statements, each a transaction of its own."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def as_role(url: str, role: str, password: str) -> str:
    """A URL with another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{role}:{password}@{host}").geturl()


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
    create_view(connection, View([existing_table(connection, "given_events", {})], time_zone))
    try:
        yield connection
    finally:
        connection.close()


def inquiry(
    connection: Connection, relation: str = "given_events", time_zone: str = "UTC", **options
) -> Inquiry:
    """The question of 2017-04-01, or what the options say, about a table of the server."""
    days = (date(2017, 4, 1), date(2017, 4, 2), date(2017, 4, 8))
    limits = (options.pop("from_day", None), options.pop("to_day", None))
    question = Question(options.pop("install_event", "FIRST_INSTALL"), *days, time_zone, *limits)
    known = {"table": relation, "overview": True, "period": "day", "follow": None, "plot": None}
    roles = Roles(question.install_event)
    view = View([existing_table(connection, relation, {})], time_zone, roles)
    return Inquiry(connection, SimpleNamespace(**known | options), question, view, None)


def triangle_rows(asked: Inquiry) -> list:
    """The cells of the triangle: cohort, users, age, active on, active on or after."""
    rows, *_ = asked.in_one_pass(asked.ask_triangle)
    return [row for row in rows if row.cohort is not None]


def as_table(rows: list) -> list[tuple[str | None, ...]]:
    """The rows of a query as `table` reads them."""
    return [tuple(None if value is None else str(value) for value in row) for row in rows]
