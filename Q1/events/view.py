"""The view `piwik_track(uid, time, event_name, day)` that every query reads.

It is a TEMP VIEW over the TEMP tables of loaded files, or over a table that is there already; the
latter is only ever read. `time` keeps the type of the table's column, so that an index on it can
serve; `day` is the calendar day of `time` in the time zone asked for.
"""

from common.command import UserError

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from events.event import NAMES

VIEW = "piwik_track"
EPOCH = "to_timestamp(CASE WHEN abs({0}) < 1e11 THEN {0} ELSE {0} / 1000.0 END)"  # or milliseconds
# A day such as 20240309, which as seconds would be a moment of 1970, or an epoch number.
DAY_OR_EPOCH = (
    "CASE WHEN {0} BETWEEN 19000101 AND 29991231 AND {0} = trunc({0})"
    f" THEN to_timestamp({{0}}::bigint::text, 'YYYYMMDD') ELSE {EPOCH} END"
)
ZONED, UNZONED, DATE = "timestamp with time zone", "timestamp without time zone", "date"

# How the view gives a time of each type, and the type that this has; without a zone it is UTC, but
# a date is the same day in every zone.
TIMES = {
    ZONED: ("{0}", ZONED),
    UNZONED: ("{0}", UNZONED),
    DATE: ("{0}", DATE),
    "integer": (DAY_OR_EPOCH, ZONED),
    "bigint": (DAY_OR_EPOCH, ZONED),
    "numeric": (DAY_OR_EPOCH, ZONED),
    "real": (EPOCH, ZONED),
    "double precision": (EPOCH, ZONED),
}
DAYS = {
    ZONED: "({time} AT TIME ZONE {time_zone})::date",
    UNZONED: "({time} AT TIME ZONE 'UTC' AT TIME ZONE {time_zone})::date",
    DATE: "{time}",
}


@dataclass(frozen=True)
class Source:
    """A table to view: its schema and name, its columns for `NAMES`, the type of its time."""

    relation: tuple[str, str]
    columns: tuple[str, str, str]
    time_type: str


def existing_table(connection: Connection, table: str, columns: dict[str, str]) -> Source:
    """A table of the server. Raises `UserError` if it, or a column that is needed, is not there."""
    relation, types = described_table(connection, table)
    wanted = tuple(columns.get(name, name) for name in NAMES)
    for name, column in zip(NAMES, wanted, strict=True):
        if column not in types:
            raise UserError(
                f"--table {table}: there is no column {column!r} (there are: {', '.join(types)}); "
                f"name it with --columns {name}=COLUMN"
            )
    time_type = types[wanted[NAMES.index("time")]]
    if time_type not in TIMES:
        raise UserError(
            f"--table {table}: the column for the time is {time_type}, which is not a time; it may "
            "be timestamptz, timestamp, date or an epoch number"
        )
    return Source(relation, wanted, time_type)


def described_table(connection: Connection, table: str) -> tuple[tuple[str, str], dict[str, str]]:
    """The schema and name of a table, and the type of each of its columns."""
    names = table.split(".", maxsplit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relnamespace::regnamespace::name, relname, oid FROM pg_class"
            " WHERE oid = to_regclass(%s)",
            [sql.Identifier(*names).as_string(connection) if all(names) else None],
        )
        if not cursor.rowcount:
            raise UserError(
                f"--table {table}: there is no such table; write SCHEMA.NAME without quotes"
            )
        schema, name, number = cursor.fetchone()
        cursor.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [number],
        )
        return (schema, name), dict(cursor.fetchall())


def create_view(connection: Connection, sources: list[Source], time_zone: str) -> None:
    """Create the view over all `sources`. Raises `UserError` for an unknown time zone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_timezone_names WHERE name = %s", [time_zone])
        if not cursor.rowcount:
            raise UserError(
                f"--time-zone {time_zone}: there is no such zone; write it like Asia/Hong_Kong"
            )
        selects = sql.SQL(" UNION ALL ").join(select(source, time_zone) for source in sources)
        cursor.execute(sql.SQL("CREATE TEMP VIEW {} AS {}").format(sql.Identifier(VIEW), selects))


def select(source: Source, time_zone: str) -> sql.Composed:
    """The rows of one table as the view gives them."""
    uid, time, event_name = (sql.Identifier(column) for column in source.columns)
    template, time_type = TIMES[source.time_type]
    time = sql.SQL(template).format(time)
    day = sql.SQL(DAYS[time_type]).format(time=time, time_zone=sql.Literal(time_zone))
    return sql.SQL("SELECT {} AS uid, {} AS time, {} AS event_name, {} AS day FROM {}").format(
        uid, time, event_name, day, sql.Identifier(*source.relation)
    )
