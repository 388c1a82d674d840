"""The period of a time where clocks do not change, against zoneinfo."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from events.table import existing_table
from events.view import View
from retention.clocks import clocks_in, place_in_window
from retention.window import Window

SUMMER = Window(date(2017, 6, 1), date(2017, 8, 9))
CHANGES = {  # days of 2017 near which clocks change
    "America/St_Johns": date(2017, 11, 5),
    "Europe/London": date(2017, 3, 26),
    "America/Havana": date(2017, 11, 5),
    "Asia/Beirut": date(2017, 3, 26),
}
SAME_ALL_YEAR = ["UTC", "Asia/Kolkata", "Asia/Hong_Kong", "America/Caracas", "Pacific/Kiritimati"]


@pytest.fixture(params=["timestamptz", "timestamp"])
def connection(postgres_url, request):
    """A connection with a table of times of one type."""
    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'America/New_York'")  # the session's does not matter
        cursor.execute(
            f"CREATE TEMP TABLE moments (uid text, time {request.param}, event_name text)"
        )
        yield connection


def view_of(connection, zone: str) -> View:
    return View([existing_table(connection, "moments", {})], zone)


def local_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(("period", "days"), [("day", 1), ("week", 7)])
@pytest.mark.parametrize("zone", [*SAME_ALL_YEAR, *CHANGES])
def test_the_place_of_a_time_is_that_of_its_day(connection, zone, period, days):
    view = view_of(connection, zone)
    start = SUMMER.first_day - timedelta(3)
    template = place_in_window(view, clocks_in(connection, view, SUMMER), SUMMER, start, period)
    midnights = [
        datetime.combine(SUMMER.first_day + timedelta(day), datetime.min.time(), ZoneInfo(zone))
        for day in range(-9, 75)
    ]
    microseconds = [-1, 0, 1, 43_200_000_000]
    moments = [
        midnight.astimezone(UTC) + timedelta(microseconds=it)
        for midnight in midnights
        for it in microseconds
    ]
    with connection.cursor() as cursor:
        text = "', '".join(f"{moment:%Y-%m-%d %H:%M:%S.%fZ}" for moment in moments)
        # Without a zone the same text is that moment in UTC.
        cursor.execute(f"INSERT INTO moments SELECT 'a', unnest(ARRAY['{text}'])::{view.time_type}")
        cursor.execute(f"SELECT {template.format('time')} FROM moments ORDER BY time")  # noqa: S608
        found = [place for (place,) in cursor]
    assert found == [
        (day - start).days // days if start <= day <= SUMMER.last_day else None
        for day in (local_day(moment, zone) for moment in moments)
    ]
    assert None in found
    assert (SUMMER.last_day - start).days // days in found


def test_null_and_extreme_times_have_no_place(connection):
    view = view_of(connection, "UTC")
    clocks = clocks_in(connection, view, SUMMER)
    template = place_in_window(view, clocks, SUMMER, SUMMER.first_day, "day")
    with connection.cursor() as cursor:
        times = "NULL, 'infinity', '-infinity', '4714-11-24 BC', '294276-12-31'"
        cursor.execute(f"INSERT INTO moments SELECT 'a', unnest(ARRAY[{times}])::{view.time_type}")
        cursor.execute(f"SELECT {template.format('time')} FROM moments")  # noqa: S608
        assert cursor.fetchall() == [(None,)] * 5


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_a_date_is_in_the_same_place_in_every_zone(connection, zone):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE moments ALTER time TYPE date")
        dates = "'2017-05-31', '2017-06-01', '2017-06-08', '2017-08-09', '2017-08-10', 'infinity'"
        cursor.execute(f"INSERT INTO moments SELECT 'a', unnest(ARRAY[{dates}])::date")
        view = view_of(connection, zone)
        clocks = clocks_in(connection, view, SUMMER)
        template = place_in_window(view, clocks, SUMMER, SUMMER.first_day, "week")
        cursor.execute(f"SELECT {template.format('time')} FROM moments ORDER BY time")  # noqa: S608
        assert [place for (place,) in cursor] == [None, 0, 1, 9, None, None]


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize("days", [(0, 0), (0, 9), (-9, 0), (-1, -1), (1, 1)])
def test_no_place_by_subtraction_where_clocks_change(connection, zone, days):
    view = view_of(connection, zone)
    window = Window(*(CHANGES[zone] + timedelta(number) for number in days))
    clocks = clocks_in(connection, view, window)
    assert clocks.seconds_ahead is None
    assert place_in_window(view, clocks, window, window.first_day, "day") is None


@pytest.mark.parametrize("number", ["integer", "bigint", "numeric", "double precision"])
def test_a_time_is_computed_from_a_number_once(connection, number):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE moments ALTER time TYPE {number} USING 0")
    view = view_of(connection, "UTC")
    clocks = clocks_in(connection, view, SUMMER)
    assert clocks.seconds_ahead == 0
    assert place_in_window(view, clocks, SUMMER, SUMMER.first_day, "day") is None


def test_months_differ_in_length(connection):
    view = view_of(connection, "UTC")
    clocks = clocks_in(connection, view, SUMMER)
    assert clocks.seconds_ahead == 0
    assert place_in_window(view, clocks, SUMMER, SUMMER.first_day, "month") is None
