"""The default question: users with an install on a day and any event in the days after."""

import io
import json

import pandas as pd
import psycopg2
import pytest

from events.sample import RECORDS, USERS, as_csv, sample_events
from tests.conftest import assert_one_line_error, run_script

QUESTION = {
    "install_event": "FIRST_INSTALL",
    "install_date": "2017-04-01",
    "active_from": "2017-04-02",
    "active_to": "2017-04-08",
}


def sql(*arguments: str, url: str, stdin: bytes | None = None):
    return run_script("Q1/sql.py", "--dsn", url, *arguments, stdin=stdin)


def answer(url: str, *arguments: str, stdin: bytes | None = None) -> dict:
    finished = sql(*arguments, "--format", "json", url=url, stdin=stdin)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def counted_by_pandas(events: pd.DataFrame, install_event, install_date, active_from, active_to):
    """Ask pandas the question: days as texts, sets of users."""
    days = events["time"].dt.strftime("%Y-%m-%d")
    installs = events[(events["event_name"] == install_event) & (days == install_date)]
    active = events[(days >= active_from) & (days <= active_to)]
    installed = set(installs["uid"].dropna())
    return len(installed), len(installed & set(active["uid"].dropna()))


@pytest.mark.parametrize("seed", [2017, 1, 2])
def test_sample_events_are_counted_as_pandas_counts_them(postgres_url, seed):
    events = pd.DataFrame(sample_events(seed))
    installed, retained = counted_by_pandas(events, **QUESTION)
    assert 0 < retained < installed
    found = answer(postgres_url, "--seed", str(seed))
    assert {name: found[name] for name in QUESTION if name != "install_event"} == {
        name: day for name, day in QUESTION.items() if name != "install_event"
    }
    assert (found["source"], found["records"]) == (f"sample events, seed {seed}", RECORDS)
    assert found["users"] == USERS
    assert (found["installed_users"], found["retained_users"]) == (installed, retained)
    assert found["retention"] == round(retained / installed, 6)


def test_one_seed_gives_one_text_and_another_seed_another(postgres_url):
    texts = [sql("--seed", seed, url=postgres_url).stdout for seed in ("5", "5", "6")]
    assert texts[0] == texts[1] != texts[2]


def test_the_text_shows_the_statement_the_table_the_numbers_and_the_count(postgres_url):
    finished = sql(url=postgres_url)
    assert finished.returncode == 0
    *statement, data, count = finished.stdout.strip().split("\n\n")
    assert "'FIRST_INSTALL'" in "".join(statement)
    assert "'2017-04-09T00:00:00+00:00'::timestamptz" in "".join(statement)  # the whole last day
    assert data.startswith("source   sample events, seed 2017\nrecords  10,000, ")
    assert "\nusers    1,000\n" in data
    expected = answer(postgres_url)
    assert f"2017-04-01: {expected['installed_users']} users" in count
    assert f"{expected['retained_users']} of them" in count


def test_the_statement_shown_is_the_statement_that_counts(postgres_url):
    """Run on a table of the same events, it gives the numbers below it."""
    text = sql(url=postgres_url).stdout
    statement = text.split("\n\nsource  ")[0]
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(
            "CREATE TEMP TABLE piwik_track_1 (uid text, time timestamptz, event_name text)"
        )
        cursor.copy_expert(
            "COPY piwik_track_1 FROM STDIN (FORMAT csv, HEADER)",
            io.BytesIO(as_csv(sample_events(2017))),
        )
        cursor.execute(statement)
        installed, retained = cursor.fetchone()
    connection.close()
    assert f": {installed} users" in text
    assert f": {retained} of them" in text


def test_days_are_whole_and_both_ends_count(postgres_url):
    events = """\
uid,time,event_name
first moment,2017-04-01 00:00:00,FIRST_INSTALL
first moment,2017-04-02 00:00:00,OPEN
last moment,2017-04-01 23:59:59.999999,FIRST_INSTALL
last moment,2017-04-08 23:59:59.999999,OPEN
the day after,2017-04-01 12:00:00,FIRST_INSTALL
the day after,2017-04-09 00:00:00,OPEN
only that day,2017-04-01 12:00:00,FIRST_INSTALL
only that day,2017-04-01 23:59:59.999999,OPEN
the day before,2017-03-31 23:59:59.999999,FIRST_INSTALL
the day before,2017-04-03 12:00:00,OPEN
too late,2017-04-02 00:00:00,FIRST_INSTALL
too late,2017-04-03 12:00:00,OPEN
again,2017-04-01 12:00:00,FIRST_INSTALL
again,2017-04-01 13:00:00,FIRST_INSTALL
again,2017-04-03 12:00:00,FIRST_INSTALL
,2017-04-01 12:00:00,FIRST_INSTALL
,2017-04-03 12:00:00,OPEN
"""
    result = answer(postgres_url, "--events", "-", stdin=events.encode())
    assert result["records"] == 17
    assert result["users"] == 7
    assert result["installed_users"] == 5  # not: the day before, too late, nobody
    assert result["retained_users"] == 3  # the first and the last moment, again


def test_other_events_and_days_can_be_asked_for(postgres_url):
    events = b"""\
uid,time,event_name
a,2020-02-28,join
a,2020-02-29,open
b,2020-02-28,join
b,2020-03-07,open
"""
    given = ("--events", "-", "--install-event", "join", "--install-date", "2020-02-28")
    result = answer(postgres_url, *given, stdin=events)
    assert (result["active_from"], result["active_to"]) == ("2020-02-29", "2020-03-06")
    assert (result["installed_users"], result["retained_users"]) == (2, 1)
    wider = answer(postgres_url, *given, "--active-to", "2020-03-07", stdin=events)
    assert wider["retained_users"] == 2
    later = answer(
        postgres_url,
        *given,
        "--active-from",
        "2020-03-07",
        "--active-to",
        "2020-03-07",
        stdin=events,
    )
    assert later["retained_users"] == 1


def test_the_embedded_server_gives_the_same_answer(postgres_url):
    embedded = run_script("Q1/sql.py", "--embedded")
    assert embedded.returncode == 0, embedded.stderr
    assert embedded.stderr.startswith("server: embedded PostgreSQL 18")
    assert embedded.stdout == sql(url=postgres_url).stdout


def test_a_day_without_installs_between_others_is_an_answer(postgres_url):
    events = b"uid,time,event_name\na,2020-01-01,join\na,2020-01-03,x\nb,2020-01-09,join\n"
    given = ("--events", "-", "--install-event", "join", "--check", "--install-date")
    finished = sql(*given, "2020-01-02", "--format", "json", url=postgres_url, stdin=events)
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert (found["installed_users"], found["retained_users"], found["retention"]) == (0, 0, None)
    assert "no user has join on 2020-01-02\n" in finished.stderr
    outside = sql(*given, "2020-01-10", url=postgres_url, stdin=events)
    parts = ["no user has join on 2020-01-10", "may be from 2020-01-01 to 2020-01-09"]
    assert_one_line_error(outside, 2, *parts)
