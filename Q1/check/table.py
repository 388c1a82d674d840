"""A table of the server as plain rows of text, for DuckDB to read."""

from common.command import UserError

from pathlib import Path

from duckdb import DuckDBPyConnection
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from check.statements import NAMES, VALUE, run
from postgres.copying import copy_out

DATE = 1082  # PostgreSQL's number of the type
# Types whose equal values have equal texts, which DuckDB compares.
COMPARABLE = "text, varchar, char, name, smallint, integer, bigint, uuid, bytea or an enum"
TYPES = """
    SELECT attname, typtype = 'e' OR coalesce(nullif(typbasetype, 0), atttypid)
        IN (17, 19, 20, 21, 23, 25, 1042, 1043, 2950)
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = %s::regclass AND attname IN %s
"""
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"


def read_table(
    duck: DuckDBPyConnection,
    connection: Connection,
    table: str,
    columns: dict[str, str],
    by: str | None,
    where: str | None,
    folder: Path,
) -> bool:
    """Read a table into the table `written`; return whether its times are dates.

    `by` is a column, or a path in one of JSON, that splits answers, `where` a condition in SQL.
    Raises `UserError` for users or events of a type that DuckDB would compare in another way.
    """
    relation = sql.Identifier(*table.split(".", maxsplit=1))
    titles = [columns.get(name, name) for name in NAMES]
    check_types(connection, relation, titles)
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [relation.as_string(connection)])
        there = {name for (name,) in cursor}
        uid, time = map(sql.Identifier, titles[:2])
        event_name = sql.Identifier(titles[2]) if titles[2] in there else sql.NULL
        select = sql.SQL("SELECT {}, {}, {}::text, {}::text FROM {} WHERE ({}\n)").format(
            uid, time, event_name, value_of(by, there), relation, sql.SQL(where or "TRUE")
        )
        cursor.execute(sql.SQL("{} LIMIT 0").format(select))
        dates = cursor.description[1].type_code == DATE
    path = folder / "table.csv"
    with path.open("wb") as file:
        copy_out(connection, select.as_string(connection), "FORCE_QUOTE *", file)
    run(
        duck,
        "read_table",
        {"path": str(path), "columns": dict.fromkeys((*NAMES, VALUE), "VARCHAR")},
    )
    path.unlink()
    return dates


def value_of(by: str | None, there: set[str]) -> sql.Composable:
    """What splits answers: a column that is there, or else a value in one of JSON."""
    if by is None:
        return sql.NULL
    if by in there:
        return sql.Identifier(by)
    column, *keys = by.split(".")
    return sql.SQL("({} #>> {})").format(sql.Identifier(column), sql.Literal(keys))


def check_types(connection: Connection, relation: sql.Identifier, titles: list[str]) -> None:
    """Raise `UserError` if users or names of events are of a type with rules of its own."""
    uid, _, event_name = titles
    with connection.cursor() as cursor:
        cursor.execute(TYPES, [relation.as_string(connection), (uid, event_name)])
        for title, comparable in cursor.fetchall():
            if not comparable:
                raise UserError(
                    f"--check: the column {title} is none of {COMPARABLE}, which DuckDB compares "
                    "as PostgreSQL does; leave out --check"
                )
