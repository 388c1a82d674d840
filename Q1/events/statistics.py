"""What the planner's statistics say about the times of a table, without reading it."""

from datetime import date, datetime

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from events.event import YEARS
from events.view import DATE, UNZONED, ZONED, Source

FIRST, LAST = (sql.Literal(f"{year:04}-01-01") for year in (YEARS.start, YEARS.stop - 1))
# The ends of a sample, which ANALYZE has drawn some time ago, as it has drawn one of all children.
ENDS = """
    SELECT min(value), max(value)
    FROM (
        SELECT unnest(
            coalesce(histogram_bounds::text::{kind}[], '{{}}')
            || coalesce(most_common_vals::text::{kind}[], '{{}}')
        ) AS value
        FROM (
            SELECT histogram_bounds, most_common_vals
            FROM pg_stats
            WHERE schemaname = %s AND tablename = %s AND attname = %s
            ORDER BY inherited DESC
            LIMIT 1
        ) AS statistics
    ) AS sample
    HAVING bool_and(value BETWEEN {first} AND {last})
"""


def sampled_times(
    connection: Connection, source: Source
) -> tuple[datetime, datetime] | tuple[date, date] | None:
    """The first and the last time in a sample of a table.

    None if there is no such sample, or it has times that Python does not know. The times of the
    table itself may be earlier and later.
    """
    if source.time_type not in (ZONED, UNZONED, DATE):
        return None
    kind = sql.SQL(source.time_type)
    with connection.cursor() as cursor:
        ends = sql.SQL(ENDS).format(kind=kind, first=FIRST, last=LAST)
        cursor.execute(ends, [*source.relation, source.columns[1]])
        return cursor.fetchone()
