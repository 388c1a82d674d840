"""Dates, times and moments of every kind."""

from typing import NamedTuple

import numpy as np

from logs.fields import ACCEPTED, APACHE, BAD_DATE, BAD_TIME, EPOCH
from logs.kernel.memory import byte, called, eight_bytes, inlined
from logs.kernel.numbers import LONGEST_NUMBER, digits, trim, two_digits, whole_number
from logs.kernel.quotes import field

LAST_SECOND = 7_258_118_399  # of 2199, since 1970
# Days since 1970-01-01 on which the months begin, up to the one after the last that is read.
MONTH_STARTS = (
    np.arange("1970-01", "2200-02", dtype="datetime64[M]").astype("datetime64[D]").astype(int)
)
# Month names of Apache's logs, three bytes each, the first one the lowest.
MONTHS = np.array(
    [
        int.from_bytes(name, "little")
        for name in b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    ]
)
# Eight bytes at once, the first one the lowest of an int64.
DAY_0, TIME_0 = b"1970-01-01", b"00:00:00"
DAY_0_START, DAY_0_END = (int.from_bytes(part, "little") for part in (DAY_0[:8], DAY_0[2:]))
MIDNIGHT = int.from_bytes(TIME_0, "little")


@inlined
def day_number(year, month, day):
    """Days since 1970-01-01, or minus the reason for rejecting them."""
    if year < 1970 or year > 2199 or month < 1 or month > 12 or day < 1:
        return -BAD_DATE
    index = (year - 1970) * 12 + month - 1
    number = MONTH_STARTS[index] + day - 1
    return number if number < MONTH_STARTS[index + 1] else -BAD_DATE


@called
def read_date(at, length):
    """YYYY-MM-DD as days since 1970-01-01."""
    at, length = trim(at, length)
    if length != 10 or byte(at + 4) != ord("-") or byte(at + 7) != ord("-"):
        return -BAD_DATE
    year = two_digits(at) * 100 + two_digits(at + 2)
    return day_number(year, two_digits(at + 5), two_digits(at + 8))


@called
def read_apache_date(at):
    """DD/Mon/YYYY as days since 1970-01-01."""
    if byte(at + 2) != ord("/") or byte(at + 6) != ord("/"):
        return -BAD_DATE
    name, month = eight_bytes(at + 3) & 0xFFFFFF, 0
    while month < 12 and MONTHS[month] != name:
        month += 1
    return day_number(two_digits(at + 7) * 100 + two_digits(at + 9), month + 1, two_digits(at))


@inlined
def read_time(at, length):
    """HH:MM:SS, with or without a fraction and an offset, as the second of the day in UTC.

    Also the reason for rejecting it. A leap second counts to the second before it, so that its day
    is the one that the log names.
    """
    at, length = trim(at, length)
    if length < 8 or byte(at + 2) != ord(":") or byte(at + 5) != ord(":"):
        return 0, BAD_TIME
    hour, minute = two_digits(at), two_digits(at + 3)
    second = two_digits(at + 6)
    if second == 60 and minute % 15 == 14:
        second = 59
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return 0, BAD_TIME
    second += hour * 3600 + minute * 60
    place, end = at + 8, at + length
    if place < end and (byte(place) == ord(".") or byte(place) == ord(",")):
        place += 1 + digits(place + 1)
        if place > end or place == at + 9:
            return 0, BAD_TIME
    if place == end:
        return second, ACCEPTED
    if byte(place) == ord(" "):
        place += 1
    offset, reason = read_offset(place, end - place)
    return second - offset, reason


@called
def read_offset(at, length):
    """Z, +HHMM, +HH:MM or +HH as seconds ahead of UTC, and the reason for rejecting it."""
    if length == 1 and (byte(at) | 32) == ord("z"):
        return 0, ACCEPTED
    colon = length == 6 and byte(at + 3) == ord(":")
    if not colon and length != 5 and length != 3:
        return 0, BAD_TIME
    if byte(at) != ord("+") and byte(at) != ord("-"):
        return 0, BAD_TIME
    hours = two_digits(at + 1)
    minutes = 0 if length == 3 else two_digits(at + 3 + colon)
    if not (0 <= hours <= 23 and 0 <= minutes <= 59):
        return 0, BAD_TIME
    ahead = hours * 3600 + minutes * 60
    return (ahead if byte(at) == ord("+") else -ahead), ACCEPTED


@called
def read_epoch(at, length, per_second):
    """A number of parts of a second since 1970, with or without a fraction, as whole seconds.

    Also the reason for rejecting it.
    """
    at, length = trim(at, length)
    whole = digits(at)
    if whole == 0 or whole > LONGEST_NUMBER + 1 or whole > length:
        return 0, BAD_DATE
    fraction = length - whole
    if fraction > 0 and (byte(at + whole) != ord(".") or digits(at + whole + 1) != fraction - 1):
        return 0, BAD_DATE
    second = whole_number(at, whole) // per_second
    return second, (ACCEPTED if 0 <= second <= LAST_SECOND else BAD_DATE)


class Seen(NamedTuple):
    """The last date and time that were read, as bytes and as numbers."""

    date_start: int  # the first eight bytes
    date_end: int  # the last eight
    day: int
    clock: int  # the eight bytes of the time
    second: int


@inlined
def nothing_seen(plan):
    """What is remembered before the first row."""
    start = 0 if plan.moment_kind == APACHE else DAY_0_START
    return Seen(start, DAY_0_END, 0, MIDNIGHT, 0)


@inlined
def date_and_time(edges, plan, strip):
    """Where the date of a row begins, its length, and the same of the time."""
    if plan.moment < 0:
        place, length = field(edges, plan.date, plan, strip)
        time_place, time_length = field(edges, plan.time, plan, strip)
        return place, length, time_place, time_length
    place, length = field(edges, plan.moment, plan, strip)
    wide = date_length(plan)
    return place, min(length, wide), place + wide + 1, length - wide - 1


@inlined
def date_length(plan):
    """The number of bytes of a date."""
    return 11 if plan.moment_kind == APACHE else 10


@inlined
def read_day(place, length, plan, seen):
    """Days since 1970-01-01, or minus the reason for rejecting them; and what is seen now."""
    wide = date_length(plan)
    start, end = eight_bytes(place), eight_bytes(place + wide - 8)
    if length == wide and start == seen.date_start and end == seen.date_end:
        return seen.day, seen
    if plan.moment_kind == APACHE:
        day = read_apache_date(place) if length == wide else -BAD_DATE
    else:
        day = read_date(place, length)
    if day >= 0 and length == wide:
        seen = Seen(start, end, day, seen.clock, seen.second)
    return day, seen


@inlined
def read_clock(place, length, seen):
    """The second of the day, the reason for rejecting it, and what is seen now."""
    if length == 8 and eight_bytes(place) == seen.clock:
        return seen.second, ACCEPTED, seen
    second, reason = read_time(place, length)
    if length == 8 and reason == ACCEPTED:
        seen = Seen(seen.date_start, seen.date_end, seen.day, eight_bytes(place), second)
    return second, reason, seen


@inlined
def may_follow_date(value, plan):
    """Whether a byte may be between the date and the time of a moment."""
    if plan.moment_kind == APACHE:
        return value == ord(":")
    return (value | 32) == ord("t") or value == ord(" ")


@inlined
def read_moment(edges, plan, strip, seen):
    """The second since 1970 of a row, the reason for rejecting it, and what is seen now."""
    if plan.moment >= 0 and plan.moment_kind == EPOCH:
        place, length = field(edges, plan.moment, plan, strip)
        moment, reason = read_epoch(place, length, plan.per_second)
        return moment, reason, seen
    place, length, time_place, time_length = date_and_time(edges, plan, strip)
    day, seen = read_day(place, length, plan, seen)
    second, time_reason, seen = read_clock(time_place, time_length, seen)
    reason = -day if day < 0 else time_reason
    if plan.moment >= 0 and not may_follow_date(byte(time_place - 1), plan):
        reason = reason or BAD_TIME
    moment = day * 86_400 + second
    if not 0 <= moment <= LAST_SECOND:
        reason = reason or BAD_DATE
    return moment, reason, seen
