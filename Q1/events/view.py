"""The events as every query reads them: `piwik_track`, those of users.

Its columns are `uid`, `time`, `event_name` and `day`; whether an event `starts` and `returns`, by
its role; and the `value` by which answers are split.

Queries begin with it as a common table expression over the TEMP tables of loaded files, or over a
table that is there already; nothing is created for it. `time` keeps the type of the table's column,
so that an index on it can serve; `day` is the day that clocks in the time zone show at that moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from events.roles import ALL_EVENTS, Roles, names

VIEW = "piwik_track"
# A number by the rules for numbers in files: epoch seconds, milliseconds, microseconds or
# nanoseconds by its size, or a day such as 20240309. What is finer than a microsecond is cut off,
# so that no event moves into the next day. What may mean something else is cast to what is not a
# time, which is an error.
NUMBER = r"""CASE
        WHEN {{0}} >= 20000 AND {{0}} < 80001
            OR {{0}} >= 19000000 AND {{0}} < 30000000 AND {{0}} <> trunc({{0}})
            OR ({{0}} BETWEEN 190001010000 AND 209912312359
                OR {{0}} BETWEEN 19000101000000 AND 20991231235959)
            AND trunc({{0}})::bigint::text
            ~ '^\d\d\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d)?$'
            OR {{0}} <= -9000000000000000000
            OR {{0}} >= 9000000000000000000
            THEN ('number ' || {{0}})::timestamptz
        WHEN {{0}} BETWEEN 19000000 AND 29999999
            THEN {{0}}::bigint::text::date::timestamp AT TIME ZONE 'UTC'
        ELSE to_timestamp(
            floor({{0}} * CASE
                WHEN abs({{0}}) < 1e11::{0} THEN 1e6::{0}
                WHEN abs({{0}}) < 1e14::{0} THEN 1e3
                WHEN abs({{0}}) < 1e17::{0} THEN 1
                ELSE 1e-3
            END) / 1e6
        )
    END"""
FLOATING, EXACT = NUMBER.format("float8"), NUMBER.format("numeric")
ZONED, UNZONED, DATE = "timestamp with time zone", "timestamp without time zone", "date"

# How the view gives a time of each type, and the type that this has; without a zone it is UTC, but
# a date is the same day in every zone.
TIMES = {
    ZONED: ("{0}", ZONED),
    UNZONED: ("{0}", UNZONED),
    DATE: ("{0}", DATE),
    "integer": (FLOATING, ZONED),
    "bigint": (EXACT, ZONED),
    "numeric": (EXACT, ZONED),
    "double precision": (FLOATING, ZONED),
}
DAYS = {
    ZONED: "({time} AT TIME ZONE {time_zone})::date",
    UNZONED: "({time} AT TIME ZONE 'UTC' AT TIME ZONE {time_zone})::date",
    DATE: "{time}",
}
# The day where clocks are always so many seconds ahead of UTC: no look at the zone for each time.
DAYS_AHEAD = {
    ZONED: "({time} AT TIME ZONE interval '{seconds} seconds')::date",
    UNZONED: "({time} + interval '{seconds} seconds')::date",
    DATE: "{time}",
}
# The moment of the midnight at which a day begins.
MIDNIGHTS = {
    ZONED: "{day} AT TIME ZONE {time_zone}",
    UNZONED: "{day} AT TIME ZONE {time_zone} AT TIME ZONE 'UTC'",
    DATE: "{day}::date",
}


@dataclass(frozen=True)
class Source:
    """A table to view: its schema and name, its columns for `NAMES`, the type of its time.

    Events without a column for it have no name. `value` is a column, or the keys to a value in one
    of JSON; without it there is none. Records that do not meet `where`, a condition in SQL, are as
    if they were not there.
    """

    relation: tuple[str, str]
    columns: tuple[str, str, str | None]
    time_type: str
    uid_is_text: bool = True  # an empty one is nobody
    value: tuple[str, ...] = ()
    timed: bool = False  # no time is null, which need not be looked at
    where: str | None = None


@dataclass(frozen=True)
class View:
    """The tables whose events are read, the time zone of their days, and what events do."""

    sources: list[Source]
    time_zone: str
    roles: Roles = ALL_EVENTS

    @property
    def time_type(self) -> str:
        """The type of `time`: `ZONED`, `UNZONED` or `DATE`."""
        return TIMES[self.sources[0].time_type][1]

    @property
    def time_is_stored(self) -> bool:
        """Whether `time` is a column of every table, and not computed from a number."""
        return all(TIMES[source.time_type][0] == "{0}" for source in self.sources)

    def day_of(self, time: str) -> str:
        """The expression for the day of a `time`, another expression."""
        return self.expression(DAYS, time=time)

    def day_ahead_of(self, time: str, seconds: int) -> str:
        """The expression for the day of a `time` where clocks are always so far ahead of UTC."""
        return self.expression(DAYS_AHEAD, time=time, seconds=seconds)

    def midnight_of(self, day: str) -> str:
        """The expression for the time at which a `day`, an expression of a timestamp, begins."""
        return self.expression(MIDNIGHTS, day=day)

    def expression(self, templates: dict[str, str], **parts: str | int) -> str:
        """One of some templates, by the type of the time, with its parts."""
        # A zone that PostgreSQL knows has no quotes in its name.
        return templates[self.time_type].format(time_zone=f"'{self.time_zone}'", **parts)

    @property
    def timed(self) -> bool:
        """Whether every record is known to have a time."""
        return all(source.timed for source in self.sources)

    @property
    def of_user(self) -> str:
        """The condition that a `uid` of the view is a user."""
        return OF_USER[self.sources[0].uid_is_text].format("uid")

    def ctes(self, connection: Connection, limited: bool) -> dict[str, str]:
        """The common table expressions that a query may begin with, by name.

        `record` has one row per record of the tables, also those that are of no user. `data_record`
        has those within the limits of the data, which are parameters; if it is not `limited`, all.
        """
        parts = {VIEW: EVENTS_OF_USERS, "record": RECORDS}
        return {
            name: union(select(source, self, text) for source in self.sources).as_string(connection)
            for name, text in parts.items()
        } | {"data_record": f"{DATA_RECORDS}{LIMITS}" if limited else DATA_RECORDS}


OF_USER = {True: "{} <> ''", False: "{} IS NOT NULL"}  # by whether it is a text
EVENTS_OF_USERS = """\
    -- One row per event of a user, with its day.
    SELECT
        {uid} AS uid,
        {time} AS time,
        {event_name} AS event_name,
        {day} AS day,
        {starts} AS starts,
        {returns} AS returns,
        {value} AS value
    FROM {relation}
    WHERE {of_user}"""
RECORDS = """\
    -- One row per record, with its day, and whether it is of a user.
    SELECT
        {uid} AS uid,
        {time} AS time,
        {event_name} AS event_name,
        {day} AS day,
        {of_user} AS of_user,
        {starts} AS starts,
        {returns} AS returns,
        {value} AS value
    FROM {relation}"""
DATA_RECORDS = """\
    -- One row per record of the data.
    SELECT
        uid,
        time,
        event_name,
        day,
        of_user,
        starts,
        returns,
        value
    FROM record"""
LIMITS = """
    WHERE
        time >= %(data_from)s
        AND time < %(data_before)s
        AND day >= %(from_day)s  -- where midnights come twice
        AND day <= %(to_day)s  -- where midnights come twice"""


def union(selects: Iterable[sql.Composable]) -> sql.Composed:
    """The rows of several tables."""
    return sql.SQL("\n    UNION ALL\n").join(selects)


def select(source: Source, view: View, text: str) -> sql.Composed:
    """The rows of one table as the view gives them, for a statement with parameters."""
    uid, time, event_name = map(column, source.columns)
    template, time_type = TIMES[source.time_type]
    time = sql.SQL(template).format(time)
    return sql.SQL(text).format(
        uid=uid,
        time=time,
        event_name=event_name,
        day=sql.SQL(DAYS[time_type]).format(time=time, time_zone=sql.Literal(view.time_zone)),
        relation=records_of(source.relation, source.where),
        of_user=sql.SQL(OF_USER[source.uid_is_text]).format(uid),
        starts=view.roles.starts(event_name),
        returns=view.roles.comes_back(event_name),
        value=value_of(source),
    )


def records_of(relation: tuple[str, ...], where: str | None) -> sql.Composable:
    """What the records are selected from: a table, or those that meet a condition in SQL."""
    if where is None:
        return identifier(*relation)
    kept = sql.SQL("(SELECT * FROM {} WHERE ({}\n)) AS kept")  # a comment ends with its line
    return kept.format(identifier(*relation), sql.SQL(where.replace("%", "%%")))


def column(name: str | None) -> sql.Composable:
    """A column, or null for none."""
    return sql.SQL("NULL::text") if name is None else identifier(name)


def value_of(source: Source) -> sql.Composable:
    """The text by which answers are split: of a column, or of a value in one of JSON."""
    if not source.value:
        return column(None)
    name, *keys = source.value
    if not keys:
        text = sql.SQL("{}::text").format(identifier(name))
    else:
        text = sql.SQL("{} #>> ARRAY[{}]").format(identifier(name), names(tuple(keys)))
    # Not `nullif`, which postgres_fdw leaves to the server that asks.
    return sql.SQL("CASE WHEN {0} <> '' THEN {0} END").format(text)


def identifier(*names: str) -> sql.Identifier:
    """A name for a statement with parameters, which begin with a percent sign."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))


def create_view(connection: Connection, view: View) -> None:
    """Create the view as a TEMP one, for statements that write."""
    selects = view.ctes(connection, limited=False)[VIEW]
    with connection.cursor() as cursor:  # without parameters
        cursor.execute(f"CREATE TEMP VIEW {VIEW} AS {selects}".replace("%%", "%"))
