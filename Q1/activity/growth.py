"""Growth: how many users are new, retained, resurrected or gone, by period."""

from datetime import date
from typing import NamedTuple

from activity.counts import Counts, Found


class Growth(NamedTuple):
    """The users of the period that begins on `start`; None where that is not known.

    `active` users are the `new`, `retained` and `resurrected` ones together; `churned` ones were
    active in the period before. None of it is known of a period that is not over, and of the first
    one only how many are new and active.
    """

    start: date
    active: int | None
    new: int | None
    retained: int | None
    resurrected: int | None
    churned: int | None


def growth_of(found: Found, counts: Counts) -> list[Growth]:
    """The growth of a group in each period of the data."""
    first, last = (found.calendar.place(day) for day in (found.first_day, found.last_day))
    return [growth_in(found, counts, place, place == first) for place in range(first, last + 1)]


def growth_in(found: Found, counts: Counts, place: int, is_first: bool) -> Growth:
    """The growth in one period."""
    start = found.calendar.starts[place]
    if not found.calendar.is_over(place, found.last_day):
        return Growth(start, *[None] * 5)
    active, before, new, retained = (
        counts[name].get((None, at), 0)
        for name, at in (
            ("active", place),
            ("active", place - 1),
            ("new", place),
            ("retained", place),
        )
    )
    if is_first:
        return Growth(start, active, new, None, None, None)
    return Growth(start, active, new, retained, active - new - retained, before - retained)
