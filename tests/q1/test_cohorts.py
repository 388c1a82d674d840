"""The triangle: cohorts by first install, ages in periods, what is not yet observed."""

from datetime import date

import pytest

from retention.overview import Overview
from retention.questions import cohorts_of
from tests.q1.conftest import as_table, given, inquiry, table, triangle_rows

EVENTS = """
    uid   | time                        | event_name
    early | 2017-04-01 00:00:00+00      | FIRST_INSTALL
    early | 2017-04-01 23:59:59.999999+00 | OPEN
    early | 2017-04-03 00:00:00+00      | OPEN
    again | 2017-04-01 12:00:00+00      | FIRST_INSTALL
    again | 2017-04-02 12:00:00+00      | FIRST_INSTALL
    again | 2017-04-02 13:00:00+00      | OPEN
    late  | 2017-04-02 12:00:00+00      | FIRST_INSTALL
    late  | 2017-04-04 12:00:00+00      | OPEN
    late  | 2017-04-01 12:00:00+00      | OPEN
    never | 2017-04-03 12:00:00+00      | OPEN
    -     | 2017-04-01 12:00:00+00      | FIRST_INSTALL
    -     | 2017-04-05 12:00:00+00      | -
    plain | 2017-04-02 12:00:00+00      | -
"""


def triangle(url: str, events: str = EVENTS, time_zone: str = "UTC", **options):
    with given(url, events, time_zone) as connection:
        return triangle_rows(inquiry(connection, time_zone=time_zone, **options))


def cells(rows: list) -> list[tuple]:
    return [row[:5] for row in as_table(rows)]


def test_every_cohort_and_age(postgres_url):
    assert cells(triangle(postgres_url)) == table(
        """
        cohort     | users | age | active_on | active_on_or_after
        2017-04-01 | 2     | 0   | 2         | 2
        2017-04-01 | 2     | 1   | 1         | 2
        2017-04-01 | 2     | 2   | 1         | 1
        2017-04-01 | 2     | 3   | 0         | 0
        2017-04-01 | 2     | 4   | 0         | 0
        2017-04-02 | 1     | 0   | 1         | 1
        2017-04-02 | 1     | 1   | 0         | 1
        2017-04-02 | 1     | 2   | 1         | 1
        2017-04-02 | 1     | 3   | 0         | 0
        2017-04-02 | 1     | 4   | -         | -
        """
    )


@pytest.mark.parametrize("follow", [0, 1, 2, 4, 99])
def test_following_fewer_days_changes_no_number(postgres_url, follow):
    whole = triangle(postgres_url)
    assert triangle(postgres_url, follow=follow) == [row for row in whole if row.age <= follow]


def test_weeks_begin_on_monday_and_count_when_they_are_over(postgres_url):
    events = """
        uid  | time                   | event_name
        a    | 2017-04-02 23:59:59+00 | FIRST_INSTALL
        a    | 2017-04-03 00:00:00+00 | OPEN
        b    | 2017-04-03 00:00:00+00 | FIRST_INSTALL
        b    | 2017-04-15 12:00:00+00 | OPEN
    """
    assert cells(triangle(postgres_url, events, period="week")) == table(
        """
        cohort     | users | age | active_on | active_on_or_after
        2017-03-27 | 1     | 0   | 1         | 1
        2017-03-27 | 1     | 1   | 1         | 1
        2017-03-27 | 1     | 2   | -         | -
        2017-04-03 | 1     | 0   | 1         | 1
        2017-04-03 | 1     | 1   | -         | -
        2017-04-03 | 1     | 2   | -         | -
        """
    )


def test_months_over_the_turn_of_a_year(postgres_url):
    events = """
        uid  | time                   | event_name
        a    | 2016-12-31 12:00:00+00 | FIRST_INSTALL
        a    | 2017-02-28 12:00:00+00 | OPEN
        b    | 2017-01-01 00:00:00+00 | FIRST_INSTALL
    """
    assert cells(triangle(postgres_url, events, period="month")) == table(
        """
        cohort     | users | age | active_on | active_on_or_after
        2016-12-01 | 1     | 0   | 1         | 1
        2016-12-01 | 1     | 1   | 0         | 1
        2016-12-01 | 1     | 2   | 1         | 1
        2017-01-01 | 1     | 0   | 1         | 1
        2017-01-01 | 1     | 1   | 0         | 0
        2017-01-01 | 1     | 2   | -         | -
        """
    )


def test_a_cohort_is_the_day_of_the_time_zone(postgres_url):
    events = """
        uid  | time                   | event_name
        a    | 2017-03-31 16:00:00+00 | FIRST_INSTALL
        a    | 2017-04-01 15:59:59+00 | OPEN
        a    | 2017-04-01 16:00:00+00 | OPEN
    """
    rows = triangle(postgres_url, events, time_zone="Asia/Hong_Kong")
    assert [(str(row.cohort), row.age, row.active_on) for row in rows] == [
        ("2017-04-01", 0, 1),
        ("2017-04-01", 1, 1),
    ]


def test_without_installs_there_are_no_cohorts(postgres_url):
    assert triangle(postgres_url, install_event="nothing") == []


def test_rows_become_lists_by_age(postgres_url):
    first, second = cohorts_of(triangle(postgres_url))
    assert (str(first.start), first.users) == ("2017-04-01", 2)
    assert first.active_on == [2, 1, 1, 0, 0]
    assert second.active_on_or_after == [1, 1, 1, 0, None]


@pytest.mark.parametrize("way", ["overview", "triangle"])
def test_users_for_whom_the_install_is_not_one_clear_day_are_counted(postgres_url, way):
    with given(postgres_url, EVENTS) as connection:
        asked = inquiry(connection)
        found = asked.overview if way == "overview" else Overview(asked.span, *whole(asked)[-4:])
    assert found.span.records == 13
    assert found.span.records_without_user == 2
    assert found.users == 5
    assert found.users_without_install == 2  # never, plain
    assert found.users_reinstalled == 1  # again
    assert found.users_active_before_install == 1  # late
    days = (found.span.first_day, found.span.last_day)
    assert days == (date(2017, 4, 1), date(2017, 4, 5))


def whole(asked) -> tuple:
    """The first row of the triangle, which has what is counted of all users."""
    return asked.in_one_pass(asked.ask_triangle)[0][0]
