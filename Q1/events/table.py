"""A table of the server that has the events: its columns, and whether their types can be used."""

from common.command import UserError

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from events.event import NAMES
from events.view import TIMES, Source

# Which types name a user or an event: PostgreSQL's categories of text, numbers, enumerations and
# network addresses, and two types without a category of their own.
NAMING_CATEGORIES, NAMING_TYPES = "SNEI", ("uuid", "bytea")
COLUMNS = """
    WITH RECURSIVE

    types AS (
        -- One row per column and step from its type, which may be a domain, to the type under it.
        SELECT attnum, attname, atttypid AS oid, 0 AS step
        FROM pg_attribute
        WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT types.attnum, types.attname, pg_type.typbasetype, types.step + 1
        FROM types
        INNER JOIN pg_type ON types.oid = pg_type.oid
        WHERE pg_type.typtype = 'd'
    )

    SELECT DISTINCT ON (types.attnum)
        types.attname, format_type(types.oid, NULL), pg_type.typcategory
    FROM types
    INNER JOIN pg_type ON types.oid = pg_type.oid
    ORDER BY types.attnum, types.step DESC
"""


def existing_table(connection: Connection, table: str, columns: dict[str, str]) -> Source:
    """A table of the server. Raises `UserError` if it, or a column that is needed, is not there.

    It raises it also for a column of a type that cannot be a time, a user or an event.
    """
    relation, types = described_table(connection, table)
    wanted = tuple(columns.get(name, name) for name in NAMES)
    for name, column in zip(NAMES, wanted, strict=True):
        if column not in types:
            raise UserError(
                f"--table {table}: there is no column {column!r} (there are: {', '.join(types)}); "
                f"name it with --columns {name}=COLUMN"
            )
    described = dict(zip(NAMES, (types[column] for column in wanted), strict=True))
    time_type, _ = described["time"]
    if time_type not in TIMES:
        raise UserError(
            f"--table {table}: the column for the time is {time_type}, which is not a time; it may "
            "be timestamptz, timestamp, date, or integer, bigint, numeric or double precision with "
            "epoch numbers or days like 20170401"
        )
    for name, column in ((NAMES[0], wanted[0]), (NAMES[2], wanted[2])):
        check_naming_type(table, name, column, *types[column])
    return Source(relation, wanted, time_type, described["uid"][1] == "S")


def check_naming_type(table: str, name: str, column: str, type_name: str, category: str) -> None:
    """Raise `UserError` for a type whose values do not name a user or an event."""
    if category not in NAMING_CATEGORIES and type_name not in NAMING_TYPES:
        raise UserError(
            f"--table {table}: the column for {name} is {type_name}, which cannot be compared with "
            f"a name; query a view that makes it text, such as SELECT {column}::text AS {name}"
        )


def described_table(
    connection: Connection, table: str
) -> tuple[tuple[str, str], dict[str, tuple[str, str]]]:
    """The schema and name of a table, and the type and its category of each of its columns."""
    names = table.split(".", maxsplit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relnamespace::regnamespace::name, relname, oid, relispopulated FROM pg_class"
            " WHERE oid = to_regclass(%s) AND relkind IN ('r', 'p', 'v', 'm', 'f')",
            [sql.Identifier(*names).as_string(connection) if all(names) else None],
        )
        if not cursor.rowcount:
            raise UserError(
                f"--table {table}: there is no such table; write SCHEMA.NAME without quotes"
            )
        schema, name, number, populated = cursor.fetchone()
        if not populated:
            raise UserError(
                f"--table {table}: this materialized view has not been filled; run REFRESH "
                "MATERIALIZED VIEW first"
            )
        cursor.execute(COLUMNS, [number])
        types = {column: (type_name, category) for column, type_name, category in cursor}
        return (schema, name), types
