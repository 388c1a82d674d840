"""Cohorts whose ages are periods or hours since the first start, one by one or in brackets."""

from datetime import timedelta
from itertools import accumulate
from typing import NamedTuple

from psycopg2.extensions import connection as Connection

from activity.ages import Ages, brackets_to, single_ages
from activity.counts import Counts, Found, Group
from activity.summary import Measure
from events.view import View
from retention.days import DAY, midnights
from retention.questions import Cohort


class Retention(NamedTuple):
    """The ages, one for each column of the triangle, and the cohorts of each group."""

    ages: list[Ages]
    groups: dict[Group, list[Cohort]]

    def at(self, ages: tuple[int, ...]) -> "Retention":
        """The columns of these ages, as far as there are any."""
        kept = [column for column, it in enumerate(self.ages) if it.first in ages]
        groups = {
            group: [
                Cohort(*it[:2], *([counts[at] for at in kept] for counts in it[2:]))
                for it in cohorts
            ]
            for group, cohorts in self.groups.items()
        }
        return Retention([self.ages[column] for column in kept], groups)


def retention_of(connection: Connection, view: View, found: Found, measure: Measure) -> Retention:
    """The cohorts of each group, all with the same ages."""
    cohorts = sorted({cohort for counts in found.groups.values() for cohort, _ in counts["last"]})
    oldest = oldest_age(found, measure, cohorts[0])
    if measure.brackets:
        ages = brackets_to(measure.brackets, oldest)
    else:
        ages = single_ages(min(oldest, measure.last_age))
    ends = ends_of(connection, view, found, cohorts) if measure.hours else None
    groups = {}
    for group, counts in found.groups.items():
        groups[group] = [
            cohort_of(found, cohort, counts, observed_ages(found, measure, ages, cohort, ends))
            for cohort in cohorts
            if any(place == cohort for place, _ in counts["last"])
        ]
    return Retention(ages, groups)


def oldest_age(found: Found, measure: Measure, cohort: int) -> int:
    """The last age that users of the first cohort have reached; days have 24 hours here."""
    if not measure.hours:
        return found.calendar.place(found.last_day) - cohort
    days = (found.last_day + DAY - found.calendar.starts[cohort]).days
    return (24 * days - 1) // measure.hours


def ends_of(
    connection: Connection, view: View, found: Found, cohorts: list[int]
) -> dict[int | None, timedelta]:
    """How long before the end of the data the last user of each cohort may have started."""
    days = {cohort: found.calendar.starts[cohort + 1] for cohort in cohorts}
    end = found.last_day + DAY
    moments = midnights(connection, {*days.values(), end}, view.time_zone, view.time_type)
    return {cohort: moments[end].last - moments[day].last for cohort, day in days.items()}


def observed_ages(
    found: Found,
    measure: Measure,
    ages: list[Ages],
    cohort: int,
    ends: dict[int, timedelta] | None,
) -> list[bool]:
    """Whether each age is over for all users of a cohort by the end of the data."""
    if ends is None:
        return [found.calendar.is_over(cohort + age.last, found.last_day) for age in ages]
    return [ends[cohort] >= timedelta(hours=measure.hours * (age.last + 1)) for age in ages]


def cohort_of(found: Found, cohort: int, counts: Counts, observed: list[bool]) -> Cohort:
    """The users of a cohort by age; None where it is not over."""
    last = {age: users for (place, age), users in counts["last"].items() if place == cohort}
    columns = range(len(observed))
    on = [counts["active_on"].get((cohort, age), 0) for age in columns]
    beyond = sum(users for age, users in last.items() if age >= len(observed))
    later = list(accumulate((last.get(age, 0) for age in reversed(columns)), initial=beyond))
    on_or_after = later[:0:-1]
    shown = [
        [count if seen else None for count, seen in zip(counted, observed, strict=True)]
        for counted in (on, on_or_after)
    ]
    return Cohort(found.calendar.starts[cohort], sum(last.values()), *shown)
