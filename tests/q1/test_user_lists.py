"""The list of users as the server sends it: CSV, and the Parquet that is made of it."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg2
import pyarrow as pa
import pytest
from pyarrow import parquet

from activity.bits import BITS, LISTED_BITS, listed
from tests.conftest import ROOT, clean_environment, take_interrupts

COLUMNS = [
    "uid",
    "value",
    "cohort",
    "first_start",
    "first_event",
    "last_event",
    "records",
    "active",
]
FIRST = datetime(2017, 4, 1, 10, 0, 0, 1, tzinfo=UTC)
LATER = datetime(2019, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
UIDS = {
    "text": (["007", 'say "x",\n\tit', "é首", "NULL", "\\N", " a "], pa.string()),
    "bigint": ([7, -1, 2**62], pa.int64()),
    "double precision": ([0.5, 1e300], pa.float64()),
    "uuid": (["00000000-0000-0000-0000-000000000007"], pa.string()),
    "bytea": ([b"\x00\xff"], pa.string()),
    "numeric": ([12345678901234567890123], pa.string()),
}
TIMES = {
    "timestamptz": (FIRST, LATER, pa.timestamp("us", "UTC")),
    "timestamp": (FIRST.replace(tzinfo=None), LATER.replace(tzinfo=None), pa.timestamp("us")),
    "date": (FIRST.date(), LATER.date(), pa.date32()),
}


@contextmanager
def users_table(url: str, uid_type: str, time_type: str, uids: list) -> Iterator[None]:
    """A table in which each user installs at `FIRST` and opens `LATER`."""
    first, later, _ = TIMES[time_type]
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE listed_users (uid {uid_type}, time {time_type}, event_name text)"
        )
        for uid in uids:
            cursor.execute(
                "INSERT INTO listed_users VALUES (%(uid)s, %(first)s, 'FIRST_INSTALL'),"
                " (%(uid)s, %(later)s, 'OPEN')",
                {"uid": uid, "first": first, "later": later},
            )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE listed_users")
        connection.close()


def command(url: str, *options: str) -> list:
    given = ["--dsn", url, "--table", "public.listed_users", "--cohorts", "--users", *options]
    return [sys.executable, ROOT / "Q1" / "sql.py", *given]


def written(url: str, *options: str) -> bytes:
    asked = command(url, *options)
    return subprocess.run(asked, check=True, capture_output=True, env=clean_environment()).stdout


@pytest.mark.parametrize(
    ("uid_type", "time_type"),
    [*((kind, "timestamptz") for kind in UIDS), ("text", "timestamp"), ("text", "date")],
)
def test_every_type_comes_back_whole(postgres_url, uid_type, time_type):
    uids, arrow_uid = UIDS[uid_type]
    first, later, arrow_time = TIMES[time_type]
    with users_table(postgres_url, uid_type, time_type, uids):
        text = written(postgres_url, "--format", "csv").decode()
        table = parquet.read_table(pa.BufferReader(written(postgres_url, "--format", "parquet")))
    plain = {"\\x00ff" if isinstance(uid, bytes) else str(uid) for uid in uids}
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == table.column_names == COLUMNS
    kind = str if arrow_uid == pa.string() else type(uids[0])
    assert {str(kind(row["uid"])) for row in rows} == plain
    assert {row["active"] for row in rows} == {"2017-04-01 2019-01-31"}
    assert {row["records"] for row in rows} == {"2"}
    assert table.schema.field("uid").type == arrow_uid
    assert set(map(str, table["uid"].to_pylist())) == plain
    for name, expected in (("first_start", first), ("first_event", first), ("last_event", later)):
        assert table.schema.field(name).type == arrow_time
        assert set(table[name].to_pylist()) == {expected}
        assert {type(expected).fromisoformat(row[name]) for row in rows} == {expected}
    assert set(table["cohort"].to_pylist()) == {date(2017, 4, 1)}
    assert table["active"].to_pylist() == [[date(2017, 4, 1), date(2019, 1, 31)]] * len(uids)


def test_who_was_never_active_has_an_empty_list(postgres_url):
    with users_table(postgres_url, "text", "timestamptz", ["a"]):
        options = ("--return-event", "OPEN", "--to", "2017-04-01", "--format")
        with pytest.raises(subprocess.CalledProcessError):
            written(postgres_url, *options[:2], "--return-event", "OTHER", *options[2:], "csv")
        text = written(postgres_url, *options, "csv").decode()
        table = parquet.read_table(pa.BufferReader(written(postgres_url, *options, "parquet")))
    ((uid, *_, active),) = list(csv.reader(text.splitlines()))[1:]
    assert (uid, active) == ("a", "")
    assert table["active"].to_pylist() == [[]]
    assert table["value"].to_pylist() == [None]


@pytest.mark.parametrize("width", [BITS, 10 * BITS])
def test_each_period_is_listed_by_its_bit(postgres_url, width):
    starts = [date(2017, 1, 1) + timedelta(days) for days in range(width - 2)]
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        for place in (0, LISTED_BITS - 1, LISTED_BITS, BITS - 3, width - 3):
            bits = f"{1 << (width - 1 - place):0{width}b}"
            parts = [int(bits[first : first + BITS], 2) for first in range(0, width, BITS)]
            packed = parts[0] if width == BITS else parts
            cursor.execute(
                f"SELECT {listed(starts, width)} FROM (SELECT %s AS packed) AS users",  # noqa: S608
                [packed],
            )
            assert cursor.fetchall() == [(str(starts[place]),)]
    connection.close()


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_ctrl_c_ends_a_list_whose_first_row_takes_long(postgres_url):
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIEW listed_users AS SELECT 'a' AS uid, date '2017-04-01' AS time"
            " FROM pg_sleep(CASE WHEN current_query() LIKE 'COPY%' THEN 300 ELSE 0 END)"
        )
    try:
        asked = command(postgres_url, "--cohort-by", "first-event", "--format", "csv")
        with subprocess.Popen(
            asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            preexec_fn=take_interrupts,
        ) as process:
            with psycopg2.connect(postgres_url) as other, other.cursor() as cursor:
                sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%'"
                for _ in range(300):
                    cursor.execute(sleeping)
                    if cursor.fetchone()[0]:
                        break
                    other.rollback()
                    time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=30)
            finally:
                process.kill()
        assert process.returncode == 130, errors
    finally:
        with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
            cursor.execute("DROP VIEW listed_users")


def test_a_reader_that_goes_away_is_no_error(postgres_url):
    with users_table(postgres_url, "bigint", "date", list(range(3))):
        with subprocess.Popen(
            command(postgres_url, "--format", "csv"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        ) as process:
            process.stdout.close()
            errors = process.stderr.read()
        assert b"Traceback" not in errors
