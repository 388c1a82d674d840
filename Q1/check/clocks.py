"""What the server's clock shows, and whether DuckDB's would show the same."""

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection
from psycopg2.extensions import connection as Connection

from check.statements import run

SHOWN = """
    SELECT moment, moment AT TIME ZONE %s
    FROM generate_series(%s::timestamptz, %s::timestamptz + interval '2 days', '1 hour') AS moment
"""


def present_moment(connection: Connection) -> datetime:
    """The moment at which the transaction began: later events are in the future."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0].astimezone(UTC)


def first_moment_of_other_rules(
    duck: DuckDBPyConnection, connection: Connection, time_zone: str
) -> datetime | None:
    """The first moment (UTC) on the days of the events when clocks of a zone show different times.

    PostgreSQL and DuckDB have time zone data of their own, which are of different years.
    """
    days = duck.execute("SELECT min(day), max(day) FROM events").fetchone()
    with connection.cursor() as cursor:
        cursor.execute(SHOWN, [time_zone, *days])
        rows = cursor.fetchall()
    if not rows:  # for want of events
        return None
    moments, shown = zip(*rows, strict=True)
    clocks = {
        "moments": [moment.replace(tzinfo=None) for moment in moments],
        "shown": list(shown),
        "time_zone": time_zone,
    }
    ((found,),) = run(duck, "other_clocks", clocks)
    return found
