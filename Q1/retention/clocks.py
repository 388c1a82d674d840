"""How a statement over a window of days reads times: the clock, its day, and the period of that."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from events.view import View
from retention.questions import ask
from retention.window import Window

PERIOD_DAYS = {"day": 1, "week": 7}  # of periods that all have one length
# The number of the period of a time, {}, from 0, whatever the moments at which they begin.
PLACE = "(width_bucket({}, (SELECT calendar.begins FROM calendar)) - 1)"


class Clocks(NamedTuple):
    """What clocks do in a window of days.

    single: whether each day begins once. seconds_ahead: of UTC, if that never changes there.
    """

    single: bool
    seconds_ahead: int | None


def clocks_in(connection: Connection, view: View, window: Window) -> Clocks:
    """What clocks in the time zone do in a window."""
    days = {"first_day": window.first_day, "last_day": window.last_day}
    (row,), _ = ask(connection, "single_midnights", days | {"time_zone": view.time_zone})
    return Clocks(row.single, row.seconds_ahead)


def place_in_window(
    view: View, clocks: Clocks, window: Window, start: date, period: str
) -> str | None:
    """The expression for the number of the period of a time, {}, where that of `start` is 0.

    It is null before `start` and after the window. None if clocks change there, if periods differ
    in length, or if a time is computed, which would be done three times: `PLACE` serves then.
    """
    days = PERIOD_DAYS.get(period)
    never_change = clocks.single and clocks.seconds_ahead is not None
    if not (never_change and days and view.time_is_stored):
        return None
    first, after = (
        view.midnight_of(f"timestamp '{day}'") for day in (start, window.last_day + timedelta(1))
    )
    number = f"{view.day_ahead_of('{0}', clocks.seconds_ahead)} - date '{start}'"
    if days > 1:
        number = f"({number}) / {days}"
    return f"CASE WHEN {{0}} >= {first} AND {{0}} < {after} THEN {number} END"


def clock_parameters(view: View, clocks: Clocks, limits: dict[str, Any]) -> dict[str, Any]:
    """How a statement over a window of days reads times: by moment, or by day where days overlap.

    limits: those of the data, among the parameters that `moments` gives.
    """
    ends = ("data_from", "data_before") if clocks.single else ("from_day", "to_day")
    first, last = (limits[name] for name in ends)
    return clock(view, clocks.single) | {"first_limit": first, "last_limit": last}


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
