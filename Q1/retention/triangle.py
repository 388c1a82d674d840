"""The triangle: the periods in which its statement counts users, and the pass over the data."""

from datetime import date, timedelta
from typing import Any

import click
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from events.view import View
from retention.clocks import PLACE, clock_parameters, clocks_in, place_in_window
from retention.window import BITS, SHORTEST_DAYS, Window

MOST_AGES = 366  # of a triangle whose ages nobody limited


def triangle_parameters(
    connection: Connection,
    view: View,
    period: str,
    follow: int | None,
    window: Window,
    limits: dict[str, Any],
) -> dict[str, Any]:
    """The parameters of the statement; it is `long` if its periods may be more than `BITS`.

    limits: those of the data, among the parameters that `moments` gives.
    """
    long = window.periods(period) > BITS
    clocks = clocks_in(connection, view, window)
    day_before = window.first_day - timedelta(1)
    start = day_before - timedelta(day_before.weekday() if period == "week" else 0)
    place = (place_in_window(view, clocks, window, start, period) or PLACE).format("clock")
    return clock_parameters(view, clocks, limits) | {
        "period": period,
        "follow": MOST_AGES if follow is None else follow,
        "first_day": window.first_day,
        "last_day": window.last_day,
        "long": long,
        "place": AsIs(place),
        "bit": AsIs(f"mod({place}, {BITS})" if long else place),
        "powers": [1 << bit for bit in range(BITS)],
        "users": AsIs("users_of_more" if long else "users_of_sixty"),
        "visits": AsIs("visits_of_more" if long else "visits_of_sixty"),
    }


def report_ages(oldest: date, last_day: date, period: str, follow: int | None) -> None:
    """Report on stderr that later ages are not shown, if nobody asked for that."""
    if follow is None and (last_day - oldest).days // SHORTEST_DAYS[period] > MOST_AGES:
        click.echo(
            f"{period}s after the first {MOST_AGES} are not shown; --follow N shows more", err=True
        )
