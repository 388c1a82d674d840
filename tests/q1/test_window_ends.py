"""Rolling windows begin and end at the microsecond, counted from each user's own first start."""

import csv
import io
from datetime import datetime, timedelta

import psycopg2
import pytest

from sql import main
from tests.conftest import run_here

FIRST = datetime(2017, 3, 10, 5)  # midnight in New York, whose clocks change two days later
STARTS = [FIRST + timedelta(hours=5 * number, microseconds=number) for number in range(5)]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp"])
@pytest.mark.parametrize(("hours", "follow"), [(7, 70), (24, 3), (24, 70), (48, 3)])
def test_windows_end_at_the_microsecond(postgres_url, kind, hours, follow):
    length = timedelta(hours=hours)
    events = [("later", FIRST + 80 * length, "OPEN")]
    for number, start in enumerate(STARTS):
        moments = [start - length, start + 2 * length, start + 5 * length - timedelta.resolution]
        events.append((f"user {number}", start, "FIRST_INSTALL"))
        events += [(f"user {number}", moment, "OPEN") for moment in moments]
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'; DROP TABLE IF EXISTS windowed")
        cursor.execute(f"CREATE TABLE windowed (uid text, time {kind}, event_name text)")
        cursor.executemany("INSERT INTO windowed VALUES (%s, %s, %s)", events)
        cursor.execute("ANALYZE windowed")
    options = ("--window", f"{hours}h", "--follow", follow, "--time-zone", "America/New_York")
    source = ("--dsn", postgres_url, "--table", "public.windowed", "--cohorts")
    answer = run_here(main, *source, *options, "--check", "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert len(rows) == follow + 1
    found = {int(row["first_age"]): int(row["active_on"]) for row in rows}
    assert found == {age: len(STARTS) * (age in (0, 2, 4)) for age in range(follow + 1)}
