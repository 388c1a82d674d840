"""Where the data are expected to lie, so that one pass is enough."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg2.extensions import connection as Connection

from events.load import LoadedEvents
from events.statistics import sampled_times
from events.view import View
from retention.days import local_day
from retention.overview import all_within

SHORTEST_DAYS = {"day": 1, "week": 7, "month": 28}  # of a period
BITS = 60  # periods that the triangle counts at once


class Window(NamedTuple):
    """The days between which the statement looks for periods."""

    first_day: date
    last_day: date

    def periods(self, period: str) -> int:
        """How many periods there are at most, with those around the first and the last day."""
        return (self.last_day - self.first_day).days // SHORTEST_DAYS[period] + 4

    def widened(self, period: str) -> "Window":
        """A wider one, since the data may have days that a sample of them has not."""
        spare = (BITS - self.periods(period)) // 2
        days = timedelta((spare if spare > 0 else BITS) * SHORTEST_DAYS[period])
        return Window(self.first_day - days, self.last_day + days)


def likely_window(
    connection: Connection,
    view: View,
    parameters: dict[str, Any],
    period: str,
    files: LoadedEvents | None,
) -> Window | None:
    """Where the data lie if all records are within the limits; None if they are known not to be.

    That of `files` is certain, that of a table is likely and None if nothing is known of it.
    """
    if files:
        if not all_within(files.first_time, files.last_time, parameters):
            return None
        return days_of(connection, view, files.first_time, files.last_time)
    times = sampled_times(connection, view.sources[0])
    if not times or not all_within(*times, parameters):
        return None
    return days_of(connection, view, *times).widened(period)


def days_of(connection: Connection, view: View, *times: Any) -> Window:
    """The days of two times."""
    return Window(*(local_day(connection, view, time) for time in times))


def is_whole(row, window: Window) -> bool:
    """Whether all records are in a window and within the limits, by a row of the triangle."""
    return (
        row.records > 0
        and not row.some_left_out
        and window.first_day <= row.first_day
        and row.last_day <= window.last_day
    )
