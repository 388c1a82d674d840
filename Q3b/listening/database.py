"""Take plays and profiles out of the app's PostgreSQL, into the Parquet files the job reads.

    plays(user_id, artist_id, artist_name, plays, last_played_at)
    profiles(user_id, gender, age, country, signup)
    marks(user_id, item_id, mark)                           where there is such a table

`artist_id` is the artist's MBID or NULL. All are read in one snapshot by a server-side
cursor, so that memory stays small on both sides however many rows there are.
"""

from common.command import OutsideError, UserError

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import parse_dsn
from pyarrow import parquet
from tqdm import tqdm

from common.output import replacing

ROWS_AT_A_TIME = 100_000
# The columns of the two tables by their use, unless others are named. A table without plays or
# names has 1 and nothing in their place.
PLAYS_COLUMNS = {
    "user": "user_id",
    "item": "artist_id",
    "name": "artist_name",
    "plays": "plays",
    "time": "last_played_at",
}
PROFILES_COLUMNS = {"user": "user_id"} | {
    use: use for use in ("gender", "age", "country", "signup")
}
NOT_EXACT = (700, 701, 1700)  # float4, float8 and numeric: their texts may differ for one id
# The interval is NULL for every age; PostgreSQL then drops the condition as it plans.
PLAYS_QUERY = """
SELECT {user}::text, {item}::text, {name}::text, {plays}::float8
FROM plays
WHERE %(max_age)s::interval IS NULL OR {time} >= now() - %(max_age)s::interval
"""
# A day that Python's calendar does not have is as good as none.
PROFILES_QUERY = """
SELECT
    {user}::text, {gender}::text, {age}::float8, {country}::text,
    CASE WHEN {signup}::date BETWEEN '0001-01-01' AND '9999-12-31' THEN {signup}::date END
FROM profiles
"""
PLAYS_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("artist_id", pa.string()),
        ("artist_name", pa.string()),
        ("plays", pa.float64()),
    ]
)
PROFILES_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("gender", pa.string()),
        ("age", pa.float64()),
        ("country", pa.string()),
        ("signup", pa.date32()),
    ]
)
MARKS_QUERY = "SELECT user_id::text, item_id::text, mark::text FROM marks"
MARKS_SCHEMA = pa.schema([(name, pa.string()) for name in ("user_id", "item_id", "mark")])
PLAYS_FILE, PROFILES_FILE, MARKS_FILE = "plays.parquet", "profiles.parquet", "marks.parquet"


def export_tables(
    url: str,
    folder: Path,
    max_age: str | None = None,
    columns: dict[str, str] | None = None,
    profile_columns: dict[str, str] | None = None,
) -> list[Path]:
    """Write the tables as Parquet files into `folder`, each whole or not at all; return them.

    The table of marks is left out where the database has none.

    `max_age` is an interval of PostgreSQL such as "5 years": older plays stay behind. `columns` and
    `profile_columns` name those of the tables by their use, see `tables.columns.named_columns`.
    Raises UserError for a wrong URL, table or column, or no plays, and OutsideError if the server
    fails.
    """
    plays, profiles, marks = (
        Path(folder) / name for name in (PLAYS_FILE, PROFILES_FILE, MARKS_FILE)
    )
    if max_age and columns and "time" not in columns:
        raise UserError("--max-age needs the column of times: --columns time=COLUMN")
    with snapshot(url) as connection, replacing(plays) as new_plays:
        parameters = {"max_age": max_age}
        query = query_of(PLAYS_QUERY, PLAYS_COLUMNS, columns)
        check_ids(connection, "plays", ("user", "item"), columns or PLAYS_COLUMNS)
        check_ids(connection, "profiles", ("user",), profile_columns or PROFILES_COLUMNS)
        if not copy_rows(connection, "plays", query, parameters, PLAYS_SCHEMA, new_plays):
            young = " young enough" if max_age else ""
            raise UserError(f"the app's database: its table plays has no row{young}")
        query = query_of(PROFILES_QUERY, PROFILES_COLUMNS, profile_columns)
        with replacing(profiles) as new_profiles:
            copy_rows(connection, "profiles", query, {}, PROFILES_SCHEMA, new_profiles)
        if not has_table(connection, "marks"):
            return [plays, profiles]
        check_ids(connection, "marks", ("user", "item"), {"user": "user_id", "item": "item_id"})
        with replacing(marks) as new_marks:
            copy_rows(connection, "marks", sql.SQL(MARKS_QUERY), {}, MARKS_SCHEMA, new_marks)
    return [plays, profiles, marks]


def has_table(connection, name: str) -> bool:
    """Whether the database has a table or view of a name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        return cursor.fetchone()[0]


def query_of(query: str, usual: dict[str, str], named: dict[str, str] | None) -> sql.Composed:
    """A query with the names of its columns; where none is named, each row counts once."""
    missing = {"plays": sql.SQL("1"), "time": sql.SQL("now()")}
    places = {use: missing.get(use, sql.SQL("NULL")) for use in usual}
    places |= {use: sql.Identifier(column) for use, column in (named or usual).items()}
    return sql.SQL(query).format(**places)


def check_ids(connection, table: str, uses: Sequence[str], columns: dict[str, str]) -> None:
    """Raise UserError for a column of ids whose values are not exact, such as 7.0 for 7."""
    names = [sql.Identifier(columns[use]) for use in uses]
    query = sql.SQL("SELECT {} FROM {} LIMIT 0").format(
        sql.SQL(", ").join(names), sql.Identifier(table)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        for column in cursor.description:
            if column.type_code in NOT_EXACT:
                raise UserError(
                    f"the app's database: column {column.name} of {table} holds numbers with a "
                    "point; ids are texts or whole numbers: make a view that casts it"
                )


@contextmanager
def snapshot(url: str) -> Iterator[psycopg2.extensions.connection]:
    """Yield a connection on which every query sees the same state of the database."""
    check_url(url)
    try:
        connection = psycopg2.connect(url, application_name="recommend_daily", connect_timeout=10)
    except UnicodeDecodeError as error:  # such as of a server that speaks French in Latin-1
        raise OutsideError(
            "the app's database cannot be reached; its message is not UTF-8 text"
        ) from error
    except psycopg2.OperationalError as error:
        raise OutsideError(f"the app's database cannot be reached: {first_line(error)}") from error
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield connection
    except (psycopg2.ProgrammingError, psycopg2.DataError) as error:  # SQLSTATE 42... and 22...
        raise UserError(
            f"the app's database: {first_line(error)}; it needs "
            "plays(user_id, artist_id, artist_name, plays, last_played_at) and "
            "profiles(user_id, gender, age, country, signup)"
        ) from error
    except psycopg2.Error as error:
        raise OutsideError(f"the app's database: {first_line(error)}") from error
    finally:
        connection.close()


def check_url(url: str) -> None:
    """Raise UserError for what is not a PostgreSQL URL, without the URL, which may hold a password.

    libpq's own messages quote it. A password with a raw "/" ends the host early, so that a part of
    it is taken for the port.
    """
    try:
        port = parse_dsn(url).get("port", "")
    except (psycopg2.ProgrammingError, UnicodeError):
        port = "not a URL"
    if not re.fullmatch(r"[0-9,]*", port):
        raise UserError(
            "the source is not a PostgreSQL URL: write postgresql://USER@HOST:5432/DATABASE, and "
            "percent-encode special characters of a password"
        )


def copy_rows(
    connection, table: str, query: sql.Composed, parameters: dict, schema: pa.Schema, path: Path
) -> int:
    """Write the rows of a query on `table` as a Parquet file; return how many there are."""
    count = 0
    with (
        connection.cursor("rows") as cursor,
        parquet.ParquetWriter(path, schema) as writer,
        tqdm(desc=f"reading {table}", unit=" rows", disable=None) as progress,
    ):
        cursor.itersize = ROWS_AT_A_TIME
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            columns = [
                pa.array(column, kind)
                for column, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            progress.update(len(rows))
            count += len(rows)
    return count


def first_line(error: psycopg2.Error) -> str:
    """The server's message without its context."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
