"""Stickiness: how many users of a week and of a month are active on a day."""

from datetime import date, timedelta
from typing import NamedTuple

from activity.counts import Counts, Found

DAYS = {"daily": 1, "weekly": 7, "monthly": 30}  # that end with the day


class Stickiness(NamedTuple):
    """The users active on a day, and in the 7 and 30 days that end with it.

    None where these begin before the data.
    """

    day: date
    daily: int | None
    weekly: int | None
    monthly: int | None


def stickiness_of(found: Found, counts: Counts) -> list[Stickiness]:
    """The active users of a group on each day of the data."""
    days = (found.last_day - found.first_day).days + 1
    return [
        stickiness_on(found, counts, found.first_day + timedelta(number), number)
        for number in range(days)
    ]


def stickiness_on(found: Found, counts: Counts, day: date, number: int) -> Stickiness:
    """The active users of one day, so many after the first."""
    place = found.calendar.place(day)
    known = [
        counts[name].get((None, place), 0) if number + 1 >= days else None
        for name, days in DAYS.items()
    ]
    return Stickiness(day, *known)
