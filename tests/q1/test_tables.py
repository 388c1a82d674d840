"""Tables that are there already: read by any name, never written, and no text becomes SQL."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import sql

from sql import main
from tests.conftest import (
    ROOT,
    START_SECONDS,
    assert_one_line_error,
    clean_environment,
    run_here,
    run_script,
    take_interrupts,
)

EVENTS = [
    ("a", "2017-04-01 00:00:00", "FIRST_INSTALL"),
    ("a", "2017-04-08 23:59:59.999999", "OPEN"),
    ("b", "2017-04-01 23:59:59.999999", "FIRST_INSTALL"),
    ("b", "2017-04-09 00:00:00", "OPEN"),
    (None, "2017-04-01 12:00:00", "FIRST_INSTALL"),
]
HOSTILE = (
    "'; DROP TABLE victims; --",
    '"; DROP TABLE victims; --',
    "x') OR ('1'='1",
    "%s",
    "%(install_event)s",
    "\\'; SELECT 1; --",
    "$$; DROP TABLE victims; $$",
    "x; COMMIT; DROP TABLE victims",
    "{}",
    "\u202e/**/\n--",
)


@pytest.fixture
def connection(postgres_url) -> Iterator[psycopg2.extensions.connection]:
    """A connection to a server that has a schema `app` for one test."""
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app")
        yield connection
        cursor.execute("DROP SCHEMA IF EXISTS app CASCADE")
    connection.close()


def create(
    connection, name: str, columns: str = "uid text, time timestamp, event_name text"
) -> None:
    """Make the table `name` in the schema `app` and fill it; `columns` may rename and retype."""
    with connection.cursor() as cursor:
        relation = sql.Identifier("app", name)
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(relation, sql.SQL(columns)))
        for event in EVENTS:
            cursor.execute(sql.SQL("INSERT INTO {} VALUES (%s, %s, %s)").format(relation), event)


def asked(url: str, *arguments: str) -> dict:
    finished = run_here(main, "--dsn", url, "--format", "json", *arguments)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_a_table_of_the_server(postgres_url, connection):
    create(connection, "events")
    answer = asked(postgres_url, "--table", "app.events", "--overview")
    assert answer["source"] == "app.events"
    assert (answer["records"], answer["users"], answer["records_without_user"]) == (5, 2, 1)
    assert (answer["installed_users"], answer["retained_users"]) == (2, 1)


@pytest.mark.parametrize("name", ["stray_events", "APP.Stray_Events", "public.stray_events"])
def test_a_table_of_another_schema_or_case_is_suggested(postgres_url, connection, name):
    create(connection, "stray_events")
    finished = run_here(main, "--dsn", postgres_url, "--table", name)
    assert_one_line_error(finished, 2, "no such table; did you mean --table app.stray_events?")


def test_all_columns_that_are_missing_are_named_at_once(postgres_url, connection):
    create(connection, "events", "account text, time timestamptz, action text")
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events")
    assert_one_line_error(finished, 2, "'uid'", "--columns uid=COLUMN,event_name=COLUMN")


def test_a_role_that_as_a_rule_only_reads(postgres_url, connection):
    create(connection, "events")
    url = f"{postgres_url}&options=-c%20default_transaction_read_only%3Don"
    assert asked(url, "--table", "app.events")["installed_users"] == 2


@pytest.mark.parametrize(
    ("time_type", "times"),
    [
        ("integer", ["1491004800", "1491091199"]),
        ("bigint", ["1491004800000", "1491091199999"]),
        ("bigint", ["1491004800000000", "1491091199999999"]),
        ("bigint", ["1491004800000000000", "1491091199999999999"]),
        ("numeric", ["1491004800", "1491091199.9999999", "1491091199999.9999"]),
        ("double precision", ["1491004800000", "1491091199.9999998"]),
    ],
)
def test_epoch_numbers_are_read_as_in_files(postgres_url, connection, time_type, times):
    """All are of 2017-04-01, with the last microsecond of it: none moves into the next day."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE app.events (uid text, time {time_type}, event_name text)")
        rows = [(f"u{number}", time) for number, time in enumerate(times)]
        cursor.executemany("INSERT INTO app.events VALUES (%s, %s, 'FIRST_INSTALL')", rows)
    assert asked(postgres_url, "--table", "app.events", "--check")["installed_users"] == len(times)


def test_a_number_that_looks_like_a_day_and_is_none(postgres_url, connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE app.events (uid text, time bigint, event_name text)")
        cursor.execute("INSERT INTO app.events VALUES ('a', 20179999, 'FIRST_INSTALL')")
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events")
    assert_one_line_error(finished, 2, "20179999", "a value that is not a time")


@pytest.mark.parametrize("name", ["Events", "piwik_track", "two words", 'a "quoted" name', "x.y"])
def test_any_name_of_table_and_columns(postgres_url, connection, name):
    create(connection, name, '"User Id" text, "select" timestamptz, "ev%ent" text')
    mapping = "uid=User Id,time=select,event_name=ev%ent"
    answer = asked(postgres_url, "--table", f"app.{name}", "--columns", mapping)
    assert (answer["installed_users"], answer["retained_users"]) == (2, 1)


@pytest.mark.parametrize(
    ("uid", "event_name"),
    [("uuid", "app.kind"), ("bigint", "varchar(20)"), ("bytea", "text")],
)
def test_other_types_of_columns(postgres_url, connection, uid, event_name):
    values = {"uuid": "00000000-0000-0000-0000-000000000001", "bigint": "12345678901"}
    values["bytea"] = r"\x00ff"  # as Matomo's idvisitor
    with connection.cursor() as cursor:
        cursor.execute("CREATE TYPE app.kind AS ENUM ('FIRST_INSTALL', 'OPEN')")
        cursor.execute(f"CREATE TABLE app.events (uid {uid}, time bigint, event_name {event_name})")
        for moment, name in ((1491004800, "FIRST_INSTALL"), (1491695999999, "OPEN")):
            cursor.execute(
                "INSERT INTO app.events VALUES (%s, %s, %s)", [values[uid], moment, name]
            )
    answer = asked(postgres_url, "--table", "app.events", "--users")
    assert [str(value) for value in answer["uids"]] == [values[uid]]


@pytest.mark.parametrize(
    ("uid", "values"),
    [
        ("text", ["a", "", None]),
        ("varchar(9)", ["a", "", None]),
        ("char(3)", ["a", "   ", None]),
        ("app.name", ["a", "", None]),  # a domain
        ("inet", ["127.0.0.1", None, None]),
        ("bigint", ["7", None, None]),
    ],
)
def test_an_empty_uid_is_nobody(postgres_url, connection, uid, values):
    with connection.cursor() as cursor:
        cursor.execute("CREATE DOMAIN app.name AS text")
        cursor.execute(f"CREATE TABLE app.events (uid {uid}, time timestamptz, event_name text)")
        for value in values:
            cursor.execute(
                "INSERT INTO app.events VALUES (%s, '2017-04-01Z', 'FIRST_INSTALL'),"
                " (%s, '2017-04-02Z', 'OPEN')",
                [value, value],
            )
    answer = asked(postgres_url, "--table", "app.events", "--overview")
    assert (answer["records"], answer["records_without_user"], answer["users"]) == (6, 4, 1)
    assert (answer["installed_users"], answer["retained_users"]) == (1, 1)
    assert len(asked(postgres_url, "--table", "app.events", "--users")["uids"]) == 1
    assert asked(postgres_url, "--table", "app.events", "--cohorts")["cohorts"][0]["users"] == 1


@pytest.mark.parametrize("uid", ["json", "jsonb", "text[]", "boolean", "point", "xml"])
@pytest.mark.parametrize("column", ["uid", "event_name"])
def test_a_column_whose_type_names_nobody(postgres_url, connection, column, uid):
    types = {"uid": "text", "event_name": "text"} | {column: uid}
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE app.events"
            f" (uid {types['uid']}, time timestamptz, event_name {types['event_name']})"
        )
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events")
    assert_one_line_error(
        finished,
        2,
        f"the column for {column} is {uid}",
        f"query a view that makes it text, such as SELECT {column}::text AS {column}",
    )


@pytest.mark.parametrize("query", [(), ("--users",), ("--cohorts",), ("--cohorts", "--explain")])
@pytest.mark.parametrize(
    ("kind", "name"), [("app.kind", "'first_open'"), ("integer", "'1'"), ("uuid", "'00000000-")]
)
def test_a_column_that_cannot_have_the_install_event(postgres_url, connection, kind, name, query):
    values = {"app.kind": "first_open", "integer": "1"}
    value = values.get(kind, "00000000-0000-0000-0000-000000000001")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TYPE app.kind AS ENUM ('first_open')")
        cursor.execute(f"CREATE TABLE app.events (uid text, time timestamptz, event_name {kind})")
        cursor.execute("INSERT INTO app.events VALUES ('a', '2017-04-01Z', %s)", [value])
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events", *query)
    assert_one_line_error(finished, 2, "is called 'FIRST_INSTALL'", "a user's first is " + name)


def test_no_number_of_json_is_not_a_number(postgres_url, connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE app.events (uid float8, time timestamptz, event_name text)")
        for uid in ("NaN", "Infinity", "1.5"):
            cursor.execute(
                "INSERT INTO app.events VALUES (%s, '2017-04-01Z', 'FIRST_INSTALL'),"
                " (%s, '2017-04-02Z', 'OPEN')",
                [uid, uid],
            )
    answer = asked(postgres_url, "--table", "app.events", "--users")
    assert sorted(answer["uids"], key=str) == [1.5, None, None]


def test_the_likeliest_install_event_is_suggested(postgres_url, connection):
    """No letter of FIRST_INSTALL is in the name asked for, but it is every user's first event."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE app.events (uid text, time timestamptz, event_name text)")
        cursor.execute(
            "INSERT INTO app.events SELECT 'u' || n, timestamptz '2017-04-01Z'"
            " + i * interval '1 h',"
            " CASE i WHEN 0 THEN 'FIRST_INSTALL' ELSE 'SEARCH' END"
            " FROM generate_series(1, 3) AS n, generate_series(0, 9) AS i"
        )
    for name, part in (
        ("首次安裝", "most often a user's first is 'FIRST_INSTALL'"),
        ("first_instal", "the closest is 'FIRST_INSTALL'"),
    ):
        finished = run_here(
            main, "--dsn", postgres_url, "--table", "app.events", "--install-event", name
        )
        assert_one_line_error(finished, 2, name, part)


def test_without_an_overview_only_the_question_is_asked(postgres_url, connection):
    """What is unknown is null, and whether the period is over is found from the users alone."""
    create(connection, "events")
    answer = asked(postgres_url, "--table", "app.events")
    assert answer["observed"] is True
    assert [answer[name] for name in ("records", "users", "first_day", "records_left_out")] == [
        None
    ] * 4
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(finished.stdout))
    assert (row["records"], row["records_left_out"]) == ("", "")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM app.events WHERE time > '2017-04-08'")
    assert asked(postgres_url, "--table", "app.events")["observed"] is False
    text = run_here(main, "--dsn", postgres_url, "--table", "app.events").stdout
    assert "not over yet: the data end on 2017-04-01" in text
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO app.events VALUES (NULL, '2017-04-08', 'x')")
    assert asked(postgres_url, "--table", "app.events")["observed"] is True


@pytest.mark.parametrize("question", [[], ["--cohorts"]], ids=["one day", "cohorts"])
def test_nothing_that_reads_files_is_loaded(postgres_url, connection, question):
    create(connection, "events")
    program = [sys.executable, "-X", "importtime", "Q1/sql.py"]
    finished = subprocess.run(
        [*program, "--dsn", postgres_url, "--table", "app.events", *question],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr[-1000:]
    loaded = {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}
    assert "psycopg2" in loaded
    assert not loaded & {"numpy", "pyarrow", "tqdm", "dotenv", "duckdb"}


def test_the_index_on_the_time_serves(postgres_url, connection):
    create(connection, "events")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO app.events SELECT 'u' || n, '2010-01-01'::timestamp"
            " + n * interval '1 minute', 'OPEN' FROM generate_series(1, 20000) AS n"
        )
        cursor.execute(
            "CREATE INDEX by_event ON app.events (time) INCLUDE (uid)"
            " WHERE event_name = 'FIRST_INSTALL'; CREATE INDEX by_uid ON app.events (uid, time)"
        )
        cursor.execute("ANALYZE app.events")
    finished = run_here(main, "--dsn", postgres_url, "--table", "app.events", "--explain")
    assert finished.returncode == 0, finished.stderr
    assert "by_event" in finished.stdout
    assert "by_uid" in finished.stdout
    assert "Seq Scan on events" not in finished.stdout
    assert "Execution Time: " in finished.stdout


def test_nothing_is_written_to_it(postgres_url, connection):
    create(connection, "events")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE reader LOGIN PASSWORD 'r'; GRANT USAGE ON SCHEMA app TO reader;"
            "GRANT SELECT ON app.events TO reader"
        )
    password = postgres_url.split("postgres:")[1].split("@")[0]
    url = postgres_url.replace(f"postgres:{password}", "reader:r")
    assert asked(url, "--table", "app.events", "--cohorts")["cohorts"]
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--table", "app.nothing"), ["app.nothing", "no such table"]),
        (("--table", "nowhere.events"), ["nowhere.events", "no such table"]),
        (("--table", ""), ["--table"]),
        (
            ("--table", "app.events", "--columns", "uid=nobody"),
            ["'nobody'", "uid, time, event_name"],
        ),
        (("--table", "app.events", "--columns", "time=uid"), ["is text", "not a time"]),
        (
            ("--table", "app.events", "--events", "x.csv"),
            ["--events and --table exclude each other"],
        ),
    ],
)
def test_a_table_or_column_that_is_not_there(postgres_url, connection, arguments, parts):
    create(connection, "events")
    finished = run_here(main, "--dsn", postgres_url, *arguments)
    assert_one_line_error(finished, 2, *parts)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("app.by_uid", ["--table app.by_uid", "no such table"]),
        ("app.pair", ["--table app.pair", "no such table"]),
        ("app.counter", ["--table app.counter", "no such table"]),
        ("app.unfilled", ["--table app.unfilled", "REFRESH MATERIALIZED VIEW"]),
    ],
)
def test_a_relation_without_rows_to_read(postgres_url, connection, name, parts):
    create(connection, "events")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX by_uid ON app.events (uid, time, event_name);"
            "CREATE TYPE app.pair AS (uid text, time timestamptz, event_name text);"
            "CREATE SEQUENCE app.counter;"
            "CREATE MATERIALIZED VIEW app.unfilled AS TABLE app.events WITH NO DATA"
        )
    assert_one_line_error(run_here(main, "--dsn", postgres_url, "--table", name), 2, *parts)


@pytest.mark.parametrize("time", ["infinity", "-infinity", "20170-04-01", "0044-03-15 BC"])
@pytest.mark.parametrize("query", ["--cohorts", "--overview"])
def test_a_time_that_no_calendar_has_is_left_out(postgres_url, connection, time, query):
    create(connection, "events")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO app.events VALUES ('c', %s, 'OPEN')", [time])
    answer = asked(postgres_url, "--table", "app.events", query)
    limit = "in the future" if time in ("infinity", "20170-04-01") else "before 2000-01-01"
    assert answer["records_left_out"] == {limit: 1}
    assert (answer["records"], answer["users"], answer["last_day"]) == (5, 2, "2017-04-09")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_data(postgres_url, connection, text):
    """As a table's and a column's name, an event and a uid."""
    create(connection, "victims")
    before = contents(connection)
    relation = sql.Identifier("app", text)
    column = "event_name" if set(text) & set(",=") else text  # --columns parts its texts by these
    columns = sql.SQL("(uid text, time timestamptz, {} text)").format(sql.Identifier(column))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TABLE {} {}").format(relation, columns))
        values = sql.SQL(", ").join(map(sql.Literal, [text, "2017-04-01", text]))
        cursor.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(relation, values))
    arguments = ["--table", f"app.{text}", "--install-event", text]
    arguments += ["--columns", f"event_name={column}"]
    users = asked(postgres_url, *arguments, "--users", "--active-from", "2017-04-01")
    assert users["uids"] == [text]
    assert asked(postgres_url, *arguments, "--cohorts")["cohorts"][0]["users"] == 1
    assert contents(connection) == before


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_that_can_be_no_argument_is_refused(postgres_url, connection, text):
    create(connection, "victims")
    before = contents(connection)
    for option in (
        "--dsn", "--table", "--events", "--columns", "--on-bad-row", "--seed", "--install-event",
        "--install-date", "--active-from", "--active-to", "--time-zone", "--period", "--follow",
        "--format", "--plot", "--from", "--to",
    ):  # fmt: skip
        server = [] if option == "--dsn" else ["--dsn", postgres_url]
        assert_one_line_error(run_here(main, *server, f"{option}={text}"), 2)
    assert contents(connection) == before


def test_an_argument_that_is_not_utf_8(postgres_url):
    finished = run_script("Q1/sql.py", "--dsn", postgres_url, "--install-event", "\udcff")
    assert_one_line_error(finished, 2, "not UTF-8")


def contents(connection) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM app.victims ORDER BY 1, 2")
        return cursor.fetchall()


@pytest.fixture
def slow_run(postgres_url, connection) -> Iterator[subprocess.Popen]:
    """The script in the middle of a query that would take five minutes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW app.slow AS SELECT 'a' AS uid, now() AS time, 'x' AS event_name"
            " FROM pg_sleep(300)"
        )
        command = [sys.executable, "Q1/sql.py", "--dsn", postgres_url, "--table", "app.slow"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(),
            preexec_fn=take_interrupts if os.name == "posix" else None,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not sleeping(connection):
                assert time.monotonic() < deadline, "the query never began"
                time.sleep(0.05)
            yield process
        finally:
            process.kill()
            process.communicate()


def sleeping(connection) -> list[int]:
    """The server's processes that run a query of the script."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE application_name = 'retention' AND wait_event = 'PgSleep'"
        )
        return [pid for (pid,) in cursor.fetchall()]


def test_a_server_that_goes_away_half_way(slow_run, connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", sleeping(connection))
    _, errors = slow_run.communicate(timeout=60)
    assert slow_run.returncode == 1
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("sql.py: error: PostgreSQL: ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interrupt_ends_the_query_on_the_server_too(slow_run, connection):
    slow_run.send_signal(signal.SIGINT)
    _, errors = slow_run.communicate(timeout=60)
    assert "Traceback" not in errors
    assert slow_run.returncode == 130
    assert errors.splitlines()[-1] == "sql.py: interrupted"
    assert sleeping(connection) == []
