"""The periods in which activity is counted: days, weeks from any day, or months."""

from bisect import bisect
from datetime import date, timedelta
from typing import NamedTuple

WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)


class Calendar(NamedTuple):
    """Periods in order, by the first day of each; the last one is never counted."""

    starts: list[date]

    def place(self, day: date) -> int:
        """The number of the period that a day lies in, from 0."""
        return bisect(self.starts, day) - 1

    def is_over(self, place: int, last_day: date) -> bool:
        """Whether the period of a number is over by the end of the last day."""
        return place + 1 < len(self.starts) and self.starts[place + 1] <= last_day + DAY


def calendar_of(first_day: date, last_day: date, period: str, week_start: str) -> Calendar:
    """The periods of some days, with those of the day before and of the day after."""
    starts = [start_of(first_day - DAY, period, week_start)]
    while starts[-1] <= last_day + DAY:
        starts.append(after(starts[-1], period))
    return Calendar(starts)


def start_of(day: date, period: str, week_start: str) -> date:
    """The first day of the period that a day lies in."""
    if period == "month":
        return day.replace(day=1)
    since = (day.weekday() - WEEK_DAYS.index(week_start)) % 7 if period == "week" else 0
    return day - since * DAY


def after(start: date, period: str) -> date:
    """The first day of the next period."""
    if period == "month":
        return (start + 31 * DAY).replace(day=1)
    return start + (7 * DAY if period == "week" else DAY)
