"""Where the data are expected to lie, so that one pass is enough, and how it reads times."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from events.load import LoadedEvents
from events.statistics import sampled_times
from events.view import View
from retention.days import local_day
from retention.overview import all_within
from retention.questions import ask

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


def clock_parameters(
    connection: Connection, view: View, window: Window, limits: dict[str, Any]
) -> dict[str, Any]:
    """How a statement over a window of days reads times: by moment, or by day where days overlap.

    limits: those of the data, among the parameters that `moments` gives.
    """
    days = {"first_day": window.first_day, "last_day": window.last_day}
    (row,), _ = ask(connection, "single_midnights", days | {"time_zone": view.time_zone})
    ends = ("data_from", "data_before") if row.single else ("from_day", "to_day")
    first, last = (limits[name] for name in ends)
    return clock(view, row.single) | {"first_limit": first, "last_limit": last}


def clock(view: View, by_time: bool) -> dict[str, AsIs]:
    """The expressions of the statement: by time, or by day where days overlap in time."""
    expressions = {
        "clock": "time" if by_time else "day",
        "begin": view.midnight_of("periods.start") if by_time else "periods.start::date",
        "first_clock": "first_time" if by_time else "first_clock",
        "last_clock": "last_time" if by_time else "last_clock",
        "of_user": view.of_user,
        "times": "count(*)" if view.timed else "count(time)",
        "with_time": "records" if view.timed else "records_with_time",
    }
    for name in ("first_clock", "last_clock", "first_install", "last_install"):
        expressions[f"{name}_day"] = view.day_of(name) if by_time else name
    return {name: AsIs(expression) for name, expression in expressions.items()}
