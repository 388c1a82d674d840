"""The rollup of `schema.sql` agrees with the raw rows after every kind of late or repeated load."""

from common.command import UserError

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from refresh_rollup import main as refresh_rollup
from retention.questions import ask
from tests.conftest import (
    ROOT,
    START_SECONDS,
    assert_one_line_error,
    clean_environment,
    run_here,
    run_script,
    take_interrupts,
)
from tests.q1.conftest import inquiry, triangle_rows

FIRST_DAY = date(2017, 4, 1)
DAYS = 10


@pytest.fixture
def url(postgres_url) -> Iterator[str]:
    """A database of its own with the tables of `schema.sql`."""
    execute(postgres_url, "CREATE DATABASE rollup")
    own = urlunsplit(urlsplit(postgres_url)._replace(path="/rollup"))
    execute(own, (ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8"))
    yield own
    execute(postgres_url, "DROP DATABASE rollup WITH (FORCE)")


def execute(url: str, statement: str, *parameters) -> list[tuple]:
    """Run a statement and commit; its rows, if it has any."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def add(url: str, *events: tuple[str | None, str, str]) -> None:
    """Insert events (uid, time, event name); the times are UTC."""
    rows = ", ".join(["(%s, %s::timestamp AT TIME ZONE 'UTC', %s)"] * len(events))
    if events:
        cells = [cell for event in events for cell in event]
        execute(url, f"INSERT INTO piwik_track VALUES {rows}", *cells)  # noqa: S608


def refresh(url: str, first: str, last: str | None = None, *options: str) -> None:
    """Refresh some days, in this process."""
    assert refresh_rollup(["--dsn", url, "--days", first, last or first, *options]) == 0


def rolled_up(url: str) -> list[tuple]:
    """(cohort, users, age, active users) from the rollup."""
    return cells(url, lambda connection: ask(connection, "rollup_triangle", {})[0])


def counted(url: str, time_zone: str = "UTC") -> list[tuple]:
    """(cohort, users, age, active users) from the raw rows; nothing if there are none."""
    table = "public.piwik_track"
    with suppress(UserError):
        return cells(url, lambda connection: triangle_rows(inquiry(connection, table, time_zone)))
    return []


def cells(url: str, asked: Callable[[Connection], list]) -> list[tuple]:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    rows = asked(connection)
    connection.close()
    return [(row.cohort, row.users, row.age, row.active_on) for row in rows if row.active_on]


START = (
    ("a", "2017-04-01 00:00:00", "FIRST_INSTALL"),
    ("a", "2017-04-02 12:00:00", "OPEN"),
    ("a", "2017-04-05 12:00:00", "OPEN"),
    ("b", "2017-04-02 23:59:59.999999", "FIRST_INSTALL"),
    ("b", "2017-04-03 00:00:00", "OPEN"),
    ("c", "2017-04-03 12:00:00", "OPEN"),
    (None, "2017-04-03 12:00:00", "FIRST_INSTALL"),
)


@pytest.fixture
def filled(url) -> str:
    """The database with some events, rolled up."""
    add(url, *START)
    refresh(url, "2017-04-01", "2017-04-05")
    assert rolled_up(url) == counted(url) != []
    return url


@pytest.mark.parametrize(
    ("events", "day"),
    [
        pytest.param([("a", "2017-04-04 12:00:00", "OPEN")], "2017-04-04", id="late visit"),
        pytest.param([("b", "2017-04-01 12:00:00", "OPEN")], "2017-04-01", id="before the install"),
        pytest.param(
            [("b", "2017-04-01 12:00:00", "FIRST_INSTALL")], "2017-04-01", id="earlier install"
        ),
        pytest.param(
            [("a", "2017-04-04 12:00:00", "FIRST_INSTALL")], "2017-04-04", id="second install"
        ),
        pytest.param(
            [("c", "2017-04-02 12:00:00", "FIRST_INSTALL")], "2017-04-02", id="install at last"
        ),
        pytest.param([("d", "2017-04-06 12:00:00", "FIRST_INSTALL")], "2017-04-06", id="a new day"),
        pytest.param(
            [("d", "2017-03-31 12:00:00", "FIRST_INSTALL")], "2017-03-31", id="an older day"
        ),
        pytest.param([(None, "2017-04-02 12:00:00", "OPEN")], "2017-04-02", id="no user"),
        pytest.param(list(START[:2]), "2017-04-01", id="the same rows twice"),
        pytest.param([], "2017-04-03", id="nothing new"),
    ],
)
def test_late_and_repeated_loads(filled, events, day):
    add(filled, *events)
    refresh(filled, day)
    assert rolled_up(filled) == counted(filled)


@pytest.mark.parametrize(
    "condition", ["uid = 'a'", "event_name = 'FIRST_INSTALL'", "time < '2017-04-03Z'", "true"]
)
def test_rows_that_are_deleted(filled, condition):
    execute(filled, f"DELETE FROM piwik_track WHERE {condition}")  # noqa: S608
    refresh(filled, "2017-04-01", "2017-04-05")
    assert rolled_up(filled) == counted(filled)


def test_refreshing_again_writes_nothing_to_the_days(filled):
    before = execute(filled, "SELECT ctid::text, * FROM user_day ORDER BY uid, day")
    refresh(filled, "2017-04-01", "2017-04-05")
    assert execute(filled, "SELECT ctid::text, * FROM user_day ORDER BY uid, day") == before


DAY, NEXT_DAY = "2017-04-06", "2017-04-07"
INSTALLS = [(uid, "23:00", "FIRST_INSTALL") for uid in "aef"]
OPENS = {"a": False, "b": False, "e": False}
# What happens to the events of one day, after each of which it is refreshed: those that come late,
# and a condition for those that go; then the users of the day and whether they installed, and how
# many users there are of each day of first installs on this day and on the next one.
SAME_DAY = (
    ([("a", "08:00", "OPEN"), ("e", "09:00", "OPEN")], None, {"a": False, "e": False},
     {1: 1}, {2: 1, 7: 1}),
    ([], None, {"a": False, "e": False}, {1: 1}, {2: 1, 7: 1}),  # again
    ([("b", "07:00", "OPEN")], None, OPENS, {1: 1, 2: 1}, {2: 1, 7: 1}),
    (INSTALLS, None, {"a": True, "b": False, "e": True, "f": True},
     {1: 1, 2: 1, 6: 2}, {2: 1, 6: 2}),
    ([], None, {"a": True, "b": False, "e": True, "f": True}, {1: 1, 2: 1, 6: 2}, {2: 1, 6: 2}),
    ([], "event_name = 'FIRST_INSTALL'", OPENS, {1: 1, 2: 1}, {2: 1, 7: 1}),
    ([], "uid = 'a'", {"b": False, "e": False}, {2: 1}, {2: 1, 7: 1}),
    ([], "true", {}, {}, {2: 1, 7: 1}),
)  # fmt: skip


def test_the_same_day_again_takes_in_what_came_late_and_what_is_gone(filled):
    visits = [("e", "OPEN"), ("b", "OPEN"), ("f", "FIRST_INSTALL")]
    add(filled, *((uid, f"{NEXT_DAY} 12:00", name) for uid, name in visits))
    refresh(filled, NEXT_DAY)
    others = "SELECT * FROM user_day WHERE day <> %s ORDER BY uid, day"
    before = execute(filled, others, DAY)
    cohorts = "SELECT install_day, users FROM cohort_day WHERE activity_day = %s"
    for late, gone, users, *counts in SAME_DAY:
        add(filled, *((uid, f"{DAY} {time}", name) for uid, time, name in late))
        if gone:
            condition = f"{gone} AND time >= '{DAY}Z' AND time < '{NEXT_DAY}Z'"
            execute(filled, f"DELETE FROM piwik_track WHERE {condition}")  # noqa: S608
        refresh(filled, DAY)
        found = execute(filled, "SELECT uid, installed FROM user_day WHERE day = %s", DAY)
        assert dict(found) == users
        assert len(found) == len(users)
        found = [execute(filled, cohorts, day) for day in (DAY, NEXT_DAY)]
        assert [{day.day: users for day, users in rows} for rows in found] == counts
        assert execute(filled, others, DAY) == before


INDEXES = (
    "SELECT indexname, indexdef, indisprimary FROM pg_indexes JOIN pg_index"
    " ON indexrelid = format('%%I.%%I', schemaname, indexname)::regclass"
    " WHERE tablename = %s ORDER BY 1"
)


def test_filling_leaves_the_indexes_of_the_schema_and_others(url):
    execute(url, "CREATE INDEX by_day ON user_day (day) INCLUDE (uid)")
    before = execute(url, INDEXES, "user_day")
    add(url, *START)
    refresh(url, "2017-04-01", "2017-04-05")
    assert execute(url, INDEXES, "user_day") == before
    assert [name for name, _, primary in before if primary] == ["user_day_pkey"]
    assert rolled_up(url) == counted(url) != []


@pytest.fixture(params=["read", "referenced", "not as in the schema", "of another owner"])
def indexes_kept(request, url) -> Iterator[str]:
    """The database with events and an empty rollup whose indexes cannot be dropped."""
    add(url, *START)
    if request.param == "referenced":
        key = "FOREIGN KEY (uid, day) REFERENCES user_day"
        execute(url, f"CREATE TABLE referring (uid text, day date, {key})")
    if request.param == "not as in the schema":
        execute(url, "DROP INDEX user_day_day")
    if request.param == "of another owner":
        execute(
            url,
            "CREATE ROLE refresher LOGIN PASSWORD 'refresher'; GRANT SELECT, INSERT, UPDATE,"
            " DELETE ON ALL TABLES IN SCHEMA public TO refresher",
        )
        host = urlsplit(url).netloc.rpartition("@")[2]
        yield urlunsplit(urlsplit(url)._replace(netloc=f"refresher:refresher@{host}"))
        execute(url, "DROP OWNED BY refresher; DROP ROLE refresher")
        return
    reader = psycopg2.connect(url)
    if request.param == "read":
        reader.cursor().execute("SELECT FROM user_day")
    yield url
    reader.close()


def test_filling_keeps_indexes_that_cannot_be_dropped(url, indexes_kept):
    numbers = "SELECT oid, relname FROM pg_class WHERE relname LIKE 'user_day%' AND relkind = 'i'"
    before = execute(url, numbers)
    refresh(indexes_kept, "2017-04-01", "2017-04-05")
    assert execute(url, numbers) == before
    assert rolled_up(url) == counted(url) != []


def test_a_failure_while_filling_leaves_all_as_it_was(url):
    add(url, *START)
    execute(url, "ALTER TABLE cohort_day ADD CONSTRAINT never CHECK (users < 0)")
    before = execute(url, INDEXES, "user_day")
    finished = run_here(refresh_rollup, "--dsn", url, "--days", "2017-04-01", "2017-04-05")
    assert_one_line_error(finished, 1, "never")
    assert execute(url, INDEXES, "user_day") == before
    tables = ("user_day", "cohort_day", "rollup_definition")
    assert [execute(url, f"SELECT FROM {name}") for name in tables] == [[], [], []]
    execute(url, "ALTER TABLE cohort_day DROP CONSTRAINT never")
    refresh(url, "2017-04-01", "2017-04-05")
    assert rolled_up(url) == counted(url) != []


@pytest.mark.parametrize(
    ("first", "hours", "zone", "last_day"),
    [
        pytest.param("2017-03-31 22:00", 240, "UTC", "2017-04-10", id="some days"),
        pytest.param("2017-01-01 00:00", 5000, "Asia/Hong_Kong", "2017-08-01", id="many"),
        pytest.param("2006-10-28 22:00", 6, "America/St_Johns", "2006-10-28", id="midnight twice"),
    ],
)
def test_filling_takes_in_each_user_and_day(url, first, hours, zone, last_day):
    generator = random.Random(7)  # noqa: S311
    first, last = datetime.fromisoformat(f"{first}Z"), date.fromisoformat(last_day)
    user_day, events = {}, []
    for _ in range(200):
        uid, name = f"u{generator.randrange(9)}", generator.choice(["FIRST_INSTALL", "OPEN", "x"])
        moment = first + timedelta(minutes=generator.randrange(60 * hours))
        events.append((uid, f"{moment:%Y-%m-%d %H:%M:%S}", name))
        day = moment.astimezone(ZoneInfo(zone)).date()
        if day <= last:
            user_day[uid, day] = user_day.get((uid, day), False) or name == "FIRST_INSTALL"
    add(url, *events)
    refresh(url, str(min(day for _, day in user_day)), last_day, "--time-zone", zone)
    found = execute(url, "SELECT uid, day, installed FROM user_day ORDER BY ctid")
    assert {(uid, day): installed for uid, day, installed in found} == user_day
    assert len(found) == len(user_day)
    days = [day for _, day, _ in found]
    assert days == sorted(days), "a BRIN index would not tell days apart"
    installs = {
        uid: min(day for other, day in user_day if other == uid and user_day[other, day])
        for uid in {uid for (uid, _), installed in user_day.items() if installed}
    }
    visits = [(installs[uid], day) for uid, day in user_day if day >= installs.get(uid, date.max)]
    counts = {(installed, day): n for installed, day, n in execute(url, "TABLE cohort_day")}
    assert counts == Counter(visits)


def test_an_empty_uid_is_nobody(filled):
    add(filled, ("", "2017-04-06 12:00:00", "FIRST_INSTALL"))
    refresh(filled, "2017-04-06")
    execute(filled, "TRUNCATE user_day, cohort_day")
    refresh(filled, "2017-04-01", "2017-04-06")
    assert {uid for (uid,) in execute(filled, "SELECT uid FROM user_day")} == {"a", "b", "c"}


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_loads_and_refreshes(url, seed):
    generator = random.Random(seed)  # noqa: S311
    for _ in range(8):
        changed = change(url, generator)
        first, *rest = sorted(changed)
        if generator.random() < 0.5:  # as one range, or day by day in any order
            refresh(url, str(first), str(rest[-1] if rest else first))
        else:
            for day in generator.sample(sorted(changed), len(changed)):
                refresh(url, str(day))
        assert rolled_up(url) == counted(url)


def change(url: str, generator: random.Random) -> set[date]:
    """Add and delete some events; the days that changed."""
    events, changed = [], set()
    for _ in range(generator.randint(1, 12)):
        day = FIRST_DAY + timedelta(days=generator.randrange(DAYS))
        time = generator.choice(["00:00:00", "00:00:00.000001", "12:00:00", "23:59:59.999999"])
        name = "FIRST_INSTALL" if generator.random() < 0.3 else "OPEN"
        events.append((f"u{generator.randrange(8)}", f"{day} {time}", name))
        changed.add(day)
    add(url, *events)
    if generator.random() < 0.5:
        day = FIRST_DAY + timedelta(days=generator.randrange(DAYS))
        execute(url, "DELETE FROM piwik_track WHERE (time AT TIME ZONE 'UTC')::date = %s", day)
        changed.add(day)
    return changed


def test_days_of_another_time_zone(url):
    add(url, *START, ("b", "2017-04-02 15:59:59", "OPEN"), ("b", "2017-04-02 16:00:00", "OPEN"))
    refresh(url, "2017-04-01", "2017-04-06", "--time-zone", "Asia/Hong_Kong")
    assert rolled_up(url) == counted(url, "Asia/Hong_Kong") != counted(url, "UTC")


def test_days_of_two_kinds_do_not_mix(filled):
    finished = run_here(
        refresh_rollup, "--dsn", filled, "--days", "2017-04-01", "2017-04-01",
        "--time-zone", "Asia/Hong_Kong",
    )  # fmt: skip
    assert_one_line_error(finished, 2, "FIRST_INSTALL of public.piwik_track", "days of UTC")
    assert rolled_up(filled) == counted(filled)


def test_the_script_says_what_the_rollup_holds(filled):
    arguments = ("Q1/refresh_rollup.py", "--dsn", filled, "--days", "2017-04-01", "2017-04-02")
    finished = run_script(*arguments)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "2017-04-01 to 2017-04-02: 3 user days, 3 cohort days\n"
    rows = run_script(*arguments, "--format", "csv").stdout.splitlines()
    assert rows == ["first_day,last_day,user_days,cohort_days", "2017-04-01,2017-04-02,3,3"]
    answer = run_script(*arguments, "--format", "json").stdout
    assert answer.startswith("{\n  "), "not written as the other commands write JSON"
    assert json.loads(answer) == {
        "first_day": "2017-04-01",
        "last_day": "2017-04-02",
        "user_days": 3,
        "cohort_days": 3,
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interrupt_ends_the_refresh_on_the_server_too(url):
    view = "SELECT 'a' AS uid, now() AS time, 'x' AS event_name FROM pg_sleep(300)"
    execute(url, f"CREATE VIEW slow AS {view}")
    sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    command = [sys.executable, "Q1/refresh_rollup.py", "--dsn", url, "--table", "public.slow"]
    process = subprocess.Popen(
        [*command, "--days", "2017-04-01", "2999-12-31"],
        cwd=ROOT,
        env=clean_environment(),
        preexec_fn=take_interrupts,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not execute(url, sleeping):
            assert time.monotonic() < deadline, "the query never began"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, errors.splitlines()[1:]) == (
        130,
        ["refresh_rollup.py: interrupted"],
    )
    assert execute(url, sleeping) == []


def test_the_schema_can_be_run_again(filled):
    execute(filled, (ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8"))
    assert rolled_up(filled) == counted(filled)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--days", "2017-04-02", "2017-04-01"), ["wrong order"]),
        (("--days", "2017-04-01", "yesterday"), ["--days", "2017-04-01"]),
        (("--days", "2017-04-01"), ["--days", "requires 2"]),
        ((), ["--days"]),
        (("--days", "2017-04-01", "2017-04-01", "--table", "nothing"), ["no such table"]),
        (("--days", "2017-04-01", "2017-04-01", "--time-zone", "Mars"), ["--time-zone"]),
    ],
)
def test_a_wrong_argument_is_said_in_one_line(url, arguments, parts):
    finished = run_here(refresh_rollup, "--dsn", url, *arguments)
    assert_one_line_error(finished, 2, *parts)


def test_a_server_without_the_schema(postgres_url):
    execute(
        postgres_url,
        "CREATE TABLE IF NOT EXISTS only_events (uid text, time timestamp, event_name text)",
    )
    finished = run_here(
        refresh_rollup, "--dsn", postgres_url, "--days", "2017-04-01", "2017-04-01",
        "--table", "only_events",
    )  # fmt: skip
    execute(postgres_url, "DROP TABLE only_events")
    assert_one_line_error(finished, 2, "rollup_definition", "Q1/schema.sql")
    bare = run_here(refresh_rollup, "--dsn", postgres_url, "--days", "2017-04-01", "2017-04-01")
    assert_one_line_error(bare, 2, "rollup_definition", "Q1/schema.sql")


def test_a_number_that_is_not_a_time_is_named(url):
    execute(url, "CREATE TABLE numbered (uid text, time bigint, event_name text)")
    execute(url, "INSERT INTO numbered VALUES ('a', 42826, 'FIRST_INSTALL')")
    options = ("--dsn", url, "--table", "numbered", "--days", "2017-04-01", "2017-04-01")
    finished = run_here(refresh_rollup, *options)
    parts = ["--table public.numbered: ", "a value that is not a time (number 42826)"]
    assert_one_line_error(finished, 2, *parts)
