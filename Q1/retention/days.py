"""Days as moments: the ranges of time in which queries look for the events of days.

A day is all moments at which clocks in the time zone show it. Nearly always that is one range;
where clocks go back over midnight it is two, and the queries also compare the day itself.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg2.extensions import connection as Connection

from events.view import DATE, UNZONED, View
from retention.questions import Question, ask

DAY = timedelta(days=1)
FIRST_DAY = date(2000, 1, 1)  # of the data: earlier events are from clocks that were never set
Moment = datetime | date  # of the type of the column: a time with zone, one of UTC, or a day


def moments(connection: Connection, view: View, question: Question) -> dict[str, Any]:
    """The days of a question as half-open ranges of moments within the data, for the queries."""
    now, today = present(connection, view)
    first = question.from_day or min(FIRST_DAY, question.install_date)
    last = question.to_day or max(today, first)
    days = {
        "data": (first, last),
        "install": (question.install_date, question.install_date),
        "active": (question.active_from, question.active_to),
    }
    ends = {day for first, last in days.values() for day in (first, last + DAY)}
    found = midnights(connection, ends | {question.active_to}, view.time_zone, view.time_type)
    ranges = {f"{name}_from": found[first].first for name, (first, _) in days.items()}
    ranges |= {f"{name}_before": found[last + DAY].last for name, (_, last) in days.items()}
    if not question.to_day:
        ranges["data_before"] = now
    for name in ("install", "active"):
        ranges[f"{name}_from"] = max(ranges[f"{name}_from"], ranges["data_from"])
        ranges[f"{name}_before"] = min(ranges[f"{name}_before"], ranges["data_before"])
    return ranges | {
        "twice": any(found[day].first != found[day].last for day in ends),
        "last_active_from": found[question.active_to].last,
        "from_day": first,
        "to_day": last,
        "install_day": question.install_date,
        "first_active_day": max(question.active_from, first),
        "last_active_day": min(question.active_to, last),
    }


class Midnight(NamedTuple):
    """The first moment of a day, and the first from which on no day before it comes again."""

    first: Moment
    last: Moment


def midnights(
    connection: Connection, days: set[date], time_zone: str, time_type: str
) -> dict[date, Midnight]:
    """When each of some days begins, in the type of the column."""
    if time_type == DATE:
        return {day: Midnight(day, day) for day in days}
    asked = {"days": list(days), "time_zone": time_zone}
    rows, _ = ask(connection, "first_moments", asked)
    return {day: Midnight(*(as_type(moment, time_type) for moment in both)) for day, *both in rows}


def as_type(moment: datetime, time_type: str) -> datetime:
    """A moment in the type of the column, so that an index on it can serve; without zone as UTC."""
    return moment.replace(tzinfo=None) if time_type == UNZONED else moment


def present(connection: Connection, view: View) -> tuple[Moment, date]:
    """This moment on the server, from which on events are in the future, and the day it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    today = local_day(connection, view, now)
    return (today + DAY if view.time_type == DATE else as_type(now, view.time_type)), today


def local_day(connection: Connection, view: View, moment: Moment) -> date:
    """The day that clocks in the time zone show at a moment."""
    if not isinstance(moment, datetime):
        return moment
    asked = [moment if moment.tzinfo else moment.replace(tzinfo=UTC)]
    rows, _ = ask(connection, "local_days", {"moments": asked, "time_zone": view.time_zone})
    return rows[0].day
