"""Plays and profiles out of the app's PostgreSQL, by way of Parquet files."""

from common.command import OutsideError, UserError

from datetime import UTC, datetime

import numpy as np
import psycopg2
import pyarrow as pa
import pytest
from pyarrow import parquet

from listening.database import export_tables
from listening.maximum_age import maximum_age
from listening.source import read_listening

NINA, FAYE = "00000000-0000-4000-8000-000000000000", "00000001-0000-4000-8000-000000000000"
TABLES = """
CREATE TABLE plays (
    user_id text, artist_id uuid, artist_name text, plays integer, last_played_at timestamptz
);
CREATE TABLE profiles (user_id text, gender char(1), age integer, country text, signup date);
"""
PLAYS = [
    ("u1", NINA, "Nina Simone", 5, "1 day"),
    ("u1", NINA, "nina simone", 2, "2 days"),
    ("u1", None, 'NA\t"the 12 mix', 1, "1 day"),
    ("u2", FAYE, "王菲", 7, "6 years"),
    ("u2", NINA, "Nina Simone", 3, "4 years 11 months"),
    ("", NINA, "Nina Simone", 3, "1 day"),
    (None, NINA, "Nina Simone", 3, "1 day"),
    ("u3", None, None, 3, "1 day"),
    ("u3", None, " ", 3, "1 day"),
    ("u3", FAYE, "王菲", 0, "1 day"),
    ("u3", FAYE, "王菲", None, "1 day"),
]
PROFILES = [
    ("u1", "f", 31, "Germany", "2008-02-29"),
    ("u2", None, None, None, None),
    ("u4", "m", -1337, "Chile", "2006-01-01"),
    (None, "m", 20, "Chile", None),
]


@pytest.fixture
def database(postgres_url):
    """The URL of a database with the app's two tables."""
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS plays, profiles")
        cursor.execute(TABLES)
        cursor.executemany("INSERT INTO plays VALUES (%s, %s, %s, %s, now() - %s::interval)", PLAYS)
        cursor.executemany("INSERT INTO profiles VALUES (%s, %s, %s, %s, %s)", PROFILES)
    connection.close()
    return postgres_url


def plays_of(listening):
    counts = listening.plays
    rows, columns = counts.matrix.nonzero()
    return {
        (counts.users[row], counts.artist_names[column]): counts.matrix[row, column]
        for row, column in zip(rows, columns, strict=True)
    }


def test_the_tables_arrive_whole_and_what_is_rejected_is_counted(database, tmp_path):
    listening = read_listening(*export_tables(database, tmp_path))
    assert plays_of(listening) == {
        ("u1", "Nina Simone"): 7,
        ("u1", 'NA\t"the 12 mix'): 1,
        ("u2", "王菲"): 7,
        ("u2", "Nina Simone"): 3,
    }
    assert listening.rejected == {
        "plays: no user id": 2,
        "plays: neither item id nor name": 2,
        "plays: count is not a number": 1,
        "plays: count is not above zero": 1,
        "profile: no user id": 1,
    }
    first, second = (listening.plays.profiles.loc[user] for user in ("u1", "u2"))
    assert (first["gender"], first["age"], first["country"]) == ("f", 31, "Germany")
    assert first["signup"].date().isoformat() == "2008-02-29"
    assert (second["gender"], second["country"]) == ("", "")
    assert np.isnan(second["age"])
    assert list(listening.silent.index) == ["u4"]


def test_tables_with_other_columns_and_integer_ids_are_read(database, tmp_path):
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE plays, profiles")
        cursor.execute('CREATE TABLE plays (account bigint, "the film" bigint)')
        cursor.executemany("INSERT INTO plays VALUES (%s, 42)", [(7,), (7,), (2**62,)])
        cursor.execute("CREATE TABLE profiles (account bigint, country text)")
        cursor.execute("INSERT INTO profiles VALUES (7, 'Chile')")
    columns = {"user": "account", "item": "the film"}
    profile_columns = {"user": "account", "country": "country"}
    exported = export_tables(database, tmp_path, None, columns, profile_columns)
    found = read_listening(*exported)
    assert plays_of(found) == {("7", "42"): 2, (str(2**62), "42"): 1}
    assert found.plays.profiles["country"].to_dict() == {"7": "Chile", str(2**62): ""}
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE plays ALTER account TYPE float8")
    connection.close()
    with pytest.raises(UserError, match="column account of plays holds numbers with a point"):
        export_tables(database, tmp_path, None, columns, profile_columns)


def test_old_plays_stay_in_the_database(database, tmp_path):
    exported = export_tables(database, tmp_path, maximum_age("5y").interval())
    assert ("u2", "王菲") not in plays_of(read_listening(*exported))
    assert ("u2", "Nina Simone") in plays_of(read_listening(*exported))


def test_a_table_without_plays_is_named_and_leaves_no_file(database, tmp_path):
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM plays WHERE last_played_at > now() - interval '5 years'")
        connection.commit()
        with pytest.raises(UserError, match=r"its table plays has no row young enough$"):
            export_tables(database, tmp_path, "5 years")
        export_tables(database, tmp_path)
        cursor.execute("DELETE FROM plays")
        connection.commit()
    connection.close()
    exported = parquet.read_table(tmp_path / "plays.parquet")
    with pytest.raises(UserError, match=r"its table plays has no row$"):
        export_tables(database, tmp_path)
    assert parquet.read_table(tmp_path / "plays.parquet") == exported, "of the export before"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("DROP TABLE profiles", "profiles"),
        ("ALTER TABLE plays DROP COLUMN artist_name", "artist_name"),
        ("ALTER TABLE plays ALTER last_played_at TYPE text", "last_played_at"),
    ],
)
def test_other_tables_are_the_users_mistake_and_leave_no_file(database, tmp_path, change, named):
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute(change)
    connection.close()
    with pytest.raises(UserError, match=named):
        export_tables(database, tmp_path, "5 years")
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_down_is_an_outside_failure(tmp_path):
    with pytest.raises(OutsideError, match="cannot be reached"):
        export_tables("postgresql://nobody:secret@127.0.0.1:1/app", tmp_path)


def test_a_wrong_url_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match="not a PostgreSQL URL"):
        export_tables("postgresql://[half/app", tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://reader:s3cret@db/app",
        "postgresql://reader:s3c%ret@db/app",
        "postgresql://reader:s3c/ret@db/app",
        "postgresql://reader:s3cret@[db/app",
    ],
)
def test_a_password_in_a_wrong_url_is_in_no_message(tmp_path, url):
    """libpq's messages quote what they cannot read."""
    with pytest.raises(UserError, match="not a PostgreSQL URL") as raised:
        export_tables(url, tmp_path)
    assert "s3c" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_the_password_is_in_no_message(tmp_path):
    with pytest.raises(OutsideError) as failure:
        export_tables("postgresql://nobody:geheim@127.0.0.1:1/app", tmp_path)
    assert "geheim" not in str(failure.value)


PLAYS_COLUMNS = {
    "user_id": pa.array([7, 7, 9]),
    "artist_id": pa.array([None, None, None], pa.null()),
    "artist_name": pa.array(["a", None, "b"], pa.large_string()),
    "plays": pa.array(["3", "4", "many"]),
    "last_played_at": pa.array([datetime(2020, 1, 1), None, datetime.now()], pa.timestamp("ms")),
}


def write_plays(tmp_path, **columns):
    path = tmp_path / "plays.parquet"
    parquet.write_table(pa.table(PLAYS_COLUMNS | columns), path)
    return path


def test_any_types_that_hold_the_columns_are_read(tmp_path):
    listening = read_listening(write_plays(tmp_path), None)
    assert plays_of(listening) == {("7", "a"): 3}
    assert listening.rejected["plays: neither item id nor name"] == 1
    assert listening.rejected["plays: count is not a number"] == 1
    assert list(listening.plays.profiles["country"]) == [""]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Hong_Kong"])
def test_a_files_old_plays_are_left_out_and_counted(tmp_path, zone):
    times = pa.array([datetime.now(UTC), None, datetime(2020, 1, 1, tzinfo=UTC)])
    times = times.cast(pa.timestamp("us", zone))
    path = write_plays(tmp_path, last_played_at=times)
    listening = read_listening(path, None, maximum_age("1y"))
    assert plays_of(listening) == {("7", "a"): 3}
    assert listening.rejected["plays: older than --max-age"] == 2


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "plays.parquet"
    parquet.write_table(pa.table({"user_id": ["u"]}), path)
    with pytest.raises(UserError, match=r"plays\.parquet: .*'user_id' is known to be item"):
        read_listening(path, None)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table" * 100])
def test_what_is_no_parquet_file_is_the_users_mistake(tmp_path, content):
    path = tmp_path / "plays.parquet"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"plays\.parquet"):
        read_listening(path, None)


@pytest.mark.parametrize("text", ["", "5", "y", "0y", "-1d", "5 y", "1.5y", "5h"])
def test_an_odd_age_is_the_users_mistake(text):
    with pytest.raises(UserError, match="age"):
        maximum_age(text)


def test_ages_are_counted_by_the_calendar():
    leap_day = datetime(2024, 2, 29, tzinfo=UTC)
    assert maximum_age("1y").since(leap_day).date().isoformat() == "2023-02-28"
    assert maximum_age("3m").since(leap_day).date().isoformat() == "2023-11-29"
    assert maximum_age("2w").since(leap_day).date().isoformat() == "2024-02-15"
