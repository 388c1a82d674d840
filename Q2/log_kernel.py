"""The kernel: a block of log lines in bytes becomes columns of numbers, a byte in a nanosecond.

numba compiles it to a loop that runs without the interpreter's lock. It judges every row on its
way: one that breaks a rule adds 1 to its reason. All that is compiled stands in this file, because
numba notices an outdated cache by the date of the file that holds the cached function.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

# What a field of the log holds.
SKIP, DATE, TIME, SIZE, URL, STATUS, CACHE = range(7)

# Why a row is rejected: the position here is the kernel's code.
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
ACCEPTED, FIELDS, BAD_DATE, BAD_TIME, BAD_SIZE, NEGATIVE_SIZE, HUGE_SIZE, BAD_STATUS, LONG_LINE = (
    range(len(REASONS))
)
# What is wrong with a field that goes on after its value, by what it holds.
FAULTS = np.array([ACCEPTED, BAD_DATE, BAD_TIME, BAD_SIZE, ACCEPTED, BAD_STATUS, ACCEPTED])

LONGEST_LINE = 1 << 20  # bytes
LARGEST_SIZE = 10**12  # bytes: no response is larger, and int64 sums millions of such exactly
LONGEST_NUMBER = 18  # digits that surely fit into int64
# Days since 1970-01-01 on which the months begin, up to the one after the last that is read.
MONTHS = np.arange("1970-01", "2200-02", dtype="datetime64[M]").astype("datetime64[D]").astype(int)

# Extensions and cache results are short names, packed into one int64 as the digits of a number in
# base 38, the first one leading; 38**12 is just below 2**63. No name is 0.
ALPHABET = "\0abcdefghijklmnopqrstuvwxyz0123456789-"
BASE = len(ALPHABET)
LONGEST_NAME = 12
DIGITS = np.array([max(ALPHABET.find(chr(byte).lower()), 0) for byte in range(128)] + [0] * 128)

# What a byte does within a line; from RETURN on, it ends a field.
ORDINARY, DOT, SLASH, QUERY, RETURN, DELIMITER, NEWLINE = range(7)


@intrinsic
def byte(typing_context, address, offset):
    """The byte at an address, as int64.

    Helpers take addresses because numba counts the references to every array that a call hands
    over, which made this loop five times as slow.
    """

    def load(context, builder, signature, arguments):
        place = builder.inttoptr(builder.add(*arguments), ir.IntType(8).as_pointer())
        return builder.zext(builder.load(place), ir.IntType(64))

    return types.int64(types.int64, types.int64), load


@intrinsic
def eight_bytes(typing_context, address, offset):
    """The eight bytes at an address in one int64, to compare them at once."""

    def load(context, builder, signature, arguments):
        place = builder.inttoptr(builder.add(*arguments), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.int64(types.int64, types.int64), load


@njit
def line_end(text, at):
    """Where the newline of a line stands."""
    while byte(text, at) != ord("\n"):
        at += 1
    return at


@njit
def field_end(text, at, kinds):
    """Where the delimiter, carriage return or newline stands that ends a field."""
    while byte(kinds, byte(text, at)) < RETURN:
        at += 1
    return at


@njit
def is_no_row(text, at, comments):
    """Whether a line is blank or, where there are `comments`, one of them."""
    first = byte(text, at)
    blank = first == ord("\n") or (first == ord("\r") and byte(text, at + 1) == ord("\n"))
    return blank or (comments and first == ord("#"))


# The readers return a field's value, or minus the reason for rejecting it, and where they stopped.
# None reads past `end`, the end of the block, whose last byte is a newline.


@njit
def read_digits(text, at):
    """A whole number without a sign; it is not right if it has more than LONGEST_NUMBER digits."""
    number = 0
    digit = byte(text, at) - ord("0")
    while 0 <= digit <= 9:
        number = number * 10 + digit
        at += 1
        digit = byte(text, at) - ord("0")
    return number, at


@njit
def two_digits(text, at):
    """The number that two bytes write; a large negative one if they are not digits."""
    tens, ones = byte(text, at) - ord("0"), byte(text, at + 1) - ord("0")
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1_000_000


@njit
def read_date(text, at, end):
    """YYYY-MM-DD as days since 1970-01-01."""
    if at + 10 >= end or byte(text, at + 4) != ord("-") or byte(text, at + 7) != ord("-"):
        return -BAD_DATE, at
    year = two_digits(text, at) * 100 + two_digits(text, at + 2)
    month, day = two_digits(text, at + 5), two_digits(text, at + 8)
    if year < 1970 or year > 2199 or month < 1 or month > 12 or day < 1:
        return -BAD_DATE, at
    index = (year - 1970) * 12 + month - 1
    number = MONTHS[index] + day - 1
    if number >= MONTHS[index + 1]:
        return -BAD_DATE, at
    return number, at + 10


@njit
def read_time(text, at, end):
    """HH:MM:SS, with or without a fraction, as the second of the day."""
    if at + 8 >= end or byte(text, at + 2) != ord(":") or byte(text, at + 5) != ord(":"):
        return -BAD_TIME, at
    hour, minute = two_digits(text, at), two_digits(text, at + 3)
    second = two_digits(text, at + 6)
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return -BAD_TIME, at
    at += 8
    if byte(text, at) == ord("."):
        at = read_digits(text, at + 1)[1]
    return hour * 3600 + minute * 60 + second, at


@njit
def read_size(text, at):
    """Bytes; `-` alone is 0."""
    number, stop = read_digits(text, at)
    if stop == at:
        if byte(text, at) != ord("-"):
            return -BAD_SIZE, at
        stop = read_digits(text, at + 1)[1]
        return (0 if stop == at + 1 else -NEGATIVE_SIZE), stop
    if number > LARGEST_SIZE or stop - at > LONGEST_NUMBER:
        return -HUGE_SIZE, stop
    return number, stop


@njit
def read_status(text, at):
    """An HTTP status; `-` alone is 0, as is CloudFront's 000."""
    if byte(text, at) == ord("-"):
        return 0, at + 1
    number, stop = read_digits(text, at)
    if stop == at or stop - at > 3:
        return -BAD_STATUS, stop
    return number, stop


@njit
def read_name(text, at):
    """The packed name of the first 12 characters at the most."""
    number, stop = 0, at
    while stop < at + LONGEST_NAME and DIGITS[byte(text, stop)] > 0:
        number = number * BASE + DIGITS[byte(text, stop)]
        stop += 1
    return number, stop


@njit
def read_url(text, at, kinds):
    """The packed extension: what follows the last dot of the path's last segment."""
    stop, slash, dot = at, at - 1, at - 1
    while True:
        kind = byte(kinds, byte(text, stop))
        while kind == ORDINARY:
            stop += 1
            kind = byte(kinds, byte(text, stop))
        if kind == DOT:
            dot = stop
        elif kind == SLASH:
            slash = stop
        else:
            break
        stop += 1
    if dot <= slash or stop - dot > LONGEST_NAME + 1:
        return 0, stop
    # http://host.name is no file with the extension `name`
    if slash >= at + 2 and byte(text, slash - 1) == ord("/") and byte(text, slash - 2) == ord(":"):
        return 0, stop
    extension, end = read_name(text, dot + 1)
    return (extension if end == stop else 0), stop


def scan(block, kinds, roles, comments, columns, rejected, first_lines):
    """Fill `columns` from the lines of `block`; return the numbers of rows accepted and lines.

    `block` is uint8 and ends with a newline; `kinds` says what each byte value does and `roles`
    what each field holds; where `comments`, lines that begin with `#` are no rows, as blank lines
    never are. Columns without room are left out. A rejected row adds 1 to its reason in `rejected`,
    and the first one's line, counted from 0, goes to `first_lines`.
    """
    text, end, kinds = block.ctypes.data, len(block), kinds.ctypes.data
    with_status, with_cache = len(columns.status) > 0, len(columns.cache) > 0
    with_urls = len(columns.url_start) > 0
    at, row, line = 0, 0, 0
    date_start = date_end = 0
    day = second = size = extension = status = cache = url_start = url_end = 0
    while at < end:
        start, reason, field = at, ACCEPTED, 0
        if is_no_row(text, at, comments):
            at = line_end(text, at) + 1
            line += 1
            continue
        while True:
            role = roles[field]
            value, stop = 0, at
            if role == DATE:
                if at + 10 < end and (
                    eight_bytes(text, at) == date_start and eight_bytes(text, at + 2) == date_end
                ):
                    stop = at + 10  # the date of the row before, as most are
                else:
                    value, stop = read_date(text, at, end)
                    if value >= 0:
                        day = value
                        date_start, date_end = eight_bytes(text, at), eight_bytes(text, at + 2)
            elif role == TIME:
                value, stop = read_time(text, at, end)
                second = value
            elif role == SIZE:
                value, stop = read_size(text, at)
                size = value
            elif role == URL:
                extension, stop = read_url(text, at, kinds)
                url_start, url_end = at, stop
            elif role == STATUS:
                value, stop = read_status(text, at)
                status = value
            elif role == CACHE:
                cache, stop = read_name(text, at)
            at = field_end(text, stop, kinds)
            if reason == ACCEPTED:
                reason = -value if value < 0 else FAULTS[role] if at > stop else ACCEPTED
            field += 1
            if field == len(roles) or byte(kinds, byte(text, at)) != DELIMITER:
                break
            at += 1
        if byte(text, at) == ord("\r"):
            at += 1
        if field < len(roles) or byte(text, at) != ord("\n"):
            reason, at = FIELDS, line_end(text, at)
        if at - start > LONGEST_LINE:
            reason = LONG_LINE
        if reason == ACCEPTED:
            columns.second[row] = day * 86_400 + second
            columns.size[row] = size
            columns.extension[row] = extension
            if with_status:
                columns.status[row] = status
            if with_cache:
                columns.cache[row] = cache
            if with_urls:
                columns.url_start[row] = url_start
                columns.url_end[row] = url_end
            row += 1
        else:
            if rejected[reason] == 0:
                first_lines[reason] = line
            rejected[reason] += 1
        at += 1
        line += 1
    return row, line


try:
    scan = njit(nogil=True, cache=True)(scan)
except RuntimeError:  # no folder to write a cache to: compile it every time
    scan = njit(nogil=True)(scan)
