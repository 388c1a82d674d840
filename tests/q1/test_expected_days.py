"""The triangle of a table takes one pass where statistics tell its days, and is right anyway."""

import pytest

from retention.overview import Overview
from tests.q1.conftest import given, inquiry, triangle_rows

EVENTS = """
    uid | time       | event_name
    a   | 2017-04-01 | FIRST_INSTALL
    a   | 2017-04-03 | OPEN
    -   | 2017-04-04 | OPEN
"""
# What is added once the statistics are there, and the number of ages that the triangle then has.
LATER = [
    ("b", "2017-04-02", "OPEN", 4, True),
    ("b", "2017-04-20", "OPEN", 20, True),
    ("b", "2018-04-01", "OPEN", 366, False),
    ("b", "2016-06-01", "FIRST_INSTALL", 308, False),
    (None, "2018-04-01", "OPEN", 366, False),
    ("b", "1970-01-01", "FIRST_INSTALL", 4, False),
    ("b", "2106-02-07", "OPEN", 4, False),
    ("b", "infinity", "OPEN", 4, False),
    ("a", "-infinity", "FIRST_INSTALL", 4, False),
    ("a", "infinity", "FIRST_INSTALL", 4, False),
    ("b", "200000-01-01", "OPEN", 4, False),
    ("b", "4000-01-01 BC", "FIRST_INSTALL", 4, False),
    ("b", None, "FIRST_INSTALL", 4, False),
]


@pytest.mark.parametrize(("uid", "time", "name", "ages", "one_pass"), LATER)
def test_what_came_after_the_statistics(postgres_url, uid, time, name, ages, one_pass):
    with given(postgres_url, EVENTS) as connection, connection.cursor() as cursor:
        cursor.execute("ANALYZE given_events")
        cursor.execute("INSERT INTO given_events VALUES (%s, %s, %s)", (uid, time, name))
        asked = inquiry(connection)
        rows = triangle_rows(asked)
        assert ("span" not in vars(asked)) == one_pass
        assert len({row.age for row in rows}) == ages
        assert asked.in_one_pass(asked.ask_triangle)[2] == asked.span
        assert asked.counted().overview == Overview(asked.span, *rows[0][-4:])


def test_statistics_with_times_that_python_does_not_know(postgres_url):
    with given(postgres_url, EVENTS) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO given_events VALUES ('b', '200000-01-01', 'OPEN')")
        cursor.execute("ANALYZE given_events")
        asked = inquiry(connection)
        assert asked.window is None
        assert [row.active_on for row in triangle_rows(asked)] == [1, 0, 1, 0]


@pytest.mark.parametrize("time_type", ["timestamptz", "timestamp", "date"])
def test_types_whose_statistics_are_read(postgres_url, time_type):
    with given(postgres_url, EVENTS, time_type=time_type) as connection:
        assert inquiry(connection).window is None
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE given_events")
        asked = inquiry(connection)
        assert [row.active_on for row in triangle_rows(asked)] == [1, 0, 1, 0]
        assert "span" not in vars(asked)
