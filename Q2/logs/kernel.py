"""The kernel: a block of log lines in bytes becomes columns of numbers, two bytes in a nanosecond.

numba compiles it to a loop that needs neither Python nor its lock. It finds the ends of fields in
64 bytes at once, reads numbers eight digits at once, and remembers the last date, time and names,
for most rows have them again. It judges every row on its way: one that breaks a rule adds 1 to its
reason. `logs.machine_code` keeps what was compiled, and runs it.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic

from logs.fields import (
    ACCEPTED,
    ALIGNED,
    APACHE,
    BAD_DATE,
    BAD_SIZE,
    BAD_STATUS,
    BAD_TIME,
    DOUBLED,
    EPOCH,
    ESCAPED,
    FIELDS,
    HUGE_SIZE,
    LONG_LINE,
    LONGEST_LINE,
    NEGATIVE_SIZE,
    REPEATED,
    TWO_SIZES,
)
from logs.job import NAMES, WINDOW, Job, Plan
from logs.names import ALPHABET, BASE, LONGEST_NAME

LARGEST_SIZE = 10**12  # bytes: no response is larger, and int64 sums millions of such exactly
LONGEST_NUMBER = 18  # digits that surely fit into int64
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

# The digit that a byte is in a packed name, see `logs.names`.
DIGITS = np.array([max(ALPHABET.find(chr(byte).lower()), 0) for byte in range(128)] + [0] * 128)

SHORT_NAME = 6  # characters at the most of a name that is remembered

# Eight bytes at once, the first one the lowest of an int64.
DAY_0, TIME_0 = b"1970-01-01", b"00:00:00"
DAY_0_START, DAY_0_END = (int.from_bytes(part, "little") for part in (DAY_0[:8], DAY_0[2:]))
MARK = int.from_bytes(b"\xef\xbb\xbf", "little")
SIX_BYTES = 0xFFFFFFFFFFFF
HTTP = int.from_bytes(b" HTTP/", "little")
ZEROS = int.from_bytes(TIME_0.replace(b":", b"0"), "little")
MIDNIGHT = int.from_bytes(TIME_0, "little")
SIX_ABOVE = 0x7676767676767676  # added to a byte above 9, it sets the highest bit
HIGHEST_BITS = -0x7F7F7F7F7F7F7F80  # 0x80 in each byte
EVERY_SECOND_BYTE, EVERY_FOURTH_PAIR = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF


# Helpers take addresses because numba counts the references to every array that a call hands over,
# which made this loop five times as slow; they are inlined because registers full of constants
# would have to be saved around each call.

inlined = njit(forceinline=True, error_model="numpy")
called = njit(error_model="numpy")  # for what most rows do not need, which is compiled once


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


def putting(bits):
    """A function that stores an integer of so many bits at an address."""

    @intrinsic
    def put(typing_context, address, value):
        def store(context, builder, signature, arguments):
            kind = ir.IntType(bits)
            value = arguments[1] if bits == 64 else builder.trunc(arguments[1], kind)
            builder.store(value, pointer(builder, arguments[0], kind))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), store

    return put


put, put_32, put_16 = putting(64), putting(32), putting(16)


def taking(kind):
    """A function that takes a named tuple of int64 from an address."""

    @intrinsic
    def take(typing_context, address):
        values = types.NamedUniTuple(types.int64, len(kind._fields), kind)

        def load(context, builder, signature, arguments):
            place = pointer(builder, *arguments, ir.IntType(64))
            numbers = map(ir.IntType(32), range(len(kind._fields)))
            loaded = [builder.load(builder.gep(place, [number])) for number in numbers]
            return context.make_tuple(builder, values, loaded)

        return values(types.int64), load

    return take


take_job, take_plan = taking(Job), taking(Plan)


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


@called
def trim(at, length):
    """A field without the spaces that pad it."""
    while length > 0 and byte(at) == ord(" "):
        at, length = at + 1, length - 1
    while length > 0 and byte(at + length - 1) == ord(" "):
        length -= 1
    return at, length


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
    at, length = trim(at, length)
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
    at, length = trim(at, length)
    if 0 < length <= 3 and digits(at) == length:
        return whole_number(at, length)
    slash = at + length - 4  # of Squid's and Edgecast's TCP_HIT/200
    if length > 4 and byte(slash) == ord("/") and digits(slash + 1) == 3:
        return whole_number(slash + 1, 3)
    return -BAD_STATUS


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
    """The packed name after a dot, 0 for what is not a name; `Job` says what `names` are."""
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

    A path ends before any query string. http://host.name does not have the extension `name`.
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


@called
def url_of_request(at, length):
    """Where the URL of `GET /a.jpg HTTP/1.1` begins, and its length; all of a lone word."""
    start, end = at, at + length
    while start < end and byte(start) != ord(" "):
        start += 1
    if start in (end, at):
        return at, length
    start += 1
    slash = end - 1
    while slash > start and (0 <= byte(slash) - ord("0") <= 9 or byte(slash) == ord(".")):
        slash -= 1
    if slash < end - 1 and slash - 5 >= start - 1 and (eight_bytes(slash - 5) & SIX_BYTES) == HTTP:
        end = max(slash - 5, start)
    return start, end - start


@called
def result_and_status(at, length):
    """Where the parts of Squid's `TCP_MEM_HIT/200` begin, and their lengths: HIT, and 200."""
    slash, name = at, at
    while slash < at + length and byte(slash) != ord("/"):
        slash += 1
        if byte(slash - 1) == ord("_"):
            name = slash
    return name, slash - name, slash + 1, at + length - slash - 1


@inlined
def cut_line(at, plan, edges):
    """Put where the line's fields end, less 1 before the first; return its end and their number."""
    put(edges, at - 1)
    window, count = at, 0
    while True:
        newlines = found(window, ord("\n"))
        ends = found(window, plan.first_delimiter) | found(window, plan.second_delimiter) | newlines
        ends &= newlines ^ (newlines - 1)  # up to the first newline
        if count <= plan.last:
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
def parity(bits):
    """The bits at and after which an odd number of bits are set."""
    bits ^= bits << 1
    bits ^= bits << 2
    bits ^= bits << 4
    bits ^= bits << 8
    bits ^= bits << 16
    return bits ^ bits << 32


@called
def escaped_bytes(backslashes, carried):
    """The bytes after a backslash that is not itself after one; the last one of the next window."""
    escaped, left = carried, backslashes & ~carried
    following = 0
    while left:
        place = left & -left
        escaped |= place << 1
        following = 1 if first_bit(place) == WINDOW - 1 else 0
        left &= ~(place | place << 1)
    return escaped, following


@inlined
def cut_quoted_line(at, plan, edges):
    """Put where the fields of a line with quotes, brackets or repeated separators end.

    Return the line's end, the number of fields, and whether the windows were enough to tell: a
    quote or a bracket within a field is for `cut_by_byte`.
    """
    put(edges, at - 1)
    window, count, odd = at, 0, 0
    quoted, bracketed, after_separator, after_closing, escaping = 0, 0, 1, 0, 0
    while True:
        newlines = found(window, ord("\n"))
        if count >= plan.last and plan.more:
            if newlines:
                return window + first_bit(newlines), count, odd == 0
            window += WINDOW
            continue
        line = newlines ^ (newlines - 1)
        separators = found(window, plan.first_delimiter) | found(window, plan.second_delimiter)
        separators &= ~newlines
        closing = 0
        if plan.quoting:
            quotes = found(window, ord('"'))
            if plan.quoting == ESCAPED:
                backslashes = found(window, ord("\\"))
                if backslashes | escaping:
                    escaped, escaping = escaped_bytes(backslashes, escaping)
                    quotes &= ~escaped
            inside = parity(quotes) ^ quoted
            quoted = inside >> 63
            opening, closing = quotes & inside, quotes & ~inside
            separators &= ~inside
            odd |= inside & newlines & line
            starts = separators << 1 | after_separator
            if plan.quoting == DOUBLED:
                starts |= closing << 1 | after_closing
            odd |= opening & ~starts & line
        if plan.brackets:
            outside = ~inside if plan.quoting else -1
            opened = found(window, ord("[")) & outside & (separators << 1 | after_separator)
            shut = found(window, ord("]")) & outside
            shut_or_opened = opened | shut
            within = parity(shut_or_opened) ^ bracketed
            bracketed = within >> 63
            odd |= ((opened & ~within) | (shut & within) | (newlines & within)) & line
            separators &= ~within
            closing |= shut
        ends = (separators | newlines) & line
        follows = (closing << 1 | after_closing) & ~(separators | newlines) & line
        if follows and plan.quoting == DOUBLED:
            follows &= ~found(window, ord('"'))
        if follows:
            odd |= follows & ~found(window, ord("\r"))
        after_closing = closing >> 63 & 1
        if plan.repeated == REPEATED:
            ends &= ~(separators << 1 | after_separator)
        after_separator = separators >> 63 & 1
        if count <= plan.last:
            left, place = ends, edges + 8 * count
            while left:
                place += 8
                put(place, window + first_bit(left))
                left &= left - 1
        count += bits_set(ends)
        if newlines:
            return window + first_bit(newlines), count, odd == 0
        window += WINDOW


@inlined
def is_separator(value, plan):
    """Whether a byte separates fields."""
    return value == plan.first_delimiter or value == plan.second_delimiter


@inlined
def ends_field(at, plan):
    """Whether a field may end before this byte."""
    value = byte(at)
    return is_separator(value, plan) or value == ord("\n") or value == ord("\r")


@called
def after_quotes(at, plan):
    """The byte after the quote that closes the one here; 0 without any, -1 if more follows it."""
    at += 1
    while byte(at) != ord("\n"):
        if plan.quoting == ESCAPED and byte(at) == ord("\\") and byte(at + 1) != ord("\n"):
            at += 2
            continue
        if byte(at) == ord('"'):
            if plan.quoting == DOUBLED and byte(at + 1) == ord('"'):
                at += 2
                continue
            return at + 1 if ends_field(at + 1, plan) else -1
        at += 1
    return 0


@called
def after_bracket(at, plan):
    """The byte after the bracket that closes the one here and ends its field; 0 without any."""
    while byte(at) != ord("\n"):
        if byte(at) == ord("]") and ends_field(at + 1, plan):
            return at + 1
        at += 1
    return 0


@called
def before_bracket(at, plan):
    """The separator before the first brackets that are a field of their own; 0 without any.

    Where a quoted field must follow them, only those that one follows.
    """
    before = 0
    while byte(at) != ord("\n"):
        if before == 0 and is_separator(byte(at), plan) and byte(at + 1) == ord("["):
            before = at
        elif byte(at) == ord("]"):
            if before and ends_brackets(at, plan):
                return before
            before = 0
        at += 1
    return 0


@inlined
def ends_brackets(at, plan):
    """Whether this bracket ends the field before the request, if that is the next one."""
    return ends_field(at + 1, plan) and (not plan.then_request or byte(at + 2) == ord('"'))


@called
def cut_by_byte(at, plan, repeated, edges):
    """Put where the fields of a line end, byte by byte; return their number, -1 if it is not sure.

    Where `repeated`, several separators in a row are one.
    A quote or a bracket counts where a field begins. One that nothing closes is text, except where
    quotes are escaped: there the line is broken.
    """
    put(edges, at - 1)
    count, open_quotes, open_brackets = 0, True, True
    while True:
        if repeated:
            while is_separator(byte(at), plan):
                at += 1
            if byte(at) == ord("\n") or (byte(at) == ord("\r") and byte(at + 1) == ord("\n")):
                return count
        stop = 0
        if count == plan.loose:
            stop = before_bracket(at, plan)
            if stop == 0:
                return -1
        elif byte(at) == ord('"') and plan.quoting and open_quotes:
            stop = after_quotes(at, plan)
            if stop < 0 or (stop == 0 and plan.quoting == ESCAPED):
                return -1
            open_quotes = stop > 0
        elif byte(at) == ord("[") and plan.brackets and open_brackets:
            stop = after_bracket(at, plan)
            open_brackets = stop > 0
        at = max(at, stop)
        while not is_separator(byte(at), plan) and byte(at) != ord("\n"):
            at += 1
        count += 1
        if count <= plan.last:
            put(edges + 8 * count, at)
        if byte(at) == ord("\n") or (plan.more and count >= plan.last):
            return count
        at += 1


@inlined
def field(edges, number, plan, strip):
    """Where a field of the line begins, and its length, both without quotes and brackets."""
    start = eight_bytes(edges + 8 * number) + 1
    end = eight_bytes(edges + 8 * number + 8)
    if strip:
        while plan.repeated and start < end and is_separator(byte(start), plan):
            start += 1
        if end - start >= 2:
            first, last = byte(start), byte(end - 1)
            quoted = plan.quoting and first == ord('"') and last == ord('"')
            if quoted or (plan.brackets and first == ord("[") and last == ord("]")):
                start, end = start + 1, end - 1
    return start, end - start


@inlined
def has_quote(job):
    """Whether there is a quote in a block."""
    window, seen = job.block, 0
    while window + WINDOW <= job.block + job.cut:
        seen |= found(window, ord('"'))
        window += WINDOW
    for place in range(window, job.block + job.cut):
        seen |= byte(place) == ord('"')
    for place in range(job.rest, job.rest + job.length - job.cut):
        seen |= byte(place) == ord('"')
    return seen != 0


@inlined
def after_mark(at):
    """The byte after a byte order mark, which files that were put together have in the middle."""
    return at + 3 if eight_bytes(at) & 0xFFFFFF == MARK else at


@called
def is_line(at, stop, text, text_length):
    """Whether the line in [at, stop) is a text, but for what is before and after it."""
    at = after_mark(at)
    length = stop - at
    while length > 0 and byte(at + length - 1) == ord("\r"):
        length -= 1
    if length != text_length:
        return False
    place = 0
    while place < length and byte(at + place) == byte(text + place):
        place += 1
    return place == length


class Seen(NamedTuple):
    """The last date and time that were read, as bytes and as numbers."""

    date_start: int  # the first eight bytes
    date_end: int  # the last eight
    day: int
    clock: int  # the eight bytes of the time
    second: int


class Row(NamedTuple):
    """What `Columns` of `logs.scanner` hold of a row, but with addresses of the URL."""

    second: int
    size: int
    extension: int
    status: int
    cache: int
    url_start: int
    url_end: int


@inlined
def nothing_seen(plan):
    """What is remembered before the first row."""
    start = 0 if plan.moment_kind == APACHE else DAY_0_START
    return Seen(start, DAY_0_END, 0, MIDNIGHT, 0)


@inlined
def cut_fields(start, plan, marked, edges):
    """Put where the fields of a line end; return its end, their number, and whether to strip them.

    `marked` are lines that may have quotes, brackets or repeated separators.
    """
    sure, strip = True, marked
    if marked:
        stop, count, sure = cut_quoted_line(start, plan, edges)
        if plan.loose >= 0 and count > plan.loose + 1:
            after = eight_bytes(edges + 8 * plan.loose + 16)
            sure &= byte(eight_bytes(edges + 8 * plan.loose + 8) + 1) == ord("[")
            sure &= ends_brackets(after - 1, plan)
    else:
        stop, count = cut_line(start, plan, edges)
    if stop - start <= LONGEST_LINE:
        if not sure:
            count = cut_by_byte(start, plan, plan.repeated == REPEATED, edges)
        if plan.repeated == ALIGNED and count != plan.fields:
            count, strip = cut_by_byte(start, plan, True, edges), True
    return stop, count, strip


@called
def is_blank(at, stop):
    """Whether there are only carriage returns in [at, stop)."""
    while at < stop and byte(at) == ord("\r"):
        at += 1
    return at == stop


@inlined
def is_no_row(start, stop, plan):
    """Whether a line is blank or a comment."""
    first = byte(start)
    if first == ord("\n") or (first == ord("\r") and is_blank(start, stop)):
        return True
    return plan.comments and byte(after_mark(start)) == ord("#")


@inlined
def without_returns(start, stop, count, plan, edges):
    """Let the last field of a line end before the carriage returns there."""
    if byte(stop - 1) == ord("\r") and count <= plan.last:
        end = stop - 1
        while end > start and byte(end - 1) == ord("\r"):
            end -= 1
        put(edges + 8 * count, end)


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


@inlined
def read_results(edges, plan, strip, with_cache):
    """The status and the cache's result of a row, 0 for none, and the reason for rejecting them."""
    status, cache, reason = 0, 0, ACCEPTED
    if plan.result >= 0:
        name, name_length, place, length = result_and_status(
            *field(edges, plan.result, plan, strip)
        )
        cache = read_name(name, name_length)[0]
        status = read_status(place, length)
        if status < 0:
            reason = -status
    if plan.status >= 0:
        place, length = field(edges, plan.status, plan, strip)
        status = read_status(place, length)
        if status < 0:
            reason = reason or -status
    if plan.cache >= 0 and with_cache:
        place, length = field(edges, plan.cache, plan, strip)
        cache = read_name(place, length)[0]
    return status, cache, reason


@inlined
def has_two_sizes(edges, count, plan, strip):
    """Whether there is a number where the layout has none, which may be the size."""
    if plan.no_number < 0 or count <= plan.no_number:
        return False
    place, length = field(edges, plan.no_number, plan, strip)
    return length > 0 and digits(place) == length


@inlined
def find_url(edges, plan, strip):
    """Where the URL of a row begins, and its length."""
    place, length = field(edges, plan.url, plan, strip)
    if plan.request:
        return url_of_request(place, length)
    if byte(place) == ord(" ") or byte(place + length - 1) == ord(" "):
        return trim(place, length)
    return place, length


@inlined
def find_text(edges, count, place, plan, strip):
    """Where a text of a row begins, and its length: 0 where the row does not have the field."""
    if place < 0 or place >= count:
        return eight_bytes(edges) + 1, 0
    at, length = field(edges, place, plan, strip)
    if length > 0 and (byte(at) == ord(" ") or byte(at + length - 1) == ord(" ")):
        return trim(at, length)
    return at, length


@inlined
def read_row(job, count, plan, strip, seen):
    """The values of a row, the reason for rejecting it, and what is seen now."""
    edges = job.edges
    second, reason, seen = read_moment(edges, plan, strip, seen)
    place, length = field(edges, plan.size, plan, strip)
    size = read_size(place, length)
    if size < 0:
        reason = reason or -size
    status, cache, results_reason = read_results(edges, plan, strip, job.cache != 0)
    reason = reason or results_reason
    if has_two_sizes(edges, count, plan, strip):
        reason = reason or TWO_SIZES
    place, length = find_url(edges, plan, strip)
    extension, path_end = read_url(place, length, job.names)
    return Row(second, size, extension, status, cache, place, path_end), reason, seen


@inlined
def keep(row, number, job, text):
    """Put the values of a row into the columns, its URL as positions in the block."""
    put(job.second + 8 * number, row.second)
    put(job.size + 8 * number, row.size)
    put(job.extension + 8 * number, row.extension)
    if job.status:
        put_16(job.status + 2 * number, row.status)
    if job.cache:
        put(job.cache + 8 * number, row.cache)
    if job.url_start:
        put_32(job.url_start + 4 * number, row.url_start - text)
        put_32(job.url_end + 4 * number, row.url_end - text)


@inlined
def keep_texts(job, number, count, plan, strip, text):
    """Put where the texts that are asked for begin and end, as positions in the block."""
    pairs = job.texts + 8 * job.text_count * number
    for asked in range(job.text_count):
        place = eight_bytes(job.text_places + 8 * asked)
        at, length = find_text(job.edges, count, place, plan, strip)
        put_32(pairs + 8 * asked, at - text)
        put_32(pairs + 8 * asked + 4, at + length - text)


@inlined
def reject(reason, line, job):
    """Count a rejected row, and remember the first line of its reason."""
    count = job.rejected + 8 * reason
    if eight_bytes(count) == 0:
        put(job.first_lines + 8 * reason, line)
    put(count, eight_bytes(count) + 1)


def scan(address):
    """Do the `Job` at an address; return the number of rows accepted, and put that of lines."""
    job = take_job(address)
    plan = take_plan(job.plan)
    # Without any quote in the block, quoting changes nothing, and separators are all there is.
    marked = plan.marked != 0 or (plan.quoting > 0 and has_quote(job))
    seen = nothing_seen(plan)
    text = job.block
    at, rows, line = 0, 0, 0
    while at < job.length:
        if at == job.cut:
            text = job.rest - job.cut
        start = text + at
        stop, count, strip = cut_fields(start, plan, marked, job.edges)
        at = stop + 1 - text
        line += 1
        if is_no_row(start, stop, plan):
            continue
        if stop - start > LONGEST_LINE:
            reason = LONG_LINE
        elif count < plan.fields or (count > plan.fields and not plan.more):
            reason = FIELDS
        else:
            without_returns(start, stop, count, plan, job.edges)
            row, reason, seen = read_row(job, count, plan, strip, seen)
            if reason == ACCEPTED:
                keep(row, rows, job, text)
                keep_texts(job, rows, count, plan, strip, text)
                rows += 1
                continue
        if job.header_length == 0 or not is_line(start, stop, job.header, job.header_length):
            reject(reason, line - 1, job)
    put(job.lines, line)
    return rows


def compiled_scan():
    """Compile `scan` for C, to a function of one int64 that returns one."""
    return cfunc(types.int64(types.int64), error_model="numpy")(scan)
