"""Dates with or without a time of day and a zone, as ISO 8601 and its neighbours write them."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from events.times.arrays import array_of, digits_of, is_true, plain
from events.times.epoch import SECONDS, decimal_ticks, epoch

SECOND = 10**6
# RE2 has no back references: that separators are the same is seen to afterwards.
DATE = (
    r"^(?P<year>[0-9]{4})(?P<dash1>[-/]?)(?P<month>[0-9]{2})(?P<dash2>[-/]?)(?P<day>[0-9]{2})"
    r"(?P<clock>[T ](?P<hour>[0-9]{2})(?P<colon1>:?)(?P<minute>[0-9]{2})"
    r"(?:(?P<colon2>:?)(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?)?"
    r"(?: ?(?:Z|UTC|(?P<sign>[+-])(?P<ahead>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?))?$"
)
COMPACT = r"^(?:19|2[0-9])[0-9]{6}"  # other numbers of eight digits are seconds
ZONED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+?(?P<zone> ?(?:Z|UTC|[+-][0-9:]+))"
CUT_OFF = r"^([0-9-]{10}[T ][0-9:]{8})[.,]([0-9]{1,6})[0-9]*$", r"\1.\2"
HOUR_ALONE = len("2017-04-01 10")


def uniform_ticks(texts: pa.StringArray) -> pa.Array | None:
    """Microseconds since 1970 of texts that are all written alike, else None.

    Alike are whole epoch numbers, and dates with or without times of one zone, the decimals
    beyond the sixth cut off. Arrow reads these in a fraction of the time, and takes none that
    the grammar refuses.
    """
    first = next((text for text in texts[:100].to_pylist() if text), "")
    try:
        if re.fullmatch(r"[+-]?[0-9]+", first):
            whole = pc.match_substring_regex(texts, "^-?[0-9]+$")  # Arrow takes 0x1F as well
            return epoch(texts.cast(pa.int64())) if pc.all(whole).as_py() else None
        if re.fullmatch(SECONDS, first):
            return decimal_ticks(texts)
        zone = re.fullmatch(ZONED, first)
        return zoned_ticks(texts, zone["zone"] if zone else "")
    except pa.ArrowInvalid:
        return None


def zoned_ticks(texts: pa.StringArray, zone: str) -> pa.Array | None:
    """Microseconds since 1970 of texts that all end with a zone; None if they do not.

    Raises `ArrowInvalid` for a text that Arrow does not read.
    """
    ahead = 0
    if zone:
        if not pc.all(pc.ends_with(texts, zone)).as_py():
            return None
        ahead = date_ticks(pa.array(["1970-01-01" + zone]))[0].as_py()
        if ahead is None:
            return None
        texts = pc.binary_slice(texts.cast(pa.binary()), 0, -len(zone)).cast(pa.string())
    if pc.any(pc.equal(pc.binary_length(texts), HOUR_ALONE)).as_py():
        return None  # which only Arrow takes
    try:
        ticks = texts.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        ticks = pc.replace_substring_regex(texts, *CUT_OFF).cast(pa.timestamp("us"))
    return pc.add(ticks.cast(pa.int64()), ahead)


def date_ticks(texts: pa.StringArray) -> pa.Array:
    """Microseconds since 1970 of dates in any of the ways that are read; null for other texts."""
    texts = plain(texts)
    parts = pc.extract_regex(texts, DATE)
    months = (digits_of(parts, "year") - 1970) * 12 + digits_of(parts, "month") - 1
    days, length = month_days(months)
    month, day = digits_of(parts, "month"), digits_of(parts, "day")
    hour, minute, second = (digits_of(parts, name) for name in ("hour", "minute", "second"))
    ahead, minutes = digits_of(parts, "ahead"), digits_of(parts, "minutes")
    behind = is_true(pc.equal(pc.struct_field(parts, "sign"), "-"))
    offset = np.where(behind, -1, 1) * (ahead * 60 + minutes) * 60
    seconds = (days + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second - offset
    valid = well_separated(texts, parts)
    for value, least, most in (
        (month, 1, 12), (day, 1, length), (hour, 0, 23), (minute, 0, 59), (second, 0, 59),
        (ahead, 0, 23), (minutes, 0, 59),
    ):  # fmt: skip
        valid &= (value >= least) & (value <= most)
    return array_of(seconds * SECOND + digits_of(parts, "fraction", 6), valid)


def month_days(months: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first day of months, both counted from January 1970, and how many days each has."""
    first, end = (
        number.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        for number in (months, months + 1)
    )
    return first, end - first


def well_separated(texts: pa.StringArray, parts: pa.StructArray) -> np.ndarray:
    """Where a date was found that is compact or not, and so is its time of day."""
    dash, dash_again, colon, colon_again = (
        pc.struct_field(parts, name) for name in ("dash1", "dash2", "colon1", "colon2")
    )
    no_seconds = pc.equal(pc.struct_field(parts, "second"), "")
    valid = is_true(parts.is_valid()) & is_true(pc.equal(dash, dash_again))
    valid &= is_true(pc.or_(pc.equal(colon, colon_again), no_seconds))
    compact = is_true(pc.equal(dash, ""))
    return valid & (~compact | is_true(pc.match_substring_regex(texts, COMPACT)))
