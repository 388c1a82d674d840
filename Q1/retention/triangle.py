"""The triangle: the periods in which its statement counts users, and the pass over the data."""

from datetime import date
from typing import Any

import click
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from events.view import View
from retention.window import BITS, SHORTEST_DAYS, Window, clock_parameters

MOST_AGES = 366  # of a triangle whose ages nobody limited
PLACE = "(width_bucket(clock, (SELECT calendar.begins FROM calendar)) - 1)"


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
    return clock_parameters(connection, view, window, limits) | {
        "period": period,
        "follow": MOST_AGES if follow is None else follow,
        "first_day": window.first_day,
        "last_day": window.last_day,
        "long": long,
        "bit": AsIs(f"mod({PLACE}, {BITS})" if long else PLACE),
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
