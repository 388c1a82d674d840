"""The grammar of times, the same for every format: a column at a time, to UTC with microseconds.

A text is ISO 8601 or an epoch number; a number is what its decimal text says. What is finer than a
microsecond is rounded down, so that no event moves into the next day.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from events.event import YEARS
from events.times.arrays import array_of, number_texts, values_of
from events.times.dates import date_ticks, uniform_ticks
from events.times.epoch import CLOCKED_DAY, SERIALS, epoch, number_ticks
from events.times.formatted import formatted_times

WRONG_TIME = "not ISO 8601 or epoch time of the years 2 to 9998"
OUTSIDE_YEARS = "a time outside the years 2 to 9998"
SPREADSHEET = "a time that looks like a spreadsheet's date number"
DAY_AND_TIME = "a number that looks like a day with a time, such as %Y%m%d%H%M%S"
READ_BY_FORMAT = (WRONG_TIME, DAY_AND_TIME)  # --time-format may read such times
MOMENT = pa.timestamp("us", "UTC")
FIRST, END = (
    int(np.datetime64(f"{year:04}-01-01", "us").astype(np.int64))
    for year in (YEARS.start, YEARS.stop)
)


def moments(times: pa.Array, time_format: str | None = None) -> pa.TimestampArray:
    """The moments (UTC) that times of any type name; null where one names none in `YEARS`.

    `time_format` says how texts and numbers are written; without it the grammar holds. Raises
    TypeError for a type that cannot be a time.
    """
    kind = times.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return within_years(calendar_ticks(times))
    if not pa.types.is_string(kind):
        if time_format is None and pa.types.is_signed_integer(kind):
            ticks = epoch(times.cast(pa.int64()))
            if ticks is not None:
                return within_years(ticks)
        times = number_texts(times)
    if time_format is not None:
        return within_years(calendar_ticks(formatted_times(times, time_format)))
    return within_years(text_ticks(times))


def reason(stored: pa.Scalar, time_format: str | None = None) -> str:
    """Why a time, as its column has it, names no moment."""
    if pa.types.is_temporal(stored.type):  # it may have a year that Python does not know
        return OUTSIDE_YEARS if stored.is_valid else "no time"
    time = stored.as_py()
    text = "" if time is None or time != time else str(time)  # NaN is a time that is missing
    number = re.fullmatch(r"\+?0*([0-9]{5})(\.[0-9]*)?", text)
    if not text:
        return "no time"
    if time_format is not None:
        return f"not a time of the format {time_format}"
    if number and SERIALS[0] <= int(number[1]) <= SERIALS[1]:
        return SPREADSHEET
    return DAY_AND_TIME if re.fullmatch(CLOCKED_DAY, text) else WRONG_TIME


def text_ticks(texts: pa.StringArray) -> pa.Array:
    """Microseconds since 1970 of texts in the grammar; null for others."""
    ticks = uniform_ticks(texts)
    if ticks is not None:
        return ticks
    different = texts.dictionary_encode()  # which saves much of the time where many are the same
    texts = different.dictionary
    return pc.take(pc.coalesce(date_ticks(texts), number_ticks(texts)), different.indices)


def calendar_ticks(times: pa.Array) -> pa.Array:
    """Microseconds since 1970 of dates and of timestamps, which without a zone are UTC."""
    if pa.types.is_date(times.type):
        times = times.cast(pa.date32()).cast(pa.timestamp("s"))
    numbers, valid = values_of(times.cast(pa.int64()))
    if times.type.unit == "ns":
        return array_of(numbers // 1000, valid)
    scale = {"s": 10**6, "ms": 1000, "us": 1}[times.type.unit]
    valid &= (numbers >= FIRST // scale) & (numbers < END // scale)  # others would not fit
    return array_of(np.where(valid, numbers, 0) * scale, valid)


def within_years(ticks: pa.Array) -> pa.TimestampArray:
    """Microseconds since 1970 as moments; null outside `YEARS`."""
    inside = pc.and_(pc.greater_equal(ticks, FIRST), pc.less(ticks, END))
    if pc.all(inside).as_py() is False:
        ticks = pc.if_else(inside, ticks, pa.scalar(None, pa.int64()))
    return ticks.cast(MOMENT)
