"""`--check`: DuckDB finds the same answer in the original events, or nothing is printed."""

import csv
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from check import clocks, statements
from retention import questions
from sql import main
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here, run_script
from tests.project.import_graph import imports, reachable

NAMES = ("uid", "time", "event_name")
Event = tuple[str, str, str]
EVENTS = """\
uid,time,event_name
a,2017-04-01,FIRST_INSTALL
a,2017-04-02,OPEN
b,2017-04-01 23:59:59.999999,FIRST_INSTALL
b,2017-04-03,OPEN
,2017-04-01,FIRST_INSTALL
"c, d",2017-04-03T10:00:00+08:00,FIRST_INSTALL
never,2017-04-01,OPEN
"""
QUESTIONS = {
    "count": ("--install-date", "2017-04-01"),
    "users": ("--users", "--install-date", "2017-04-01"),
    "days": ("--cohorts",),
    "weeks": ("--cohorts", "--period", "week"),
    "months": ("--cohorts", "--period", "month", "--follow", "1"),
}
# By zone: a day on which its clocks are set: over midnight, but in Berlin, Casablanca (for
# Ramadan) and Lord Howe (by half an hour). In Apia the day after it did not come.
CLOCK_CHANGES = {
    "America/St_Johns": "2006-10-29",
    "Asia/Beirut": "2016-03-27",
    "America/Sao_Paulo": "2017-10-15",
    "Pacific/Apia": "2011-12-29",
    "Australia/Lord_Howe": "2017-04-02",
    "Africa/Casablanca": "2017-05-21",
    "Asia/Hong_Kong": "1976-10-17",
    "Europe/Berlin": "2017-10-29",
}


@pytest.fixture
def log(tmp_path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, encoding="utf-8")
    return path


@pytest.fixture
def checked(postgres_url) -> Callable:
    """Run the script with --check, in this process."""

    def checked(*arguments: object):
        return run_here(main, "--dsn", postgres_url, "--check", *arguments)

    return checked


def assert_same(finished, found: str = "") -> None:
    """Assert that the check was made, found the same, and that the answer was printed."""
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines()[-1].startswith(f"check: DuckDB finds the same {found}")
    assert finished.stdout


@pytest.mark.parametrize(
    ("question", "found"),
    {
        "count": "2 of 2 users",
        "users": "2 users",
        "days": "triangle of 6 cells",
        "weeks": "triangle of 4 cells",
        "months": "triangle of 1 cell",
    }.items(),
)
def test_the_answer_is_printed_with_what_was_compared(checked, log, question, found):
    assert_same(checked("--events", log, *QUESTIONS[question]), found)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_sample(checked, question):
    assert_same(checked(*QUESTIONS[question]))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("time_zone", ["UTC", "America/St_Johns"])
def test_a_real_log(checked, real_data, question, time_zone):
    columns = "uid=userid,time=eventDate,event_name=eventName"
    options = [option.replace("2017-04-01", "2016-05-01") for option in QUESTIONS[question]]
    finished = checked(
        "--events", real_data / "q1" / "gamelaunch.csv", "--columns", columns,
        "--install-event", "newPlayer", "--time-zone", time_zone, *options,
    )  # fmt: skip
    assert_same(finished)


@pytest.mark.parametrize("question", ["count", "days", "weeks"])
def test_a_real_web_server_log(checked, real_data, tmp_path, question):
    """Hosts are the users, of whom each comes by a first GET; its header has two titles too few."""
    log = tmp_path / "log.tsv"
    rows = (real_data / "q2" / "nasa_19950701.tsv").read_text(encoding="utf-8")
    log.write_text(rows.replace("\n", "\t8\t9\n", 1), encoding="utf-8", newline="")
    options = [option.replace("2017-04-01", "1995-07-01") for option in QUESTIONS[question]]
    given = ("--columns", "uid=host,event_name=method", "--install-event", "GET")
    given += ("--from", "1995-01-01", "--time-zone", "America/New_York")
    assert_same(checked("--events", log, *given, *options))


@pytest.mark.parametrize("question", ["users", "weeks", "months"])
def test_real_ratings_as_events(checked, real_data, tmp_path, question):
    """The first rating of 5 plays the part of an install."""
    log = tmp_path / "ratings.tsv"
    ratings = (real_data / "q3b" / "ml-100k" / "u.data").read_text(encoding="utf-8")
    log.write_text(f"uid\titem\tevent_name\ttime\n{ratings}", encoding="utf-8", newline="")
    options = [option.replace("2017-04-01", "1997-11-03") for option in QUESTIONS[question]]
    given = ("--install-event", "5", "--from", "1997-01-01", "--time-zone", "America/St_Johns")
    assert_same(checked("--events", log, *given, *options))


@pytest.mark.parametrize("time_zone", CLOCK_CHANGES)
def test_drawn_logs_where_clocks_are_set(checked, tmp_path, time_zone):
    change = date.fromisoformat(CLOCK_CHANGES[time_zone])
    log = tmp_path / "drawn.csv"
    write_csv(log, drawn_events(change, seed=time_zone))
    asked = [("--cohorts", "--period", period) for period in ("day", "week", "month")]
    asked.append(("--install-date", change - timedelta(days=1)))
    asked.append(("--users", "--install-date", change))
    given = ("--events", log, "--time-zone", time_zone, "--from", "1970-01-01")
    for question in asked:
        assert_same(checked(*given, *question))


def drawn_events(change: date, seed: object, number: int = 1000) -> list[Event]:
    """Events of few users, most within some days of a day, at its quarters of an hour or close."""
    generator = random.Random(str(seed))  # noqa: S311
    noon = datetime.combine(change, datetime.min.time(), UTC) + timedelta(hours=12)
    events = []
    for _ in range(number):
        spread = generator.choice((4, 4, 4, 60)) * 96
        quarters = generator.randrange(-spread, spread) * timedelta(minutes=15)
        time = noon + quarters + timedelta(microseconds=generator.randrange(-1, 2))
        name = "FIRST_INSTALL" if generator.random() < 0.2 else "OPEN"
        events.append((generator.choice(["", *map(str, range(300))]), time.isoformat(), name))
    return events


def write_csv(path: Path, events: list[Event]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([NAMES, *events])


def test_a_table_of_every_type_of_time(checked, postgres_url):
    events = drawn_events(date(2017, 4, 2), seed=0)
    kinds = {
        "timestamptz": "time::timestamptz",
        "timestamp": "time::timestamptz AT TIME ZONE 'UTC'",
        "date": "time::date",
        "bigint": "floor(extract(epoch FROM time::timestamptz))",
        "numeric": "extract(epoch FROM time::timestamptz) * 1000",
        "double precision": "extract(epoch FROM time::timestamptz)",
    }
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE texts (uid text, time text, event_name text)")
        cursor.executemany("INSERT INTO texts VALUES (%s, %s, %s)", [e for e in events if e[0]])
        cursor.execute("INSERT INTO texts VALUES (NULL, '2017-04-02', 'FIRST_INSTALL')")
        for number, (kind, expression) in enumerate(kinds.items()):
            cursor.execute(
                f'DROP TABLE IF EXISTS "Check {number}"; CREATE TABLE "Check {number}" AS '  # noqa: S608
                f'SELECT uid, ({expression})::{kind} AS "at", event_name FROM texts'
            )
    connection.close()
    for number in range(len(kinds)):
        options = ("--columns", "time=at", "--time-zone", "Australia/Lord_Howe")
        for question in ("users", "days"):
            table = f"public.Check {number}"
            assert_same(checked("--table", table, *options, *QUESTIONS[question]))


@pytest.mark.parametrize(
    ("uid", "status"), [("uuid", 0), ("bytea", 0), ("bigint", 0), ("char(9)", 0), ("numeric", 2)]
)
def test_users_of_other_types(checked, postgres_url, uid, status):
    values = {
        "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
        "bytea": [r"\xff00", r"\x41"],
    }.get(uid, ["10", "9"])
    name = f"check_uid_{re.sub('[^a-z]', '', uid)}"
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {name}")
        cursor.execute(f"CREATE TABLE {name} (uid {uid}, time timestamptz, event_name text)")
        for value in values:
            for event in (("2017-04-01Z", "FIRST_INSTALL"), ("2017-04-02Z", "OPEN")):
                cursor.execute(f"INSERT INTO {name} VALUES (%s, %s, %s)", (value, *event))  # noqa: S608
    connection.close()
    finished = checked("--table", f"public.{name}", "--users")
    if status:
        assert_one_line_error(finished, status, "the column uid", "leave out --check")
        assert not finished.stdout
    else:
        assert_same(finished, "2 users")


def test_files_are_read_once_each(checked, log, tmp_path):
    day = tmp_path / "day.tsv"
    day.write_text("event_name\tuid\ttime\nOPEN\ta\t2017-04-05\n", encoding="utf-8")
    again = tmp_path / "." / log.name
    assert_same(checked("--events", log, "--events", again, "--events", day), "2 of 2 users")


def test_standard_input_is_kept(postgres_url):
    events = gzip.compress(EVENTS.encode())
    arguments = ("--dsn", postgres_url, "--events", "-", "--check", "--cohorts")
    assert_same(run_script("Q1/sql.py", *arguments, stdin=events), "triangle of 6 cells")


def planted(folder: Path, copy: Path, old: str, new: str) -> Path:
    """A copy of a folder of statements in which `new` is in the place of `old`."""
    shutil.copytree(folder, copy)
    found = 0
    for path in copy.glob("*.sql"):
        text = path.read_text(encoding="utf-8")
        found += old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    assert found, f"{old} is in no statement"
    return copy


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("count", "install 2017-04-01, installed users: PostgreSQL finds 3, DuckDB 2"),
        ("days", "cohort 2017-04-01, age 0, users: PostgreSQL finds 3, DuckDB 2"),
    ],
)
def test_a_wrong_statement_is_found(checked, log, tmp_path, monkeypatch, question, part):
    is_install = "event_name = %(install_event)s"
    wrong = planted(questions.QUERIES, tmp_path / "queries", is_install, "event_name <> ''")
    monkeypatch.setattr(questions, "QUERIES", wrong)
    plot = tmp_path / "plot.png"
    finished = checked("--events", log, "--plot", plot, *QUESTIONS[question])
    assert_one_line_error(finished, 1, part)
    assert not finished.stdout
    assert not plot.exists()


@pytest.mark.parametrize(
    ("question", "old", "new", "part"),
    [
        ("count", "max(day)", "99999 + max(day)", "observed: PostgreSQL finds False, DuckDB True"),
        ("users", "DISTINCT uid", "max(uid) AS uid", "whether 'a' came back"),
        (
            "days",
            "visits.age = cells.age",
            "visits.age = cells.age - 1",
            "age 0, N-day retention: ",
        ),
        ("weeks", "last_visits.age >=", "last_visits.age >", "age 0, unbounded retention: "),
        ("months", "to_days(1)", "to_days(30)", "cohort 2017-04-01, age 0, N-day retention: "),
        ("days", "WHERE uid IS NOT NULL AND", "WHERE uid <> 'b' AND", "age 0, users: "),
    ],
)
def test_every_kind_of_difference_is_found(
    checked, log, tmp_path, monkeypatch, question, old, new, part
):
    wrong = planted(statements.FOLDER, tmp_path / "statements", old, new)
    monkeypatch.setattr(statements, "FOLDER", wrong)
    assert_one_line_error(checked("--events", log, *QUESTIONS[question]), 1, part)


def test_rules_of_a_time_zone_that_differ_are_named(checked, log, tmp_path, monkeypatch):
    """On the server, as it would say with older data, clocks go forward on the 2nd at 05:00."""
    later = "AT TIME ZONE %s + (moment >= '2017-04-02 05:00Z')::int * interval '1 hour'"
    monkeypatch.setattr(clocks, "SHOWN", clocks.SHOWN.replace("AT TIME ZONE %s", later))
    wrong = planted(statements.FOLDER, tmp_path / "statements", "DISTINCT uid", "max(uid) AS uid")
    monkeypatch.setattr(statements, "FOLDER", wrong)
    finished = checked("--events", log, "--users", "--time-zone", "Asia/Tokyo")
    assert_one_line_error(finished, 1, "rules of different years", "at 2017-04-02 05:00 UTC")


def test_a_plan_has_no_answer_to_check(checked):
    assert_one_line_error(checked("--explain"), 2, "leave out --check")


def test_the_check_shares_no_code_with_what_it_checks():
    graph = imports(ROOT / "Q1")
    modules = [module for module in graph if module.parent.name == "check"]
    used = {found.parent.name for module in modules for found in reachable(module, graph)}
    assert len(modules) > 5
    assert used == {"check", "common", "postgres"}  # the connection, and COPY of a table


def test_without_the_check_nothing_of_it_is_loaded(postgres_url):
    program = (
        "import sys; from sql import main; main(sys.argv[1:]); "
        "assert not {'duckdb', 'check.verdict'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, "--dsn", postgres_url]
    subprocess.run(command, cwd=ROOT / "Q1", env=clean_environment(), check=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_an_interrupt_of_duckdb_is_one_line(postgres_url, log, tmp_path):
    """The statement takes for ever; Ctrl-C comes when it has begun."""
    endless = "FROM range(1000000000000) AS numbers, events"
    wrong = planted(statements.FOLDER, tmp_path / "endless", "FROM events", endless)
    # The statement is looked through for parameters just before it begins.
    program = f"""
import os, re, signal, sys, threading
from pathlib import Path
from types import SimpleNamespace
from check import statements
from sql import main

def findall(pattern, statement):
    if "range(1000000000000)" in statement:
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    return re.findall(pattern, statement)

signal.signal(signal.SIGINT, signal.default_int_handler)
statements.FOLDER = Path({str(wrong)!r})
statements.re = SimpleNamespace(findall=findall)
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", program, "--dsn", postgres_url, "--check", "--events", log]
    finished = subprocess.run(
        command, cwd=ROOT / "Q1", env=clean_environment(), capture_output=True, timeout=120
    )
    assert finished.returncode == 130, finished.stderr
    assert finished.stderr.decode().splitlines()[1:] == ["sql.py: interrupted"]


def test_duckdb_prints_no_progress_into_the_answer(tmp_path):
    with statements.database(tmp_path) as duck:
        shown = duck.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    assert shown == (False,)
