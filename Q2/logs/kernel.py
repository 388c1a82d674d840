"""The kernel: a block of log lines in bytes becomes columns of numbers, two bytes in a nanosecond.

numba compiles it to a loop that runs without the interpreter's lock. It finds the ends of fields in
64 bytes at once, reads numbers eight digits at once, and remembers the last date, time and names,
for most rows have them again. It judges every row on its way: one that breaks a rule adds 1 to its
reason. All functions that are compiled are in this file, because numba notices an outdated cache by
the date of the file that holds the cached function.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from logs.fields import LONGEST_LINE
from logs.names import ALPHABET, BASE, LONGEST_NAME

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
LARGEST_SIZE = 10**12  # bytes: no response is larger, and int64 sums millions of such exactly
LONGEST_NUMBER = 18  # digits that surely fit into int64
# Days since 1970-01-01 on which the months begin, up to the one after the last that is read.
MONTH_STARTS = (
    np.arange("1970-01", "2200-02", dtype="datetime64[M]").astype("datetime64[D]").astype(int)
)

# The digit that a byte is in a packed name, see `logs.names`.
DIGITS = np.array([max(ALPHABET.find(chr(byte).lower()), 0) for byte in range(128)] + [0] * 128)

WINDOW = 64  # bytes that are looked at together
NAMES = 64  # remembered
SHORT_NAME = 6  # characters at the most of a name that is remembered

# Eight bytes at once, the first one the lowest of an int64.
DAY_0, TIME_0 = b"1970-01-01", b"00:00:00"
DAY_0_START, DAY_0_END = (int.from_bytes(part, "little") for part in (DAY_0[:8], DAY_0[2:]))
ZEROS = int.from_bytes(TIME_0.replace(b":", b"0"), "little")
MIDNIGHT = int.from_bytes(TIME_0, "little")
SIX_ABOVE = 0x7676767676767676  # added to a byte above 9, it sets the highest bit
HIGHEST_BITS = -0x7F7F7F7F7F7F7F80  # 0x80 in each byte
EVERY_SECOND_BYTE, EVERY_FOURTH_PAIR = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF


# Helpers take addresses because numba counts the references to every array that a call hands over,
# which made this loop five times as slow; they are inlined because registers full of constants
# would have to be saved around each call.

inlined = njit(forceinline=True)


def pointer(builder, address, kind):
    """The address as LLVM's pointer to a value of this kind."""
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def byte(typing_context, address):
    """The byte at an address."""

    def load(context, builder, signature, arguments):
        place = pointer(builder, *arguments, ir.IntType(8))
        return builder.zext(builder.load(place), ir.IntType(64))

    return types.int64(types.int64), load


@intrinsic
def eight_bytes(typing_context, address):
    """The eight bytes at an address."""

    def load(context, builder, signature, arguments):
        return builder.load(pointer(builder, *arguments, ir.IntType(64)), align=1)

    return types.int64(types.int64), load


@intrinsic
def put(typing_context, address, value):
    """Store an int64 at an address."""

    def store(context, builder, signature, arguments):
        builder.store(arguments[1], pointer(builder, arguments[0], ir.IntType(64)))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), store


@intrinsic
def found(typing_context, address, wanted):
    """Which of the 64 bytes at an address are the wanted one: a bit for each, the lowest first."""

    def compare(context, builder, signature, arguments):
        kind = ir.VectorType(ir.IntType(8), WINDOW)
        window = builder.load(pointer(builder, arguments[0], kind), align=1)
        once = builder.trunc(arguments[1], ir.IntType(8))
        nothing = ir.Constant(kind, ir.Undefined)
        first = builder.insert_element(nothing, once, ir.IntType(32)(0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), WINDOW), [0] * WINDOW)
        wanted = builder.shuffle_vector(first, nothing, everywhere)
        return builder.bitcast(builder.icmp_unsigned("==", window, wanted), ir.IntType(64))

    return types.int64(types.int64, types.int64), compare


@intrinsic
def first_bit(typing_context, bits):
    """The position of the lowest bit that is set; 64 if none is."""

    def count(context, builder, signature, arguments):
        return builder.cttz(*arguments, ir.IntType(1)(0))

    return types.int64(types.int64), count


@intrinsic
def last_bit(typing_context, bits):
    """The position of the highest bit that is set; -1 if none is."""

    def count(context, builder, signature, arguments):
        zeros = builder.ctlz(*arguments, ir.IntType(1)(0))
        return builder.sub(ir.IntType(64)(WINDOW - 1), zeros)

    return types.int64(types.int64), count


@intrinsic
def bits_set(typing_context, bits):
    """How many bits are set."""

    def count(context, builder, signature, arguments):
        return builder.ctpop(*arguments)

    return types.int64(types.int64), count


# The readers take where a field begins and its length in bytes, and return its value, or minus the
# reason for rejecting it. They may look at WINDOW bytes after the end of the line, not at any
# before the field.


@inlined
def digits(at):
    """The number of digits from here on."""
    stop = at
    while 0 <= byte(stop) - ord("0") <= 9:
        stop += 1
    return stop - at


@inlined
def whole_number(at, length):
    """The number that so many digits write."""
    number = 0
    for place in range(at, at + length):
        number = number * 10 + byte(place) - ord("0")
    return number


@inlined
def two_digits(at):
    """The number that two bytes write; a large negative one if they are not digits."""
    tens, ones = byte(at) - ord("0"), byte(at + 1) - ord("0")
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1_000_000


@inlined
def read_date(at, length):
    """YYYY-MM-DD as days since 1970-01-01."""
    if length != 10 or byte(at + 4) != ord("-") or byte(at + 7) != ord("-"):
        return -BAD_DATE
    year = two_digits(at) * 100 + two_digits(at + 2)
    month, day = two_digits(at + 5), two_digits(at + 8)
    if year < 1970 or year > 2199 or month < 1 or month > 12 or day < 1:
        return -BAD_DATE
    index = (year - 1970) * 12 + month - 1
    number = MONTH_STARTS[index] + day - 1
    return number if number < MONTH_STARTS[index + 1] else -BAD_DATE


@inlined
def read_time(at, length):
    """HH:MM:SS, with or without a fraction, as the second of the day."""
    if length < 8 or byte(at + 2) != ord(":") or byte(at + 5) != ord(":"):
        return -BAD_TIME
    hour, minute = two_digits(at), two_digits(at + 3)
    second = two_digits(at + 6)
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return -BAD_TIME
    if length > 8 and (byte(at + 8) != ord(".") or digits(at + 9) != length - 9):
        return -BAD_TIME
    return hour * 3600 + minute * 60 + second


@inlined
def read_size(at, length):
    """Bytes; `-` alone is 0.

    Up to eight digits are shifted so that their last one is the last of eight bytes, zeros before
    them, and added up in pairs, fours and all together.
    """
    if 0 < length <= 8:
        number = (eight_bytes(at) ^ ZEROS) << (64 - 8 * length)
        if (number | (number + SIX_ABOVE)) & HIGHEST_BITS == 0:
            number = (number * 10 + (number >> 8)) & EVERY_SECOND_BYTE
            number = (number * 100 + (number >> 16)) & EVERY_FOURTH_PAIR
            return (number * 10_000 + (number >> 32)) & 0xFFFFFFFF
    if length > 0 and byte(at) == ord("-"):
        if length == 1:
            return 0
        return -NEGATIVE_SIZE if digits(at + 1) == length - 1 else -BAD_SIZE
    if length == 0 or digits(at) != length:
        return -BAD_SIZE
    if length > LONGEST_NUMBER:
        return -HUGE_SIZE
    number = whole_number(at, length)
    return number if number <= LARGEST_SIZE else -HUGE_SIZE


@inlined
def read_status(at, length):
    """An HTTP status; `-` alone is 0, as is CloudFront's 000."""
    if length == 1 and byte(at) == ord("-"):
        return 0
    return whole_number(at, length) if 0 < length <= 3 and digits(at) == length else -BAD_STATUS


@inlined
def read_name(at, length):
    """The packed name of the first 12 characters at the most, and how many characters it has."""
    number, stop = 0, at
    while stop < at + min(length, LONGEST_NAME) and DIGITS[byte(stop)] > 0:
        number = number * BASE + DIGITS[byte(stop)]
        stop += 1
    return number, stop - at


@inlined
def read_extension(dot, length, names):
    """The packed name after a dot, or 0 if it is no name. Of `names`, see `scan`."""
    if length > SHORT_NAME:
        number, stop = read_name(dot + 1, length)
        return number if stop == length else 0
    key = eight_bytes(dot) & ((1 << (8 * length + 8)) - 1) | (length << 56)
    place = names + ((key * 0x9E3779B97F4A7C1 >> 58) & (NAMES - 1)) * 16
    if eight_bytes(place) != key:
        number, stop = read_name(dot + 1, length)
        put(place, key)
        put(place + 8, number if stop == length else 0)
    return eight_bytes(place + 8)


@inlined
def read_url(at, length, names):
    """The packed extension, what follows the last dot of the path's last segment; the path's end.

    A path ends before any query string. http://host.name is no file with the extension `name`.
    """
    window, slash, dot, stop = at, at - 1, at - 1, at
    while True:
        ends = found(window, ord("?")) | found(window, ord("#"))
        if window + WINDOW > at + length:
            ends |= 1 << (at + length - window)
        before = (ends - 1) & ~ends
        dots, slashes = found(window, ord(".")) & before, found(window, ord("/")) & before
        dot = window + last_bit(dots) if dots else dot
        slash = window + last_bit(slashes) if slashes else slash
        stop = window + first_bit(ends)
        if ends:
            break
        window += WINDOW
    if dot <= slash or stop - dot > LONGEST_NAME + 1:
        return 0, stop
    if slash >= at + 2 and byte(slash - 1) == ord("/") and byte(slash - 2) == ord(":"):
        return 0, stop
    return read_extension(dot, stop - dot - 1, names), stop


@inlined
def cut_line(at, delimiters, fields, edges):
    """Put where the line's fields end, less 1 before the first; return its end and their number."""
    put(edges, at - 1)
    window, count = at, 0
    while True:
        newlines = found(window, ord("\n"))
        ends = found(window, delimiters[0]) | found(window, delimiters[1]) | newlines
        ends &= newlines ^ (newlines - 1)  # up to the first newline
        if count <= fields:
            left, place = ends, edges + 8 * count
            while left:
                place += 8
                put(place, window + first_bit(left))
                left &= left - 1
        count += bits_set(ends)
        if newlines:
            return window + first_bit(newlines), count
        window += WINDOW


@inlined
def field(edges, number):
    """Where a field of the line begins, and its length."""
    start = eight_bytes(edges + 8 * number) + 1
    return start, eight_bytes(edges + 8 * number + 8) - start


def scan(block, fields, places, delimiters, comments, columns, rejected, first_lines):
    """Fill `columns` from the lines of `block`; return the numbers of rows accepted and lines.

    `block` is uint8 and ends with a newline. Its rows have so many fields, those of the date, time,
    size, URL, status and cache result at these places (-1: none), between either of two delimiters.
    Where `comments`, lines that begin with `#` are not rows; blank lines never are. Columns of
    length 0 are left out. A rejected row adds 1 to its reason in `rejected`, and the first
    one's line, counted from 0, goes to `first_lines`.
    """
    date_place, time_place, size_place, url_place, status_place, cache_place = places
    with_status, with_cache = len(columns.status) > 0, len(columns.cache) > 0
    with_urls = len(columns.url_start) > 0
    # The last lines are read from a copy, after which there is a window more.
    cut = max(len(block) - WINDOW, 0)
    while cut > 0 and block[cut - 1] != ord("\n"):
        cut -= 1
    rest = np.zeros(len(block) - cut + WINDOW, dtype=np.uint8)
    rest[: len(block) - cut] = block[cut:]
    # Where fields end, and pairs of short names and their packed ones
    work = np.zeros(fields + 1 + WINDOW + 2 * NAMES, dtype=np.int64)
    edges = np.int64(work.ctypes.data)
    names = edges + 8 * (fields + 1 + WINDOW)
    date_start, date_end, day, clock, second = DAY_0_START, DAY_0_END, 0, MIDNIGHT, 0
    status = cache = 0
    text = np.int64(block.ctypes.data)
    at, row, line = 0, np.uint64(0), 0  # an unsigned index needs no test for being negative
    while at < len(block):
        if at == cut:
            text = np.int64(rest.ctypes.data) - cut
        start = text + at
        stop, count = cut_line(start, delimiters, fields, edges)
        at = stop + 1 - text
        line += 1
        first = byte(start)
        if first == ord("\n") or (first == ord("\r") and stop == start + 1):
            continue
        if comments and first == ord("#"):
            continue
        reason = ACCEPTED
        if stop - start > LONGEST_LINE:
            reason = LONG_LINE
        elif count != fields:
            reason = FIELDS
        else:
            if byte(stop - 1) == ord("\r"):
                put(edges + 8 * fields, stop - 1)
            place, length = field(edges, date_place)
            if length != 10 or (
                eight_bytes(place) != date_start or eight_bytes(place + 2) != date_end
            ):
                value = read_date(place, length)
                if value < 0:
                    reason = -value
                else:
                    day = value
                    date_start, date_end = eight_bytes(place), eight_bytes(place + 2)
            place, length = field(edges, time_place)
            if length != 8 or eight_bytes(place) != clock:
                value = read_time(place, length)
                if value < 0:
                    reason = reason or -value
                else:
                    second, clock = value, eight_bytes(place)
            place, length = field(edges, size_place)
            size = read_size(place, length)
            if size < 0:
                reason = reason or -size
            if status_place >= 0:
                place, length = field(edges, status_place)
                status = read_status(place, length)
                if status < 0:
                    reason = reason or -status
            if cache_place >= 0 and with_cache:
                place, length = field(edges, cache_place)
                cache = read_name(place, length)[0]
            place, length = field(edges, url_place)
            extension, path_end = read_url(place, length, names)
            if reason == ACCEPTED:
                columns.second[row] = day * 86_400 + second
                columns.size[row] = size
                columns.extension[row] = extension
                if with_status:
                    columns.status[row] = status
                if with_cache:
                    columns.cache[row] = cache
                if with_urls:
                    columns.url_start[row] = place - text
                    columns.url_end[row] = path_end - text
                row += np.uint64(1)
        if reason != ACCEPTED:
            if rejected[reason] == 0:
                first_lines[reason] = line - 1
            rejected[reason] += 1
    # numba frees an array after the last line that names it, and their addresses do not count.
    work[0], rest[0] = 0, 0
    return np.int64(row), line


try:
    scan = njit(nogil=True, cache=True)(scan)
except RuntimeError:  # no folder to write a cache to: compile it every time
    scan = njit(nogil=True)(scan)
