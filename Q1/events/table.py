"""A table of the server that has the events: its columns, and whether their types can be used."""

from common.command import UserError

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from events.event import NAMES
from events.view import TIMES, Source, records_of

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
        types.attname,
        format_type(types.oid, NULL),
        pg_type.typcategory,
        pg_attribute.attnotnull AND pg_class.relkind = 'r' AND NOT pg_class.relhassubclass
        AND NOT EXISTS (  -- on columns, PostgreSQL has such constraints from version 18 on
            SELECT
            FROM pg_constraint
            WHERE
                conrelid = pg_class.oid AND types.attnum = ANY (conkey) AND NOT convalidated
        )
    FROM types
    INNER JOIN pg_type ON types.oid = pg_type.oid
    INNER JOIN pg_attribute ON types.attnum = pg_attribute.attnum
    INNER JOIN pg_class ON pg_attribute.attrelid = pg_class.oid
    WHERE pg_class.oid = %s
    ORDER BY types.attnum, types.step DESC
"""
LIKE_NAMED = """
    SELECT relnamespace::regnamespace::name, relname
    FROM pg_class
    WHERE
        lower(relname) = lower(%s) AND relkind IN ('r', 'p', 'v', 'm', 'f')
        AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')
    ORDER BY 1, 2
    LIMIT 3
"""


def existing_table(
    connection: Connection,
    table: str,
    columns: dict[str, str],
    by: str | None = None,
    named: bool = True,
    where: str | None = None,
) -> Source:
    """A table of the server. Raises `UserError` if it, or a column that is needed, is not there.

    `by` is the column, or the path in a column of JSON, that splits the answers; events need no
    names unless they are `named`; `where` is the condition that records must meet. Raises
    `UserError` also for a column of a type that cannot be a time, a user or an event, and for a
    condition that the server refuses.
    """
    relation, types = described_table(connection, table)
    uid, time, event_name = (
        column_of(table, name, types, columns, optional=name == NAMES[2] and not named)
        for name in NAMES
    )
    time_type, _, timed = types[time]
    if time_type not in TIMES:
        raise UserError(
            f"--table {table}: the column for the time is {time_type}, which is not a time; it may "
            "be timestamptz, timestamp, date, or integer, bigint, numeric or double precision with "
            "epoch numbers or days like 20170401"
        )
    for name, column in ((NAMES[0], uid), (NAMES[2], event_name)):
        if column is not None:
            check_naming_type(table, name, column, *types[column][:2])
    value = () if by is None else value_path(table, by, types)
    if where is not None:
        check_condition(connection, relation, where)
    is_text = types[uid][1] == "S"
    return Source(relation, (uid, time, event_name), time_type, is_text, value, timed, where)


def check_condition(connection: Connection, relation: tuple[str, str], where: str) -> None:
    """Raise `UserError` for a condition that cannot be asked of a table, without reading it.

    Without a semicolon it can only be part of one statement, in a transaction that only reads.
    """
    if ";" in where:
        raise UserError(f"--where {where!r}: a condition has no semicolon; in a text write chr(59)")
    select = sql.SQL("EXPLAIN SELECT FROM {}").format(records_of(relation, where))
    with connection.cursor() as cursor:
        try:
            cursor.execute(select, {})  # with parameters, none of which it names
        except psycopg2.ProgrammingError as error:
            reason = error.diag.message_primary or error
            raise UserError(
                f"--where {where!r}: {reason}; write a condition as after WHERE in SQL, such as "
                "\"country = 'HK'\""
            ) from None


def column_of(
    table: str,
    name: str,
    types: dict[str, tuple[str, str, bool]],
    columns: dict[str, str],
    optional: bool,
) -> str | None:
    """The column for one of `NAMES`, None if it is not there and `optional`, and nobody named it.

    Raises `UserError` for another column that is not there.
    """
    column = columns.get(name, name)
    if column in types:
        return column
    if optional and name not in columns:
        return None
    missing = [it for it in NAMES if it == name or not (it in types or it in columns)]
    wanted = ",".join(f"{it}=COLUMN" for it in missing)
    raise UserError(
        f"--table {table}: there is no column {column!r} (there are: {', '.join(types)}); "
        f"name it with --columns {wanted}"
    )


def value_path(table: str, by: str, types: dict[str, tuple[str, str, bool]]) -> tuple[str, ...]:
    """The column of --by, or the column of JSON and the keys in it. Raises `UserError`."""
    if by in types:
        return (by,)
    column, *keys = by.split(".")
    if column not in types:
        raise UserError(
            f"--table {table}: there is no column {column!r} for --by (there are: "
            f"{', '.join(types)})"
        )
    kind, *_ = types[column]
    if kind not in ("json", "jsonb") or not all(keys):
        raise UserError(
            f"--table {table}: --by {by} needs a column of json or jsonb and keys such as "
            f"properties.country; {column} is {kind}"
        )
    return (column, *keys)


def check_naming_type(table: str, name: str, column: str, type_name: str, category: str) -> None:
    """Raise `UserError` for a type whose values do not name a user or an event."""
    if category not in NAMING_CATEGORIES and type_name not in NAMING_TYPES:
        raise UserError(
            f"--table {table}: the column for {name} is {type_name}, which cannot be compared with "
            f"a name; query a view that makes it text, such as SELECT {column}::text AS {name}"
        )


def like_named(connection: Connection, name: str) -> str:
    """What to write instead: the readable tables of this name, in any case, in other schemas."""
    with connection.cursor() as cursor:
        cursor.execute(LIKE_NAMED, [name])
        found = " or ".join(f"--table {schema}.{table}" for schema, table in cursor)
    return f"did you mean {found}?" if found else "write SCHEMA.NAME without quotes"


def described_table(
    connection: Connection, table: str
) -> tuple[tuple[str, str], dict[str, tuple[str, str, bool]]]:
    """The schema and name of a table, and what each of its columns is.

    That is its type, the category of this, and whether each row is certain to have it: a constraint
    of a foreign table, which a child may be, is not enforced, nor is one on rows before it.
    """
    names = table.split(".", maxsplit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relnamespace::regnamespace::name, relname, oid, relispopulated FROM pg_class"
            " WHERE oid = to_regclass(%s) AND relkind IN ('r', 'p', 'v', 'm', 'f')",
            [sql.Identifier(*names).as_string(connection) if all(names) else None],
        )
        if not cursor.rowcount:
            raise UserError(
                f"--table {table}: there is no such table; {like_named(connection, names[-1])}"
            )
        schema, name, number, populated = cursor.fetchone()
        if not populated:
            raise UserError(
                f"--table {table}: this materialized view has not been filled; run REFRESH "
                "MATERIALIZED VIEW first"
            )
        cursor.execute(COLUMNS, [number, number])
        return (schema, name), {column: tuple(described) for column, *described in cursor}
