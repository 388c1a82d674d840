"""Which events are data: those until now, of the days asked for, and of a user."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import psycopg2
import pytest

from events.files import EventFile
from events.load import load_rows, rows_in_turn
from retention.overview import all_within
from sql import main
from tests.conftest import assert_one_line_error, run_here
from tests.q1.conftest import given, inquiry, triangle_rows

EVENTS = """\
uid,time,event_name
a,2017-04-01,FIRST_INSTALL
a,2017-04-02,OPEN
b,2017-04-02,FIRST_INSTALL
b,2017-04-04,OPEN
"""
FUTURE, EPOCH = "c,2106-02-07 06:28:15,OPEN\n", "d,1970-01-01,FIRST_INSTALL\n"


@pytest.fixture
def asked(postgres_url, tmp_path):
    """Ask about a file; the exit code, the JSON answer if there is one, and stderr."""

    def asked(events: str, *options: str):
        log = tmp_path / "events.csv"
        log.write_text(events, encoding="utf-8")
        common = ("--dsn", postgres_url, "--events", log, "--format", "json")
        finished = run_here(main, *common, *options)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout), finished.stderr

    return asked


@pytest.mark.parametrize("query", [(), ("--cohorts",)])
def test_wrong_clocks_change_nothing_and_are_reported(asked, query):
    plain, _ = asked(EVENTS, *query)
    found, errors = asked(EVENTS + FUTURE + EPOCH + FUTURE, *query)
    assert found.pop("records_left_out") == {"before 2000-01-01": 1, "in the future": 2}
    assert plain.pop("records_left_out") == {}
    assert found == plain
    assert "1 record left out, before 2000-01-01; --from DAY moves the limit\n" in errors
    assert "2 records left out, in the future; --to DAY moves the limit\n" in errors


def test_an_event_in_the_future_does_not_end_a_period(asked):
    """The last hour is data, and the next one is not."""
    now = datetime.now(UTC)
    rows = [("a", now - timedelta(hours=1), "FIRST_INSTALL"), ("a", now + timedelta(days=8), "x")]
    events = "uid,time,event_name\n" + "".join(f"{u},{t:%Y-%m-%d %T},{n}\n" for u, t, n in rows)
    day = str((now - timedelta(hours=1)).date())
    found, _ = asked(events, "--install-date", day)
    assert (found["installed_users"], found["retained_users"], found["observed"]) == (1, 0, False)
    assert found["last_day"] == day


def test_a_limit_in_the_future_takes_in_what_lies_before_it(asked):
    found, errors = asked(EVENTS + FUTURE, "--to", "2106-02-07", "--cohorts", "--follow", "1")
    assert (found["records"], found["last_day"]) == (5, "2106-02-07")
    assert "left out" not in errors


def test_both_limits_are_included_and_hold_in_every_question(asked):
    days = ("--from", "2017-04-02", "--to", "2017-04-03")
    found, errors = asked(EVENTS, "--cohorts", *days)
    assert [(row["start"], row["active_on"]) for row in found["cohorts"]] == [("2017-04-02", [1])]
    assert (found["records"], found["users"], found["users_without_install"]) == (2, 2, 1)
    assert found["records_left_out"] == {"before 2017-04-02": 1, "after 2017-04-03": 1}
    assert "left out" not in errors  # it was asked for
    count, _ = asked(EVENTS, "--install-date", "2017-04-02", *days)
    assert (count["installed_users"], count["retained_users"], count["observed"]) == (1, 0, False)


def test_limits_are_days_of_the_time_zone(asked):
    events = "uid,time,event_name\na,2017-04-01 16:00Z,FIRST_INSTALL\na,2017-04-02 16:00Z,x\n"
    found, _ = asked(
        events, "--cohorts", "--time-zone", "Asia/Hong_Kong", "--from", "2017-04-02",
        "--to", "2017-04-02",
    )  # fmt: skip
    assert (found["records"], found["first_day"], found["last_day"]) == (
        1,
        "2017-04-02",
        "2017-04-02",
    )


def test_nothing_within_the_limits(postgres_url, tmp_path):
    log = tmp_path / "events.csv"
    log.write_text("uid,time,event_name\n" + EPOCH, encoding="utf-8")
    finished = run_here(main, "--dsn", postgres_url, "--events", log)
    assert_one_line_error(finished, 2, "no events of users", "1 record left out, before 2000-01-01")


def test_no_install_within_the_limits(postgres_url, tmp_path):
    """The name asked for is not suggested: it is there, and left out."""
    log = tmp_path / "events.csv"
    log.write_text(EVENTS, encoding="utf-8")
    finished = run_here(main, "--dsn", postgres_url, "--events", log, "--from", "2017-04-03")
    parts = ["no user has FIRST_INSTALL within the limits of the data", "--from and --to move"]
    assert_one_line_error(finished, 2, *parts)
    assert "closest" not in finished.stderr


def test_an_install_long_ago_does_not_stretch_the_triangle(asked):
    events = EVENTS + "e,2004-04-01,FIRST_INSTALL\n"
    found, errors = asked(events, "--cohorts")
    assert [len(row["active_on"]) for row in found["cohorts"]] == [367] * 3
    assert "days after the first 366 are not shown; --follow N shows more" in errors
    longer, errors = asked(events, "--cohorts", "--follow", "4000")
    assert [len(row["active_on"]) for row in longer["cohorts"]] == [4001] * 3
    assert "not shown" not in errors


@pytest.mark.parametrize("time_type", ["timestamptz", "timestamp", "date", "bigint"])
def test_limits_of_every_type_of_time(postgres_url, time_type):
    """A column of dates or numbers has the same events within the limits."""
    times = ["2017-04-01", "2017-04-03", "2106-02-07", "1970-01-01"]
    if time_type == "bigint":
        times = ["1491004800", "1491177600000", "4294967295", "0"]
    names = ("FIRST_INSTALL", "x", "x", "x")
    rows = [f"u | {time} | {name}" for time, name in zip(times, names, strict=True)]
    with given(postgres_url, "\n".join(["uid | time | event_name", *rows]), "UTC", time_type) as c:
        question = inquiry(c)
        assert [row.active_on for row in triangle_rows(question)] == [1, 0, 1]
        found = {kind.reason: kind.records for kind in question.span.left_out}
        assert found == {"before 2000-01-01": 1, "in the future": 1}


def test_records_of_files_are_those_that_a_query_counts(postgres_url):
    """Loading counts them, also those of nobody, so that they need not be read again."""
    text = EVENTS + ",2017-03-31,x\n,2017-04-09 12:00,x\n"
    connection = psycopg2.connect(postgres_url)
    rows = rows_in_turn([EventFile("log", BytesIO(text.encode()))], {})
    files = load_rows(connection, rows, skip_bad_rows=False)
    asked = inquiry(connection, "pg_temp.piwik_track_1")
    assert asked.span == replace(asked, files=files).span
    assert (asked.span.records, asked.span.records_without_user) == (6, 2)
    assert all_within(files.first_time, files.last_time, asked.parameters)
    connection.close()


@pytest.mark.parametrize("limits", [{}, {"from_day": date(2017, 4, 2)}])
def test_a_record_without_a_time_is_left_out_and_counted(postgres_url, capsys, limits):
    """Whether others are left out or not, it is not a record within the limits."""
    events = """
        uid | time       | event_name
        a   | 2017-04-01 | FIRST_INSTALL
        a   | 2017-04-02 | FIRST_INSTALL
        b   | -          | FIRST_INSTALL
        -   | -          | x
    """
    with given(postgres_url, events) as connection:
        found = inquiry(connection, **limits).span
    left_out = {kind.reason: kind.records for kind in found.left_out}
    assert left_out.pop("without a time") == 2
    assert left_out == ({"before 2017-04-02": 1} if limits else {})
    assert (found.records, found.records_without_user) == (1 if limits else 2, 0)
    assert capsys.readouterr().err == "2 records left out, without a time\n"


@pytest.mark.parametrize("question", ["--cohorts", "--growth", "--quality"])
@pytest.mark.parametrize("constraint", [None, "NOT NULL time NOT VALID"])
def test_a_constraint_that_is_not_valid_hides_no_record(postgres_url, question, constraint):
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS timeless")
        cursor.execute("CREATE TABLE timeless (uid text, time timestamp, event_name text)")
        rows = [("a", "2017-04-01"), ("a", "2017-04-02"), ("b", None), (None, None)]
        cursor.executemany("INSERT INTO timeless VALUES (%s, %s, 'FIRST_INSTALL')", rows)
        cursor.execute("ANALYZE timeless")  # so that one pass may be enough
        if constraint:
            cursor.execute(f"ALTER TABLE timeless ADD {constraint}")
    options = ("--dsn", postgres_url, "--table", "public.timeless", question, "--format", "json")
    finished = run_here(main, *options)
    assert json.loads(finished.stdout)["records"] == 2
    assert "2 records left out, without a time" in finished.stderr
