"""Numbers in a table's column for the time are the moments that they are in files, or refused."""

from datetime import UTC, timedelta

import psycopg2
import pyarrow as pa
import pytest
from psycopg2 import sql

from events.times import moments
from events.view import TIMES
from sql import main
from tests.conftest import assert_one_line_error, run_here
from tests.q1.conftest import run

# Both sides of every limit of the rules: units, spreadsheets' days, days, days with a time.
EDGES = (
    0, 19_999, 20_000, 45_000, 80_000, 80_001, 19_000_000, 19_000_101, 20_170_400, 20_170_401,
    20_170_431, 20_170_229, 20_160_229, 29_991_231, 29_999_999, 30_000_000, 1_491_004_800,
    10**11 - 1, 10**11, 190_001_010_000, 201_704_011_000, 201_704_012_500, 209_912_312_359,
    1_491_004_800_123, 19_000_101_000_000, 20_170_401_100_000, 20_170_401_106_000,
    20_991_231_235_959, 10**14 - 1, 10**14, 1_491_004_800_123_456, 10**17 - 1, 10**17,
    1_491_004_800_123_456_789, 9 * 10**18 - 1025, 9 * 10**18, 2**63 - 1,
)  # fmt: skip
NUMBERS = {
    "integer": [n for n in EDGES if n < 2**31],
    "bigint": EDGES,
    "numeric": [*EDGES, "20170401.5", "79999.5", "80000.5", "1491091199.9999999", "45000.25"],
    "double precision": [*(n for n in EDGES if n < 2**53), "20170401.5", "80000.5", "1.5"],
}


def in_table(cursor, time_type: str, number: object):
    """The moment (UTC) that the view makes of a number; None if it is refused or before our era."""
    expression = sql.SQL(TIMES[time_type][0]).format(sql.SQL("column1"))
    cursor.execute("SAVEPOINT number")
    try:
        cursor.execute(
            sql.SQL("SELECT {0} FROM (VALUES (%s::{1})) AS given WHERE {0} > '0002-01-01'").format(
                expression, sql.SQL(time_type)
            ),
            [str(number)],
        )
        return cursor.fetchone()[0].astimezone(UTC) if cursor.rowcount else None
    except psycopg2.errors.DataError:
        cursor.execute("ROLLBACK TO SAVEPOINT number")
        return None


@pytest.mark.parametrize("time_type", NUMBERS)
def test_every_limit_is_that_of_files(postgres_url, time_type):
    connection = psycopg2.connect(postgres_url)
    numbers = [text for n in NUMBERS[time_type] for text in (str(n), f"-{n}") if text != "-0"]
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'Asia/Hong_Kong'")
        found = {number: in_table(cursor, time_type, number) for number in numbers}
    connection.close()
    expected = dict(zip(numbers, moments(pa.array(numbers)).to_pylist(), strict=True))
    assert {n for n in numbers if found[n] is None} == {n for n in numbers if expected[n] is None}
    # In double precision, in which to_timestamp takes its seconds, it may be microseconds off.
    for number in numbers:
        if found[number] != expected[number]:
            assert time_type == "double precision" or abs(expected[number].year - 1970) > 136
            assert abs(found[number] - expected[number]) < timedelta(microseconds=10), number


@pytest.mark.parametrize(
    ("time_type", "value", "named"),
    [
        ("integer", "45000", "number 45000"),
        ("bigint", "20170401100000", "number 20170401100000"),
        ("bigint", "20179999", "20179999"),
        ("numeric", "20170401.5", "number 20170401.5"),
        ("double precision", "NaN", "number NaN"),
    ],
)
@pytest.mark.parametrize("question", [(), ("--cohorts",)])
def test_a_number_that_is_not_a_time_is_refused(postgres_url, time_type, value, named, question):
    run(
        postgres_url,
        f"CREATE TABLE number_events AS SELECT 'a' AS uid, {time_type} '{value}' AS time,"
        " 'FIRST_INSTALL' AS event_name",
    )
    finished = run_here(main, "--dsn", postgres_url, "--table", "number_events", *question)
    parts = ["--table public.number_events: the column for the time", f"({named})", "query a view"]
    assert_one_line_error(finished, 2, *parts)
    run(postgres_url, "DROP TABLE number_events")


def test_a_column_too_coarse_for_a_time_is_refused(postgres_url):
    """Its seconds would be rounded to a multiple of 128."""
    run(postgres_url, "CREATE TABLE real_events (uid text, time real, event_name text)")
    finished = run_here(main, "--dsn", postgres_url, "--table", "real_events")
    assert_one_line_error(finished, 2, "is real, which is not a time", "double precision")
    run(postgres_url, "DROP TABLE real_events")
