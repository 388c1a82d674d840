"""Rows in COPY's binary format are the rows that PostgreSQL then has, whatever their sizes."""

import io
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg2
import pyarrow as pa
import pytest

from events.binary import HEADER, TRAILER, as_binary_rows, lengths, rows_alike

ROWS = 3000
START = datetime(1999, 12, 31, tzinfo=UTC)
SHAPES = {
    "one size": ["user-0001", "user-0002"],
    "few sizes, and none": ["", "a", "é", "中文", None],
    "only none": [None],
    "many sizes": ["x" * size for size in range(700)],
    "long": ["x" * 70_000, "y"],
}


@pytest.mark.parametrize("with_values", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_server_has_the_rows(postgres_url, shape, with_values):
    generator = random.Random(7)  # noqa: S311
    rows = ROWS // 30 if shape == "long" else ROWS
    columns = [generator.choices(SHAPES[shape], k=rows) for _ in range(3 if with_values else 2)]
    times = [START + timedelta(microseconds=generator.randrange(10**12)) for _ in range(rows)]
    uids, *others = (pa.array([None, *column], pa.string())[1:] for column in columns)
    data = as_binary_rows(uids, pa.array(times, pa.timestamp("us", "UTC")), *others)
    names = ", ".join(f"c{number} text" for number in range(1, len(columns)))
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(f"CREATE TEMP TABLE rows (uid text, time timestamptz, {names})")
        stream = io.BytesIO(HEADER + data + TRAILER)
        cursor.copy_expert("COPY rows FROM STDIN (FORMAT binary)", stream)
        cursor.execute("TABLE rows")
        found = Counter(cursor.fetchall())
    assert found == Counter(zip(columns[0], times, *columns[1:], strict=True))


@pytest.mark.parametrize(("shape", "is_split"), [("few sizes, and none", True), ("long", False)])
def test_both_ways_of_writing_are_tested(shape, is_split):
    sizes = pa.array(SHAPES[shape] * ROWS, pa.string())
    assert (rows_alike(lengths(sizes)[None]) is not None) == is_split
