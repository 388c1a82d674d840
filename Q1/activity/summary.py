"""The parameters of `user_summary.sql`, the row per user, and of the measures taken of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from activity.calendar import Calendar, calendar_of
from events.view import DATE, UNZONED, ZONED, View
from retention.questions import ask
from retention.triangle import MOST_AGES, Window, clock

# The value of a user's first start; of several at the same moment the first in order of bytes, and
# none only if there is no other. As arrays of bytes, whose order is that of their parts: a server
# behind postgres_fdw does not take an aggregate with a collation. Times send their distance from
# 2000, where a negative one would come last.
FIRST_VALUE = (
    "min(ARRAY[boolsend(time >= {begin}), {send}(time),"
    r" decode(replace(value, '\', '\\'), 'escape')]) FILTER (WHERE starts)"
)
SENDING = {
    ZONED: {"begin": "timestamptz '2000-01-01Z'", "send": "timestamptz_send"},
    UNZONED: {"begin": "timestamp '2000-01-01'", "send": "timestamp_send"},
    DATE: {"begin": "date '2000-01-01'", "send": "date_send"},
}
VALUE = "convert_from(first_value[3], getdatabaseencoding())"
CALENDAR_PLACE = "width_bucket({}, (SELECT calendar.begins FROM calendar))"
ROLLING_PLACE = "width_bucket({} - first_start_time, (SELECT windows.ends FROM windows))"
SINCE_START = """
    (
        SELECT {bits}
        FROM (SELECT unnest(activity) AS moment OFFSET 0) AS moments
        WHERE moment >= first_start_time
    )"""
BITS = 60  # of a number of eight bytes, so that their order is plain


@dataclass(frozen=True)
class Measure:
    """What is counted of the row per user: a file of `queries/measures/`, and how ages are cut.

    hours: the length of a rolling window; None counts periods of the calendar.
    """

    name: str
    period: str
    week_start: str
    hours: int | None = None
    brackets: tuple[int, ...] = ()
    follow: int | None = None
    by_value: bool = False
    largest: int = 10

    @property
    def last_age(self) -> int:
        """The last age that is shown."""
        if self.brackets:
            return self.brackets[-1]
        return MOST_AGES if self.follow is None else self.follow

    def calendar(self, window: Window) -> Calendar:
        """The periods of the days in which the data lie."""
        return calendar_of(*window, self.period, self.week_start)


def summary_parameters(
    connection: Connection, view: View, measure: Measure, window: Window, limits: dict[str, Any]
) -> dict[str, Any]:
    """The parameters of `user_summary.sql` and `activity.sql` for data in a window of days.

    limits: those of the data, among the parameters that `moments` gives.
    """
    days = {"first_day": window.first_day, "last_day": window.last_day}
    (row,), _ = ask(connection, "single_midnights", days | {"time_zone": view.time_zone})
    ends = ("data_from", "data_before") if row.single else ("from_day", "to_day")
    calendar = measure.calendar(window)
    return {
        "measure": measure.name,
        "starts": calendar.starts[1:],
        **first_value(view, measure),
        "largest": measure.largest,
        "of_cohorts": measure.name == "ages",
        "first_limit": limits[ends[0]],
        "last_limit": limits[ends[1]],
        **summary_clock(view, row.single),
        **places(measure, calendar),
    }


def summary_clock(view: View, by_time: bool) -> dict[str, AsIs]:
    """The expressions for days and times, as those of the triangle."""
    found = clock(view, by_time)
    for old, new in (("first_install", "first_start"), ("last_install", "last_start")):
        found[f"{new}_day"] = AsIs(str(found.pop(f"{old}_day")).replace(old, new))
    return found


def first_value(view: View, measure: Measure) -> dict[str, AsIs]:
    """The expressions for the value of a user, and for what it is found by while reading events."""
    if not measure.by_value:
        return {"event_value": AsIs("NULL::text"), "user_value": AsIs("first_value")}
    found = FIRST_VALUE.format(**SENDING[view.time_type])
    return {"event_value": AsIs(found), "user_value": AsIs(VALUE)}


def places(measure: Measure, calendar: Calendar) -> dict[str, Any]:
    """The expressions for places among the bits of a user, and for ages."""
    rolling = measure.hours is not None
    number = windows(measure, calendar) if rolling else len(calendar.starts)
    width = (number // BITS + 1) * BITS  # one more at least, for all that lies beyond
    place = ROLLING_PLACE if rolling else CALENDAR_PLACE
    last_place = place.format("last_return")
    bits = "periods" if rolling else "periods << start_place"
    age = "last_place" if rolling else "last_place - start_place"
    return {
        "last_bit": width - 1,
        "length": timedelta(hours=measure.hours or 1),
        "sixties": width // BITS,
        **activity(place, rolling, width),
        "return_clock": AsIs("time" if rolling else "clock"),
        "last_place": AsIs(
            f"CASE WHEN last_return >= first_start_time THEN {last_place} END"
            if rolling
            else last_place
        ),
        "age_bits": AsIs(in_brackets(bits, measure.brackets, width) if measure.brackets else bits),
        "last_age": AsIs(bracket_of(age, measure.brackets) if measure.brackets else age),
    }


def activity(place: str, rolling: bool, width: int) -> dict[str, AsIs]:
    """The expressions for the periods with activity: while reading events, packed, and unpacked.

    They are packed as numbers of `BITS` bits, by which PostgreSQL can group.
    """
    event = place.format("moment" if rolling else "clock")
    if width == BITS:
        bits, none = f"bit_or(1::bigint << ({BITS - 1} - {event}))", "0"
    else:
        none = f"B'{'0' * width}'"
        bits = f"bit_or(set_bit({none}, {event}, 1))"
    periods = f"coalesce({SINCE_START.format(bits=bits) if rolling else 'activity'}, {none})"
    return {
        "event_bits": AsIs(f"{'array_agg(time)' if rolling else bits} FILTER (WHERE returns)"),
        "user_bits": AsIs(periods if width == BITS else packed(periods, width)),
        "unpacked": AsIs(unpacked(width)),
    }


def packed(periods: str, width: int) -> str:
    """The expression for an array of numbers that have the bits of a string."""
    firsts = range(1, width, BITS)
    parts = ", ".join(f"substring(bits FROM {first} FOR {BITS})::bigint" for first in firsts)
    strings = f"(SELECT {periods} AS bits OFFSET 0) AS strings"
    return f"(SELECT ARRAY[{parts}] FROM {strings})"  # noqa: S608


def unpacked(width: int) -> str:
    """The expression for the string of bits of what is packed."""
    if width == BITS:
        return f"packed::bit({BITS})"
    parts = [f"packed[{number}]::bit({BITS})" for number in range(1, width // BITS + 1)]
    return f"({' || '.join(parts)})::bit({width})"


def windows(measure: Measure, calendar: Calendar) -> int:
    """How many rolling windows are shown at most, of those that the days of a calendar have.

    Its first and last two periods lie around the data: of their days one more than the data have is
    enough, since days may be longer where clocks change.
    """
    days = (calendar.starts[-1] - calendar.starts[0]).days - 1
    return min(measure.last_age, 24 * days // measure.hours) + 1


def in_brackets(bits: str, lasts: tuple[int, ...], width: int) -> str:
    """The expression for bits by bracket, of bits by age: whether any age of it is set."""
    firsts = [0, *(last + 1 for last in (0, *lasts))]
    masks = [
        f"B'{'1' * (min(last, width - 1) - first + 1):0>{min(last, width - 1) + 1}}'::bit({width})"
        for first, last in zip(firsts, (0, *lasts), strict=False)
        if first < width
    ]
    flags = [f"(({bits}) & {mask} <> B'0'::bit({width}))::integer::bit(1)" for mask in masks]
    return " || ".join([*flags, f"B'{'0' * (-len(masks) % BITS)}'"])


def bracket_of(age: str, lasts: tuple[int, ...]) -> str:
    """The expression for the number of the bracket of an age; -1 before all."""
    firsts = ", ".join(map(str, [0, *(last + 1 for last in (0, *lasts[:-1]))]))
    return f"width_bucket({age}, ARRAY[{firsts}]) - 1"
