"""The view `piwik_track(uid, time, event_name, day)` that every query reads.

It is a TEMP VIEW over the TEMP tables of loaded files, or over a table that is there already; the
latter is only ever read. `time` keeps the type of the table's column, so that an index on it can
serve; `day` is the calendar day of `time` in the time zone asked for.
"""

from dataclasses import dataclass

from command_line import UserError
from event_files import NAMES
from landing_tables import Landing
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

EPOCH = "to_timestamp(CASE WHEN abs({0}) < 1e11 THEN {0} ELSE {0} / 1000 END)"  # or milliseconds

# How the view gives the time of a column of each type, and whether the result has a time zone.
TIMES = {
    "timestamp with time zone": ("{0}", True),
    "timestamp without time zone": ("{0}", False),
    "date": ("{0}::timestamp", False),
    **dict.fromkeys(("integer", "bigint", "numeric", "real", "double precision"), (EPOCH, True)),
}


@dataclass(frozen=True)
class Part:
    """A table that the view reads: its qualified name, its columns for `NAMES`, its time's type."""

    relation: tuple[str, ...]
    columns: tuple[str, ...]
    time_type: str


def landing_parts(landing: Landing) -> list[Part]:
    """The TEMP tables of loaded files."""
    types = {"iso": "timestamp with time zone", "epoch": "double precision"}
    return [
        Part(("pg_temp", name), NAMES, types[time_format])
        for (_, time_format), name in landing.tables.items()
    ]


def table_part(connection: Connection, table: str, columns: dict[str, str]) -> Part:
    """A table that is there. Raises `UserError` if it, or a column of it, is not."""
    written = sql.Identifier(*table.split(".", maxsplit=1)).as_string(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT namespace.nspname, class.relname, class.oid FROM pg_class AS class"
            " JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace"
            " WHERE class.oid = to_regclass(%s)",
            [written],
        )
        found = cursor.fetchone()
        if not found:
            raise UserError(f"--table {table}: there is no such table on this server")
        cursor.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [found[2]],
        )
        types = dict(cursor.fetchall())
    wanted = tuple(columns.get(name, name) for name in NAMES)
    for name, column in zip(NAMES, wanted, strict=True):
        if column not in types:
            raise UserError(
                f"--table {table}: there is no column {column!r} (there are: {', '.join(types)}); "
                f"name it with --columns {name}=COLUMN"
            )
    time_type = types[wanted[1]]
    if time_type not in TIMES:
        raise UserError(f"--table {table}: the column {wanted[1]!r} is {time_type}, not a time")
    return Part(found[:2], wanted, time_type)


def create_view(connection: Connection, parts: list[Part], time_zone: str) -> None:
    """Create the view over all `parts`."""
    selects = sql.SQL(" UNION ALL ").join(select(part, time_zone) for part in parts)
    with connection.cursor() as cursor:
        for part in parts:
            if part.relation[0] == "pg_temp":
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(*part.relation)))
        cursor.execute(sql.SQL("CREATE TEMP VIEW piwik_track AS {}").format(selects))


def select(part: Part, time_zone: str) -> sql.Composed:
    """One part's rows as the view gives them."""
    uid, time, event_name = (sql.Identifier(column) for column in part.columns)
    template, zoned = TIMES[part.time_type]
    moment = sql.SQL(template).format(time)
    instant = moment if zoned else sql.SQL("({} AT TIME ZONE 'UTC')").format(moment)
    return sql.SQL(
        "SELECT {uid} AS uid, {moment} AS time, {event_name} AS event_name,"
        " ({instant} AT TIME ZONE {time_zone})::date AS day FROM {relation}"
    ).format(
        uid=uid,
        moment=moment,
        event_name=event_name,
        instant=instant,
        time_zone=sql.Literal(time_zone),
        relation=sql.Identifier(*part.relation),
    )
