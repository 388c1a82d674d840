"""The scanner: a block of log lines in bytes becomes columns of numbers.

A loop compiled by numba, which runs without the interpreter's lock and reads a byte in about a
nanosecond. It judges every row on the way: one that breaks a rule is counted under its reason.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from packed_names import BASE, LONGEST_NAME, digits_by_byte

# What a field of the log holds.
SKIP, DATE, TIME, SIZE, URL, STATUS, CACHE = range(7)
URL_START, URL_END = 7, 8  # where `read_url` leaves the path's positions, beside the fields

# Why a row is rejected: the position here is the scanner's code.
REASONS = (
    "accepted",
    "wrong number of fields",
    "no date YYYY-MM-DD from 1970 to 2199",
    "no time HH:MM:SS",
    "size is not a whole number",
    "size is negative",
    "size is above 10^12 bytes",
    "status is not a number",
    "line is longer than 1 MiB",
)
FIELDS, BAD_DATE, BAD_TIME, BAD_SIZE, NEGATIVE_SIZE, HUGE_SIZE, BAD_STATUS, LONG_LINE = range(1, 9)
# A field that goes on after its value, by what it holds; 0 where anything may follow.
FAULTS = np.array([0, BAD_DATE, BAD_TIME, BAD_SIZE, 0, BAD_STATUS, 0])

LONGEST_LINE = 1 << 20  # bytes
LARGEST_SIZE = 10**12  # bytes: no response is larger, and int64 sums millions of such exactly

# What a byte does within a line; from DELIMITER on, it ends a field.
ORDINARY, DOT, SLASH, QUERY, RETURN, DELIMITER, NEWLINE = range(7)
DIGITS = digits_by_byte()
NO_EXTENSION = LONGEST_NAME + 1  # a length that no extension has
# Days since 1970-01-01 on which the months begin.
MONTHS = np.arange("1970-01", "2200-02", dtype="datetime64[M]").astype("datetime64[D]").astype(int)


class Columns(NamedTuple):
    """One value per accepted row; `url_start` and `url_end` are positions in the block."""

    second: np.ndarray  # since 1970-01-01 00:00 UTC
    size: np.ndarray  # bytes
    extension: np.ndarray  # packed name, 0 for none
    status: np.ndarray  # HTTP status, 0 for none
    cache: np.ndarray  # packed name, 0 for none
    url_start: np.ndarray
    url_end: np.ndarray  # where the path ends, before any query string


def empty_columns(rows: int) -> Columns:
    """Columns with room for `rows` rows."""
    types = (np.int64, np.int64, np.int64, np.int16, np.int64, np.int32, np.int32)
    return Columns(*(np.empty(rows, dtype) for dtype in types))


def byte_kinds(delimiters: bytes) -> np.ndarray:
    """What each byte value does, uint8 of shape (256,), where fields end at `delimiters`."""
    kinds = np.full(256, ORDINARY, dtype=np.uint8)
    for characters, kind in ((b".", DOT), (b"/", SLASH), (b"?#", QUERY), (b"\r", RETURN)):
        kinds[list(characters)] = kind
    kinds[list(delimiters)] = DELIMITER
    kinds[ord("\n")] = NEWLINE
    return kinds


@njit
def field_end(block, at, kinds):
    """Where the field at `at` ends: at a delimiter, a newline, or a carriage return before one."""
    while kinds[block[at]] < RETURN or (kinds[block[at]] == RETURN and block[at + 1] != 10):
        at += 1
    return at


@njit
def line_end(block, at):
    """Where the newline of the line at `at` stands."""
    while block[at] != 10:
        at += 1
    return at


@njit
def is_no_row(block, at, comments):
    """Whether the line at `at` is blank or, where there are `comments`, one of them."""
    blank = block[at] == 10 or (block[at] == 13 and block[at + 1] == 10)
    return blank or (comments and block[at] == ord("#"))


@njit
def two_digits(block, at):
    """The number in two bytes; a large negative one if they are not digits."""
    tens, ones = np.int64(block[at]) - 48, np.int64(block[at + 1]) - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1_000_000
    return tens * 10 + ones


# The readers below return a field's value and where it ends, or minus the reason and where they
# gave up.


@njit
def read_date(block, at):
    """YYYY-MM-DD as days since 1970-01-01."""
    if at + 10 > len(block) or block[at + 4] != ord("-") or block[at + 7] != ord("-"):
        return -BAD_DATE, at
    year = two_digits(block, at) * 100 + two_digits(block, at + 2)
    month, day = two_digits(block, at + 5), two_digits(block, at + 8)
    if year < 1970 or year > 2199 or month < 1 or month > 12 or day < 1:
        return -BAD_DATE, at
    index = (year - 1970) * 12 + month - 1
    if MONTHS[index] + day > MONTHS[index + 1]:
        return -BAD_DATE, at
    return MONTHS[index] + day - 1, at + 10


@njit
def read_time(block, at):
    """HH:MM:SS, with or without a fraction, as the second of the day."""
    if at + 8 > len(block) or block[at + 2] != ord(":") or block[at + 5] != ord(":"):
        return -BAD_TIME, at
    hour, minute = two_digits(block, at), two_digits(block, at + 3)
    second = two_digits(block, at + 6)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return -BAD_TIME, at
    end = at + 8
    if block[end] == ord("."):
        end = read_digits(block, end + 1)[1]
    return hour * 3600 + minute * 60 + second, end


@njit
def read_digits(block, at):
    """A whole number, of which no more than 18 digits are taken, and where its digits end."""
    number, end = 0, at
    while ord("0") <= block[end] <= ord("9"):
        if end - at < 18:
            number = number * 10 + (np.int64(block[end]) - 48)
        end += 1
    return number, end


@njit
def read_size(block, at):
    """Bytes; `-` alone is 0."""
    negative = block[at] == ord("-")
    start = at + negative
    number, end = read_digits(block, start)
    if negative and end > start:
        return -NEGATIVE_SIZE, end
    if end == start and not negative:
        return -BAD_SIZE, end
    if number > LARGEST_SIZE or end - start > 18:
        return -HUGE_SIZE, end
    return number, end


@njit
def read_status(block, at):
    """An HTTP status; `-` alone is 0, as is CloudFront's 000."""
    if block[at] == ord("-"):
        return 0, at + 1
    number, end = read_digits(block, at)
    if end == at or end - at > 4:
        return -BAD_STATUS, end
    return number, end


@njit
def read_name(block, at):
    """The packed name of the first 12 characters."""
    number, end = 0, at
    while end < at + LONGEST_NAME and DIGITS[block[end]] > 0:
        number = number * BASE + DIGITS[block[end]]
        end += 1
    return number, end


@njit
def read_url(block, at, kinds, found):
    """The packed extension: what follows the last dot of the path's last segment.

    The positions of the path, a host before it included, go to `found`.
    """
    extension, length, in_host, end = 0, NO_EXTENSION, False, at
    while True:
        kind = kinds[block[end]]
        if kind == DOT:
            extension, length = 0, NO_EXTENSION if in_host else 0
        elif kind == SLASH:
            extension, length = 0, NO_EXTENSION
            # http://host.name is no file with the extension `name`
            in_host = end > at + 1 and block[end - 1] == ord("/") and block[end - 2] == ord(":")
        elif kind >= QUERY and (kind != RETURN or block[end + 1] == 10):
            break
        elif length < LONGEST_NAME and DIGITS[block[end]] > 0:
            extension = extension * BASE + DIGITS[block[end]]
            length += 1
        else:
            extension, length = 0, NO_EXTENSION
        end += 1
    found[URL_START], found[URL_END] = at, end
    return extension, field_end(block, end, kinds) if kind == QUERY else end


@njit
def read_field(role, block, at, kinds, found):
    """The value of a field and where it ends; minus the reason if the row is to be rejected."""
    if role == DATE:
        return read_date(block, at)
    if role == TIME:
        return read_time(block, at)
    if role == SIZE:
        return read_size(block, at)
    if role == URL:
        return read_url(block, at, kinds, found)
    if role == STATUS:
        return read_status(block, at)
    if role == CACHE:
        return read_name(block, at)
    return 0, at


@njit
def read_row(block, at, kinds, roles, found):
    """Read the fields of a line into `found`, by role; return the reason and the line's end."""
    start, reason, field = at, 0, 0
    while True:
        role = roles[field]
        value, value_end = read_field(role, block, at, kinds, found)
        at = field_end(block, value_end, kinds)
        if reason == 0:
            reason = -value if value < 0 else (FAULTS[role] if at > value_end else 0)
        found[role] = value
        field += 1
        if field == len(roles) or kinds[block[at]] != DELIMITER:
            break
        at += 1
    if field < len(roles) or kinds[block[at]] == DELIMITER:
        reason = FIELDS
    at = line_end(block, at)
    return LONG_LINE if at - start > LONGEST_LINE else reason, at


@njit(nogil=True, cache=True)
def scan(block, kinds, roles, comments, columns, rejected, first_lines):
    """Fill `columns` from the lines of `block`; return the numbers of rows accepted and lines.

    `block` is uint8 and ends with a newline; `roles` says what each field holds; where `comments`,
    lines that begin with `#` are no rows, as blank lines never are. A rejected row adds 1 to its
    reason in `rejected`, and the first one's line, counted from 0, goes to `first_lines`.
    """
    found = np.zeros(URL_END + 1, dtype=np.int64)
    at, row, line = 0, 0, 0
    while at < len(block):
        if is_no_row(block, at, comments):
            at = line_end(block, at)
        else:
            reason, at = read_row(block, at, kinds, roles, found)
            if reason == 0:
                columns.second[row] = found[DATE] * 86_400 + found[TIME]
                columns.size[row] = found[SIZE]
                columns.extension[row] = found[URL]
                columns.status[row] = found[STATUS]
                columns.cache[row] = found[CACHE]
                columns.url_start[row] = found[URL_START]
                columns.url_end[row] = found[URL_END]
                row += 1
            else:
                if rejected[reason] == 0:
                    first_lines[reason] = line
                rejected[reason] += 1
        at += 1
        line += 1
    return row, line
