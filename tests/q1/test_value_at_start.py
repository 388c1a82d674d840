"""The value that splits an answer is that of the user's first start, in every type of time."""

import csv
import io

import psycopg2
import pytest

from sql import main
from tests.conftest import run_here

# Of several values at that moment it is the first in order of bytes, and none if there is no other.
USERS = {
    "before 2000": ([("1999-06-01", "old"), ("2001-06-01", "new")], "old"),
    "both before": ([("1998-06-01", "z"), ("1999-06-01", "a")], "z"),
    "same moment": ([("2017-04-01", "é"), ("2017-04-01", "zz"), ("2017-04-01", "z")], "z"),
    "none next to one": ([("2017-04-01", None), ("2017-04-01", "é")], "é"),
    "none first": ([("2017-04-01", None), ("2017-04-02", "a")], None),
    "empty": ([("2017-04-01", "")], None),
    "escapes": ([("2017-04-01", r"a\101\\"), ("2017-04-02", "a")], r"a\101\\"),
}
NO_START = ("no start", "2017-04-01", "OPEN", "x")


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date", "file"])
def test_a_user_has_the_value_of_the_first_start(postgres_url, tmp_path, kind):
    events = [
        (uid, day, "FIRST_INSTALL", value)
        for uid, (days, _) in USERS.items()
        for day, value in days
    ]
    source = ("--table", "public.valued")
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS valued")
        if kind == "file":
            source = ("--events", tmp_path / "log.csv")
            with source[1].open("w", encoding="utf-8", newline="") as file:
                titles = ("uid", "time", "event_name", "country")
                csv.writer(file).writerows([titles, *events, NO_START])
        else:
            columns = f"uid text, time {kind}, event_name text, country text"
            cursor.execute(f"CREATE TABLE valued ({columns})")
            cursor.executemany("INSERT INTO valued VALUES (%s, %s, %s, %s)", [*events, NO_START])
    options = ("--from", "1990-01-01", "--cohorts", "--users", "--by", "country")
    answer = run_here(main, "--dsn", postgres_url, *source, *options, "--check", "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    found = {row["uid"]: row["value"] for row in csv.DictReader(io.StringIO(answer.stdout))}
    assert found == {uid: value or "" for uid, (_, value) in USERS.items()} | {"no start": ""}
