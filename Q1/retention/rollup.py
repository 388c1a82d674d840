"""The rollup of `schema.sql`: a row per user and day, and the users per cohort and day."""

from common.command import UserError

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg2 import errors
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from events.table import existing_table
from events.view import TIMES, View, create_view
from postgres.time_zones import check_time_zone
from retention.clocks import PLACE, clocks_in, place_in_window
from retention.days import midnights
from retention.questions import QUERIES, prepare_by_user, statement, times_checked
from retention.window import Window

# One refresh at a time; reading goes on meanwhile.
LOCK = "LOCK TABLE user_day, cohort_day IN SHARE ROW EXCLUSIVE MODE"

# The indexes of `user_day` as `schema.sql` makes them. To build them once it is full costs less
# than to keep them up to date while it fills; and to sort what fits in a processor's cache, and
# merge that, costs less than to sort all in memory.
DROP_INDEXES = """
    SET LOCAL lock_timeout = '1s';
    ALTER TABLE user_day DROP CONSTRAINT user_day_pkey;
    DROP INDEX user_day_installed, user_day_day;
    SET LOCAL lock_timeout TO DEFAULT
"""
CREATE_INDEXES = """
    SET LOCAL maintenance_work_mem = '8MB';
    ALTER TABLE user_day ADD PRIMARY KEY (uid, day);
    CREATE INDEX user_day_installed ON user_day (uid, day) WHERE installed;
    CREATE INDEX user_day_day ON user_day USING brin (day)
"""
INDEX_PARTS = "CREATE INDEX ON sixty_days (part); ANALYZE sixty_days"
# They stay where they are not ours to drop: the role is not the owner, the table is not as in
# `schema.sql`, something depends on them, or somebody reads it.
KEEP_INDEXES = (
    errors.InsufficientPrivilege,
    errors.UndefinedObject,
    errors.DependentObjectsStillExist,
    errors.LockNotAvailable,
)

SUMMARY = """
    SELECT
        (SELECT count(*) FROM user_day WHERE day BETWEEN %(first_day)s AND %(last_day)s),
        (SELECT count(*) FROM cohort_day WHERE activity_day BETWEEN %(first_day)s AND %(last_day)s)
"""


@dataclass(frozen=True)
class Refresh:
    """Which days to count anew, both ends included, and what an event of the rollup is."""

    first_day: date
    last_day: date
    table: str
    columns: dict[str, str]
    install_event: str
    time_zone: str


def refresh(connection: Connection, asked: Refresh) -> dict[str, Any]:
    """Refresh the rollup and count its rows of the refreshed days; the caller commits.

    Raises `UserError` if its tables are missing, if it counts something else, and for a value in
    the column for the time that is not a time.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM rollup_definition")  # before the events, which may lack too
        source = existing_table(connection, asked.table, asked.columns)
        check_time_zone(connection, asked.time_zone)
        view = View([source], asked.time_zone)
        create_view(connection, view)
        check_definition(connection, ".".join(source.relation), asked)
        _, time_type = TIMES[source.time_type]
        parameters = refresh_parameters(connection, asked, time_type)
        parameters |= day_numbers(connection, view, parameters)
        with connection.cursor() as cursor, times_checked(view):
            cursor.execute(LOCK)
            cursor.execute("SELECT FROM user_day LIMIT 1")
            if cursor.rowcount:
                run(cursor, "refresh_rollup", parameters)
            else:
                fill(connection, cursor, parameters)
            cursor.execute(SUMMARY, parameters)
            user_days, cohort_days = cursor.fetchone()
    except errors.UndefinedTable as error:
        raise UserError(f"{error.diag.message_primary}: run Q1/schema.sql first") from None
    return {
        "first_day": asked.first_day,
        "last_day": asked.last_day,
        "user_days": user_days,
        "cohort_days": cohort_days,
    }


def run(cursor: Cursor, name: str, parameters: dict[str, Any]) -> None:
    """Run the statements of `queries/<name>.sql`."""
    cursor.execute((QUERIES / f"{name}.sql").read_text(encoding="utf-8"), parameters)


def fill(connection: Connection, cursor: Cursor, parameters: dict[str, Any]) -> None:
    """Fill the empty rollup; until the transaction ends, who reads `user_day` waits for it."""
    indexed = not dropped_indexes(cursor)
    text = statement(connection, "sixty_days", None, parameters)
    prepare_by_user(cursor, text, parameters)
    cursor.execute(text, parameters)
    cursor.execute(INDEX_PARTS if parameters["long"] else "ANALYZE sixty_days")
    run(cursor, "fill_rollup", parameters)
    if not indexed:
        cursor.execute(CREATE_INDEXES)


def dropped_indexes(cursor: Cursor) -> bool:
    """Drop the indexes that `CREATE_INDEXES` makes; whether that was possible."""
    cursor.execute("SAVEPOINT indexes")
    try:
        cursor.execute(DROP_INDEXES)
    except KEEP_INDEXES:
        cursor.execute("ROLLBACK TO SAVEPOINT indexes")
        return False
    return True


def refresh_parameters(connection: Connection, asked: Refresh, time_type: str) -> dict[str, Any]:
    """The parameters of `refresh_rollup.sql`."""
    after = asked.last_day + timedelta(days=1)
    found = midnights(connection, {asked.first_day, after}, asked.time_zone, time_type)
    return {
        "install_event": asked.install_event,
        "first_day": asked.first_day,
        "last_day": asked.last_day,
        "first_moment": found[asked.first_day].first,
        "moment_after": found[after].last,
        "twice": any(midnight.first < midnight.last for midnight in found.values()),
        "long": after - asked.first_day > timedelta(60),
    }


def day_numbers(connection: Connection, view: View, parameters: dict[str, Any]) -> dict[str, AsIs]:
    """The expressions for the number of an event's day from 0, and for that of a first install.

    The day of a time takes long to find where clocks change, so that times are compared with those
    at which days begin, unless days overlap in time.
    """
    window = Window(parameters["first_day"], parameters["last_day"])
    clocks = clocks_in(connection, view, window)
    number = place_in_window(view, clocks, window, window.first_day, "day") or PLACE
    by_day = f"(day - date '{window.first_day}')"
    install = "min(install_number) OVER (PARTITION BY uid)"
    return {
        "begin": AsIs(view.midnight_of("periods.start")),
        "number": AsIs(number.format("time") if clocks.single else by_day),
        "first_install": AsIs(install if parameters["long"] else "install_number"),
    }


def check_definition(connection: Connection, table: str, asked: Refresh) -> None:
    """Raise `UserError` if the rollup counts something else; days of two kinds must not mix."""
    wanted = (table, asked.install_event, asked.time_zone)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rollup_definition (source, install_event, time_zone) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            wanted,
        )
        cursor.execute("SELECT source, install_event, time_zone FROM rollup_definition")
        found = cursor.fetchone()
    if found != wanted:
        raise UserError(
            "the rollup counts {1} of {0} by days of {2}: ask for the same with --table, "
            "--install-event and --time-zone, or empty its three tables first".format(*found)
        )
