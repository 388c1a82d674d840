"""Days as moments: the ranges of time in which queries look for the events of days.

A day is all moments at which clocks in the time zone show it. Nearly always that is one range;
where clocks go back over midnight it is two, and the queries also compare the day itself.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg2.extensions import connection as Connection

from events.view import DATE, UNZONED, ZONED, View
from retention.questions import Question, ask

DAY = timedelta(days=1)
FIRST_DAY = date(2000, 1, 1)  # of the data: earlier events are from clocks that were never set
TYPES = {1082: DATE, 1114: UNZONED, 1184: ZONED}  # by PostgreSQL's numbers
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
    begins, settles = boundaries(connection, view, days, question.active_to)
    found = {f"{name}_from": begins[start] for name, (start, _) in days.items()}
    found |= {f"{name}_before": settles[stop + DAY] for name, (_, stop) in days.items()}
    if not question.to_day:
        found["data_before"] = now
    for name in ("install", "active"):
        if question.from_day:
            found[f"{name}_from"] = max(found[f"{name}_from"], found["data_from"])
        found[f"{name}_before"] = min(found[f"{name}_before"], found["data_before"])
    asked = {day for pair in days.values() for day in (pair[0], pair[1] + DAY)}
    return found | {
        "twice": any(begins[day] != settles[day] for day in asked),
        "last_active_from": settles[question.active_to],
        "from_day": first,
        "to_day": last,
        "install_day": question.install_date,
        "first_active_day": max(question.active_from, first),
        "last_active_day": min(question.active_to, last),
    }


def boundaries(
    connection: Connection, view: View, days: dict[str, tuple[date, date]], more: date
) -> tuple[dict[date, Moment], dict[date, Moment]]:
    """By day: the first moment of it, and the first from which on no day before it comes again."""
    asked = {day for start, stop in days.values() for day in (start, stop + DAY)} | {more}
    if view.time_type == DATE:
        same = {day: day for day in asked}
        return same, same
    rows = ask_first_moments(connection, list(asked), view.time_zone)
    begins = {row.day: as_type(row.first_moment, view.time_type) for row in rows}
    settles = {row.day: as_type(row.last_first_moment, view.time_type) for row in rows}
    return begins, settles


def ask_first_moments(connection: Connection, days: list[date], time_zone: str) -> list:
    """The rows of `first_moments.sql`."""
    return ask(connection, "first_moments", {"days": days, "time_zone": time_zone})[0]


def first_moments(connection: Connection, days: list[date], time_zone: str) -> dict[date, Moment]:
    """The first moment of each of some days, in the type of the `time` of the TEMP view."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time FROM piwik_track LIMIT 0")
        time_type = TYPES[cursor.description[0].type_code]
    if time_type == DATE:
        return {day: day for day in days}
    rows = ask_first_moments(connection, days, time_zone)
    return {row.day: as_type(row.first_moment, time_type) for row in rows}


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
