"""Days and hours of a time zone as whole numbers, and their names."""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TIMES = ("date", "hour")
# Days and hours are put together from quarters of an hour, of which every time zone's offset from
# UTC is a whole number.
QUARTER = 900  # seconds
OFFSETS = 1 << 18  # of an hour's number, the part that is its offset from UTC in seconds
MOST_QUARTERS = 1 << 20  # 30 years, of which a table has one number each


def time_keys(quarters: "np.ndarray", by: str, zone: tzinfo) -> "np.ndarray":
    """The days or hours, as `by` says, in which quarters of an hour since 1970 are, int64."""
    import numpy as np

    if not len(quarters):
        return quarters
    first, span = quarters.min(), int(np.ptp(quarters)) + 1
    if span > MOST_QUARTERS:
        present, places = np.unique(quarters, return_inverse=True)
        return np.array([time_key(it, by, zone) for it in present.tolist()], np.int64)[places]
    keys = np.zeros(span, np.int64)
    present = np.flatnonzero(np.bincount(quarters - first))
    keys[present] = [time_key(it, by, zone) for it in (present + first).tolist()]
    return keys[quarters - first]


@lru_cache(1 << 16)
def time_key(quarter: int, by: str, zone: tzinfo) -> int:
    """The number of the day or the hour in which a quarter of an hour is.

    An hour's has its offset from UTC, since clocks repeat some hours.
    """
    local = datetime.fromtimestamp(quarter * QUARTER, zone)
    day = local.toordinal()
    if by == "date":
        return day
    offset = local.utcoffset() // timedelta(seconds=1)
    return (day * 24 + local.hour) * OFFSETS + offset + OFFSETS // 2


def time_name(key: int, by: str) -> str:
    """The name of a day or an hour in ISO 8601."""
    if by == "date":
        return date.fromordinal(key).isoformat()
    hours, offset = divmod(key, OFFSETS)
    zone = timezone(timedelta(seconds=offset - OFFSETS // 2))
    day = date.fromordinal(hours // 24)
    hour = datetime(day.year, day.month, day.day, hours % 24, tzinfo=zone)
    return hour.isoformat(timespec="minutes")


def place_in_time(name: str, by: str) -> str | float:
    """What to sort a name by: hours by their instants."""
    return datetime.fromisoformat(name).timestamp() if by == "hour" else name
