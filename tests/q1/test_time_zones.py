"""What a day is: in a time zone, over changes of the clock, for both types of timestamp."""

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2
import pytest

from events.table import existing_table
from events.view import UNZONED, ZONED, View
from retention.days import midnights, moments
from retention.questions import Question, ask
from retention.triangle import triangle_parameters
from sql import main
from tests.conftest import assert_one_line_error, run_here
from tests.q1.conftest import given, inquiry, run, triangle_rows


def retained(url: str, events: str, question: Question, time_type: str = "timestamptz"):
    """How many users installed and came back."""
    with given(url, events, question.time_zone, time_type) as connection:
        source = existing_table(connection, "given_events", {})
        view = View([source], question.time_zone)
        parameters = moments(connection, view, question)
        parameters |= {"install_event": question.install_event}
        (row,), _ = ask(connection, "retained_users", parameters, view)
        return tuple(row)


def question(installed: str, time_zone: str) -> Question:
    """Who installed on a day and came back on the day after?"""
    day = date.fromisoformat(installed)
    return Question("in", day, day + timedelta(days=1), day + timedelta(days=1), time_zone)


@pytest.mark.parametrize("time_type", ["timestamptz", "timestamp"])
@pytest.mark.parametrize(
    ("time_zone", "expected"),
    [("UTC", (1, 1)), ("Asia/Hong_Kong", (2, 1)), ("America/New_York", (0, 0))],
)
def test_both_types_of_timestamp_are_the_same_moments(postgres_url, time_type, time_zone, expected):
    events = """
        uid | time                       | event_name
        a   | 2017-04-01 00:00:00        | in
        a   | 2017-04-02 00:00:00        | open
        b   | 2017-03-31 16:00:00        | in
        b   | 2017-04-02 16:00:00        | open
    """
    if time_type == "timestamptz":
        events = events.replace(":00:00 ", ":00:00+00 ")
    asked = question("2017-04-01", time_zone)
    assert retained(postgres_url, events, asked, time_type) == expected


@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Hong_Kong", "America/New_York"])
@pytest.mark.parametrize("dashes", ["-", ""])
def test_a_date_is_the_same_day_in_every_zone(postgres_url, dashes, time_zone):
    """A column of dates; without dashes whole numbers, which are days of UTC and no seconds."""
    events = """
        uid | time       | event_name
        a   | 2017-04-01 | in
        a   | 2017-04-02 | open
        b   | 2017-03-31 | in
        c   | 2017-04-01 | in
        c   | 2017-04-03 | open
    """.replace("-", dashes)
    asked = question("2017-04-01", time_zone if dashes else "UTC")
    time_type = "date" if dashes else "integer"
    assert retained(postgres_url, events, asked, time_type) == (2, 1)
    with given(postgres_url, events, asked.time_zone, time_type) as connection:
        assert inquiry(connection, time_zone=asked.time_zone).span.first_day == date(2017, 3, 31)


def test_the_short_day_when_clocks_are_set_forward(postgres_url):
    """Berlin's 2017-03-26 has 23 hours: 23:00 UTC the day before to 22:00 UTC."""
    events = """
        uid     | time                          | event_name
        before  | 2017-03-25 22:59:59.999999+00 | in
        before  | 2017-03-26 22:00:00+00        | open
        first   | 2017-03-25 23:00:00+00        | in
        first   | 2017-03-26 21:59:59.999999+00 | open
        last    | 2017-03-26 21:59:59.999999+00 | in
        last    | 2017-03-26 22:00:00+00        | open
        after   | 2017-03-26 22:00:00+00        | in
    """
    assert retained(postgres_url, events, question("2017-03-26", "Europe/Berlin")) == (2, 1)


def test_the_long_day_when_clocks_are_set_back(postgres_url):
    """Berlin's 2017-10-29 has 25 hours: 22:00 UTC the day before to 23:00 UTC."""
    events = """
        uid     | time                          | event_name
        before  | 2017-10-28 21:59:59.999999+00 | in
        first   | 2017-10-28 22:00:00+00        | in
        first   | 2017-10-29 22:30:00+00        | open
        last    | 2017-10-29 22:59:59.999999+00 | in
        last    | 2017-10-29 23:00:00+00        | open
        after   | 2017-10-29 23:00:00+00        | in
    """
    assert retained(postgres_url, events, question("2017-10-29", "Europe/Berlin")) == (2, 1)


@pytest.mark.parametrize(
    ("day", "time_zone", "moment"),
    [
        ("2017-04-01", "UTC", "2017-04-01T00:00:00"),
        ("2017-04-01", "Asia/Kathmandu", "2017-03-31T18:15:00"),
        # 00:00 comes twice: clocks go from 01:00 back to 00:00
        ("2017-11-05", "America/Havana", "2017-11-05T04:00:00"),
        # 00:00 does not come: clocks go from 00:00 to 01:00
        ("2017-10-15", "America/Sao_Paulo", "2017-10-15T03:00:00"),
        # the day does not come: Samoa went from the 29th to the 31st
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00"),
    ],
)
def test_the_first_moment_of_a_day(postgres_url, day, time_zone, moment):
    connection = psycopg2.connect(postgres_url)
    asked = date.fromisoformat(day)
    found = midnights(connection, {asked}, time_zone, UNZONED)[asked]
    connection.close()
    assert found.first == found.last
    assert found.first.isoformat() == moment


@pytest.mark.parametrize(
    ("time_zone", "year"),
    [
        ("Europe/Berlin", 2017),
        ("America/Havana", 2017),
        ("America/Sao_Paulo", 2017),
        ("Australia/Lord_Howe", 2017),
        ("Asia/Beirut", 2017),
        ("Pacific/Apia", 2011),
        ("America/St_Johns", 2006),  # 00:01 back to 23:01
        ("Africa/Monrovia", 1971),  # 44 minutes and 30 seconds behind UTC
    ],
)
def test_a_day_is_when_clocks_show_it(postgres_url, time_zone, year):
    """Ranges and days of the view agree with Python's clocks at every half minute of a quarter."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    steps = [timedelta(minutes=15 * n, seconds=s) for n in range(369 * 96) for s in (-30, 0)]
    zone = ZoneInfo(time_zone)
    with (
        given(postgres_url, "uid | time | event_name", time_zone) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO given_events SELECT 'a', moment, 'x' FROM unnest(%s) AS moment",
            [[start + step for step in steps]],
        )
        found = midnights(connection, {*days, days[-1] + timedelta(days=1)}, time_zone, ZONED)
        ranges = [(day, found[day].first, found[day + timedelta(days=1)].last) for day in days]
        cursor.execute(
            "SELECT time, piwik_track.day, ranges.day FROM piwik_track"
            " LEFT JOIN unnest(%s, %s, %s) AS ranges (day, start, stop)"
            " ON time >= start AND time < stop AND piwik_track.day = ranges.day",
            list(map(list, zip(*ranges, strict=True))),
        )
        rows = cursor.fetchall()
    assert len(rows) == len(steps)
    for moment, day, in_range_of in rows:
        assert day == moment.astimezone(zone).date()
        assert in_range_of == (day if day.year == year else None)


TWICE = """\
uid,time,event_name
second,2006-10-29 02:45Z,in
second,2006-10-29 04:00Z,open
minute,2006-10-29 02:30:30Z,in
minute,2006-10-29 02:50Z,open
"""


@pytest.mark.parametrize(
    ("installed", "active", "uid"),
    [("2006-10-28", "2006-10-29", "second"), ("2006-10-29", "2006-10-29", "minute")],
)
def test_a_midnight_that_comes_twice(postgres_url, tmp_path, installed, active, uid):
    """Clocks in St John's showed the 29th for a minute, then the last hour of the 28th again."""
    log = tmp_path / "log.csv"
    log.write_text(TWICE, encoding="utf-8")
    common = ("--dsn", postgres_url, "--events", log, "--time-zone", "America/St_Johns")
    common += ("--install-event", "in", "--format", "json")
    days = ("--install-date", installed, "--active-from", active, "--active-to", active)
    count = json.loads(run_here(main, *common, *days).stdout)
    assert (count["installed_users"], count["retained_users"]) == (1, 1)
    assert json.loads(run_here(main, *common, *days, "--users").stdout)["uids"] == [uid]
    cohorts = json.loads(run_here(main, *common, "--cohorts").stdout)["cohorts"]
    assert [(cohort["start"], cohort["users"]) for cohort in cohorts] == [
        ("2006-10-28", 1),
        ("2006-10-29", 1),
    ]
    limited = run_here(main, *common, "--cohorts", "--from", installed, "--to", installed)
    (cohort,) = json.loads(limited.stdout)["cohorts"]
    assert (cohort["start"], cohort["users"]) == (installed, 1)


ONCE_MORE = """\
uid,time,event_name
a,2006-10-28 12:00Z,FIRST_INSTALL
a,2006-10-29 02:30:30Z,open
b,2006-10-29 02:45Z,open
"""
THE_29TH = ("--install-date", "2006-10-28", "--active-from", "2006-10-29")
THE_29TH += ("--active-to", "2006-10-29")


@pytest.fixture(params=["file", "table"])
def in_the_last_hour(request, postgres_url, tmp_path):
    """Ask in St John's about data that end when clocks show the 28th again, after the 29th."""

    def asked(events: str, *options: str) -> dict:
        log = tmp_path / "log.csv"
        log.write_text(events, encoding="utf-8")
        source = ("--events", log)
        if request.param == "table":
            rows = [line.split(",") for line in events.splitlines()[1:]]
            with (
                closing(psycopg2.connect(postgres_url)) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("CREATE TABLE again (uid text, time timestamptz, event_name text)")
                cursor.executemany("INSERT INTO again VALUES (%s, %s, %s)", rows)
                connection.commit()
            source = ("--table", "again")
        common = ("--dsn", postgres_url, *source, "--time-zone", "America/St_Johns", "--check")
        finished = run_here(main, *common, "--format", "json", *options)
        if request.param == "table":
            run(postgres_url, "DROP TABLE again")
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return asked


def test_the_last_day_is_the_latest_and_not_that_of_the_last_record(in_the_last_hour):
    answer = in_the_last_hour(ONCE_MORE, *THE_29TH)
    assert (answer["retained_users"], answer["observed"]) == (1, True)
    (cohort,) = in_the_last_hour(ONCE_MORE, "--cohorts")["cohorts"]
    assert (cohort["active_on"], cohort["active_on_or_after"]) == ([1, 1], [1, 1])


def test_the_limit_leaves_out_a_day_that_began_before_it_ended(in_the_last_hour):
    """With --to the 28th, the event in the minute of the 29th is not there."""
    without_b = ONCE_MORE.rpartition("b,")[0]
    answer = in_the_last_hour(without_b, "--to", "2006-10-28", *THE_29TH)
    assert (answer["retained_users"], answer["observed"]) == (0, False)
    answer = in_the_last_hour(without_b, "--to", "2006-10-28", "--cohorts")
    (cohort,) = answer["cohorts"]
    assert cohort["active_on"] == [1]
    assert (answer["records"], answer["records_left_out"]) == (1, {"after 2006-10-28": 1})


def test_the_first_day_is_the_earliest_and_not_that_of_the_first_record(in_the_last_hour):
    """The first record is in the minute of the 29th; the install is on the 28th, after it."""
    events = ONCE_MORE.replace("28 12:00Z", "29 03:00Z")
    answer = in_the_last_hour(events, "--cohorts")
    (cohort,) = answer["cohorts"]
    assert (answer["first_day"], answer["last_day"]) == ("2006-10-28", "2006-10-29")
    assert (cohort["start"], cohort["active_on"]) == ("2006-10-28", [1, 1])


@pytest.mark.parametrize("name", ["Nowhere/City", "utc+25", "'; DROP TABLE x; --", "", "FOO3BAR"])
def test_a_time_zone_that_does_not_exist(postgres_url, name):
    finished = run_here(main, "--dsn", postgres_url, "--time-zone", name)
    assert_one_line_error(finished, 2, "--time-zone", "Asia/Hong_Kong")


@pytest.mark.parametrize(
    ("time_zone", "day", "clock"),
    [
        ("America/St_Johns", "2006-10-29", "day"),  # clocks go back over midnight
        ("America/Havana", "2017-11-05", "day"),  # back to midnight, which comes twice
        ("America/New_York", "2017-11-05", "time"),  # back at two
        ("Asia/Beirut", "2017-03-26", "time"),  # forward at midnight
    ],
)
@pytest.mark.parametrize("time_type", ["timestamptz", "timestamp"])
def test_the_triangle_goes_by_time_where_days_are_ranges_of_it(
    postgres_url, time_zone, day, clock, time_type
):
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(time_zone))
    moments = [midnight.astimezone(UTC) + timedelta(hours=hours) for hours in (-20, 4, 30)]
    rows = [f"a | {moment:%Y-%m-%d %H:%M} | FIRST_INSTALL" for moment in moments]
    text = "\n".join(["uid | time | event_name", *rows])
    with given(postgres_url, text, time_zone, time_type) as connection:
        asked = inquiry(connection, time_zone=time_zone)
        parameters = triangle_parameters(
            connection, asked.view, "day", None, asked.whole_window, asked.parameters
        )
        assert str(parameters["clock"]) == clock
        assert [row.active_on for row in triangle_rows(asked)] == [1, 1, 1]
