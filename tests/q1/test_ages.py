"""`--ages`: retention at some ages, a line for all cohorts together or for each value of --by."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sql import main
from tests.conftest import assert_one_line_error, run_here

# In HK a comes back after 1 and 7 days, b after 7; in US c after 1; d is new on the last day.
EVENTS = """\
uid,time,event_name,country
a,2017-04-01,FIRST_INSTALL,HK
a,2017-04-02,OPEN,
a,2017-04-08,OPEN,
b,2017-04-02,FIRST_INSTALL,HK
b,2017-04-09,OPEN,
c,2017-04-01,FIRST_INSTALL,US
c,2017-04-02,OPEN,
d,2017-04-09,FIRST_INSTALL,US
"""


@pytest.fixture
def asked(postgres_url, tmp_path) -> Callable:
    """Run the script about the events, with --check, in this process."""
    log = tmp_path / "events.csv"
    log.write_text(EVENTS, encoding="utf-8")
    first = ("--dsn", postgres_url, "--events", log, "--check", "--cohorts")
    return lambda *arguments: run_here(main, *first, *arguments)


def test_a_line_for_each_value_has_the_mean_of_its_cohorts(asked):
    finished = asked("--ages", "1,7", "--by", "country")
    assert finished.stdout.endswith("""
% N-day retention of all cohorts together, by days after the first install
country  users    1    7
HK           2   50  100
US           2  100    0

% unbounded retention of all cohorts together, by days after the first install
country  users    1    7
HK           2  100  100
US           2  100    0

each age over the cohorts that have reached it by 2017-04-09; · none has
""")


def test_csv_has_a_row_for_each_age_and_json_the_cohorts_too(asked):
    (table,) = csv.DictReader(io.StringIO(asked("--ages", "7", "--format", "csv").stdout))
    wanted = {"first_age": "7", "last_age": "7", "users": "3", "active_on": "2"}
    assert table | wanted == table
    answer = json.loads(asked("--ages", "1,7", "--format", "json").stdout)
    assert answer["ages"] == [[1, 1], [7, 7]]
    assert answer["weighted_mean"]["users"] == [3, 3]
    assert [it["active_on"] for it in answer["cohorts"]] == [[2, 1], [0, 1], [None, None]]


def test_ages_that_nobody_has_reached_are_left_out_and_reported(asked):
    finished = asked("--ages", "1,9,30")
    assert "\nall      4  67\n" in finished.stdout
    assert "left out, since no cohort is so old: age 9, 30" in finished.stderr
    assert_one_line_error(asked("--ages", "9"), 2, "the first cohort is at age 8")


@pytest.mark.parametrize("ages", ["7,1", "1,1", "", "-1", "x", "10000"])
def test_other_lists_are_refused(asked, ages):
    assert_one_line_error(asked("--ages", ages), 2, "--ages", "write it like 1,7,30")


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ((), "source "),
        (("--show-sql",), "-- One row per"),
        (("--ages", "1", "--show-sql"), "-- One row per"),
        (("--period", "week"), "source "),
    ],
)
def test_the_sql_of_long_statements_is_shown_when_asked_for(asked, options, begins):
    assert asked(*options).stdout.startswith(begins)


def test_the_count_of_one_day_begins_with_its_sql(postgres_url, tmp_path):
    log = Path(tmp_path, "events.csv")
    log.write_text(EVENTS, encoding="utf-8")
    shown, hidden = (
        run_here(main, "--dsn", postgres_url, "--events", log, *options).stdout
        for options in ((), ("--hide-sql",))
    )
    assert hidden.startswith("source ")
    assert shown.startswith("-- One row: the users who installed") and shown.endswith(hidden)
