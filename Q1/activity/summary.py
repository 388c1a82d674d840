"""The parameters of `user_summary.sql`, the row per user, and of the measures taken of it."""

from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from activity.bits import BITS, bits_at, bracket_of, in_brackets, last_set, listed, packed, unpacked
from activity.calendar import Calendar, calendar_of
from events.view import DATE, UNZONED, ZONED, View
from retention.clocks import clock_parameters, clocks_in, place_in_window
from retention.triangle import MOST_AGES
from retention.window import Window

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
WINDOWS = "(SELECT windows.begins FROM windows)"
FIRST_WINDOW = f"width_bucket(first_start_time, {WINDOWS})"
SHIFT = f"{WINDOWS}[{FIRST_WINDOW}] - first_start_time"
ROLLING_PLACE = f"width_bucket({{}} + shift, {WINDOWS}) - first_window"
SINCE_START = """
    (
        SELECT {bits} FILTER (WHERE moment >= first_start_time)
        FROM (SELECT unnest(activity) AS moment) AS moments
    )"""
NO_WINDOWS = {
    "origin": AsIs("NULL::timestamp"),
    "length": AsIs("NULL::interval"),
    "last_window": 0,
    "first_window": AsIs("NULL::integer"),
    "shift": AsIs("NULL::interval"),
}


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
    calendar, clocks = measure.calendar(window), clocks_in(connection, view, window)
    place = place_in_window(view, clocks, window, calendar.starts[0], measure.period)
    return {
        "measure": measure.name,
        "starts": calendar.starts[1:],
        **first_value(view, measure),
        "largest": measure.largest,
        "of_cohorts": measure.name == "ages",
        **summary_clock(clock_parameters(view, clocks, limits)),
        **places(view, measure, calendar, place or CALENDAR_PLACE),
    }


def list_parameters(summary: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    """The parameters of `user_list.sql`, besides those of the row per user."""
    active = listed(calendar.starts, summary["sixties"] * BITS)
    return {"period_starts": calendar.starts, "listed": AsIs(active)}


def summary_clock(found: dict[str, Any]) -> dict[str, Any]:
    """How times are read, in the names that a user's start has in `user_summary.sql`."""
    starts = {}
    for old, new in (("first_install", "first_start"), ("last_install", "last_start")):
        starts[f"{new}_day"] = AsIs(str(found[f"{old}_day"]).replace(old, new))
    return found | starts


def first_value(view: View, measure: Measure) -> dict[str, AsIs]:
    """The expressions for the value of a user, and for what it is found by while reading events."""
    if not measure.by_value:
        return {"event_value": AsIs("NULL::text"), "user_value": AsIs("first_value")}
    found = FIRST_VALUE.format(**SENDING[view.time_type])
    return {"event_value": AsIs(found), "user_value": AsIs(VALUE)}


def places(view: View, measure: Measure, calendar: Calendar, place: str) -> dict[str, Any]:
    """The expressions for places among the bits of a user, and for ages.

    place: that for the period of a time, {}.
    """
    rolling = measure.hours is not None
    number = windows(measure, calendar) if rolling else len(calendar.starts)
    width = (number // BITS + 1) * BITS  # one more at least, for all that lies beyond
    placed = (
        rolling_places(view, measure, calendar, width)
        if rolling
        else calendar_places(view, place, width)
    )
    bits = "periods" if rolling else "periods << start_place"
    age = "last_place" if rolling else "last_place - start_place"
    if width == BITS:  # the bits tell the last place, by which users need not be grouped then
        placed |= {"last_place": AsIs("NULL::integer"), "last_of_alike": AsIs(last_set("packed"))}
    return {
        "last_of_alike": AsIs("last_place"),
        "sixties": width // BITS,
        "unpacked": AsIs(unpacked(width)),
        **placed,
        "age_bits": AsIs(in_brackets(bits, measure.brackets, width) if measure.brackets else bits),
        "last_age": AsIs(bracket_of(age, measure.brackets) if measure.brackets else age),
    }


def calendar_places(view: View, place: str, width: int) -> dict[str, Any]:
    """The expressions for periods of the calendar: while reading events, packed, and the last."""
    returning = "" if view.roles.all_return else " FILTER (WHERE returns)"
    bits, none = bits_at(place.format("clock"), width)
    return {
        **NO_WINDOWS,
        "last_bit": width - 1,
        "event_bits": AsIs(bits + returning),
        "last_return": AsIs(f"max(clock){returning}"),
        "user_bits": AsIs(packed(f"coalesce(activity, {none})", width)),
        "last_place": AsIs(place.format("last_return")),
    }


def rolling_places(view: View, measure: Measure, calendar: Calendar, width: int) -> dict[str, Any]:
    """The expressions for windows since the first start, as those of `calendar_places`."""
    returning = "" if view.roles.all_return else " FILTER (WHERE returns)"
    last_window = 24 * (calendar.starts[-1] - calendar.starts[0]).days // measure.hours + 1
    place = ROLLING_PLACE if last_window < width else f"least({ROLLING_PLACE}, {width - 1})"
    bits, none = bits_at(place.format("moment"), width)
    last_place = place.format("last_return")
    return {
        "origin": AsIs(view.midnight_of(f"timestamp '{calendar.starts[0]}'")),
        "length": AsIs(f"make_interval(hours => {measure.hours})"),
        "last_window": last_window,
        "first_window": AsIs(FIRST_WINDOW),
        "shift": AsIs(SHIFT),
        "last_bit": width - 1,
        "event_bits": AsIs(f"array_agg(time){returning}"),
        "last_return": AsIs(f"max(time){returning}"),
        "user_bits": AsIs(packed(f"coalesce({SINCE_START.format(bits=bits)}, {none})", width)),
        "last_place": AsIs(f"CASE WHEN last_return >= first_start_time THEN {last_place} END"),
    }


def windows(measure: Measure, calendar: Calendar) -> int:
    """How many rolling windows are shown at most, of those that the days of a calendar have.

    Its first and last two periods lie around the data: of their days one more than the data have is
    enough, since days may be longer where clocks change.
    """
    days = (calendar.starts[-1] - calendar.starts[0]).days - 1
    return min(measure.last_age, 24 * days // measure.hours) + 1
