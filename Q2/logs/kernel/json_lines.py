"""JSON lines become lines of fields: of each line's object the values that a row needs.

Most lines are like the one before them in all but their values. So a line is cut by comparing what
is between its values with the bytes that were there in the line before; only one that differs is
read by the grammar (RFC 8259). Both judge every byte: a line is an object, or the block is left to
DuckDB, which knows what may be saved of it.
"""

from typing import NamedTuple

from logs.job import JSON_LEVELS, JSON_PIECES, JsonJob
from logs.kernel.json_text import (
    DECIMAL,
    ESCAPED,
    NULL,
    NUMBER,
    PLAIN,
    copied,
    scalar_end,
    string_end,
    unescaped,
)
from logs.kernel.memory import byte, called, eight_bytes, inlined, put, put_8, taking

PIECE, KEY, VALUE, LEVEL = 32, 40, 24, 16  # bytes of each in the arrays of a `JsonJob`

A_VALUE, A_KEY, THE_REST, NOTHING = range(4)

take_job = taking(JsonJob)


class Cut(NamedTuple):
    """How far a line is read by the grammar."""

    at: int  # 0 where it is not an object
    expected: int  # what comes next
    segment: int  # where the last value ended
    count: int  # of values
    depth: int  # objects and arrays that are open
    seen: int  # a bit for each key that there was
    field: int  # of the value that comes, -1 for none
    inner: int  # the number of the object that comes, -1 for none


def json_lines(address):
    """Do the `JsonJob` at an address; return the bytes put, -1 where a line is left to others."""
    job = take_job(address)
    at, target, count = job.block, job.target, 0
    while at < job.block + job.length:
        stop = cut_alike(at, count, job) if count else 0
        if stop == 0:
            blank = at + (byte(at) == ord("\r"))
            if byte(blank) == ord("\n"):
                put_8(target, ord("\n"))
                at, target = blank + 1, target + 1
                continue
            stop, count = cut_by_grammar(at, job)
        # A tab that was escaped takes three bytes for two; a value that is missing takes one.
        if stop == 0 or target + 2 * (stop - at) + 2 * job.fields > job.target_end:
            return -1
        target = put_line(target, job)
        at = stop + 1
    return target - job.target


@inlined
def alike(first, second, length):
    """Whether the bytes at two addresses are equal, `length` of them."""
    while length >= 8:
        if eight_bytes(first) != eight_bytes(second):
            return False
        first, second, length = first + 8, second + 8, length - 8
    return length == 0 or (eight_bytes(first) ^ eight_bytes(second)) << (64 - 8 * length) == 0


@inlined
def cut_alike(at, count, job):
    """Note the values of a line like the one whose pieces are noted; return its end, else 0.

    A piece is where the bytes before a value are, their length, the value's kind and its field.
    """
    piece = job.pieces
    for _ in range(count):
        length = eight_bytes(piece + 8)
        if not alike(at, eight_bytes(piece), length):
            return 0
        at += length
        if eight_bytes(piece + 16) == PLAIN:
            stop, kind = string_end(at)
        else:
            stop, kind = scalar_end(at)
        field = eight_bytes(piece + 24)
        if stop == 0 or (field >= 0 and not noted(at, stop, kind, field, job)):
            return 0
        at = stop
        piece += PIECE
    length = eight_bytes(piece + 8)
    return at + length - 1 if alike(at, eight_bytes(piece), length) else 0


@inlined
def noted(at, stop, kind, field, job):
    """Note the value of a field, unless DuckDB might write the number with other digits."""
    value = job.values + VALUE * field
    put(value, at)
    put(value + 8, stop)
    put(value + 16, kind)
    return kind != NUMBER and (kind != DECIMAL or field == job.moment)


@inlined
def put_piece(cut, stop, kind, job):
    """Note the piece before a value, if there is space for it; return the number of pieces."""
    if cut.count < JSON_PIECES:
        piece = job.pieces + PIECE * cut.count
        put(piece, cut.segment)
        put(piece + 8, stop - cut.segment)
        put(piece + 16, kind)
        put(piece + 24, cut.field)
    return cut.count + 1


@inlined
def after_blanks(at):
    """The first byte from here on that is neither a blank, a tab nor a return."""
    while byte(at) == ord(" ") or byte(at) == ord("\t") or byte(at) == ord("\r"):
        at += 1
    return at


@called
def cut_by_grammar(at, job):
    """Note the pieces and the values of a line; return its end, 0 if it is none, and their number.

    The number is 0 if there are too many to be kept. The first of several equal keys counts.
    """
    for field in range(job.fields):
        put(job.values + VALUE * field, 0)
    cut = Cut(after_blanks(at), A_VALUE, at, 0, 0, 0, -1, 0)
    if byte(cut.at) != ord("{"):
        return 0, 0
    while cut.expected != NOTHING:
        if cut.expected == A_VALUE:
            cut = read_value(cut, job)
        elif cut.expected == A_KEY:
            cut = read_key(cut, job)
        else:
            cut = read_rest(cut, job)
    return cut.at, (cut.count if cut.count < JSON_PIECES else 0)


@inlined
def failed(cut):
    """What is read of a line that is not an object."""
    return Cut(0, NOTHING, cut.segment, cut.count, cut.depth, cut.seen, -1, -1)


@called
def read_value(cut, job):
    """Read a value, of an object or an array its beginning."""
    opening = byte(cut.at)
    if opening == ord("{") or opening == ord("["):
        return read_opening(cut, opening, job)
    quoted = opening == ord('"')
    at = cut.at + quoted
    stop, kind = string_end(at) if quoted else scalar_end(at)
    if stop == 0 or (cut.field >= 0 and not noted(at, stop, kind, cut.field, job)):
        return failed(cut)
    count = put_piece(cut, at, PLAIN if quoted else NUMBER, job)
    return Cut(stop + quoted, THE_REST, stop, count, cut.depth, cut.seen, -1, -1)


@called
def read_opening(cut, opening, job):
    """Read what opens an object or an array, whose text as a whole is not for the kernel."""
    if cut.field >= 0 or cut.depth == JSON_LEVELS:
        return failed(cut)
    closing, is_object = opening + 2, opening == ord("{")
    level = job.levels + LEVEL * cut.depth
    put(level, closing)
    put(level + 8, cut.inner if is_object else -1)
    at = after_blanks(cut.at + 1)
    expected = A_KEY if is_object else A_VALUE
    if byte(at) == closing:
        expected = THE_REST
    return Cut(at, expected, cut.segment, cut.count, cut.depth + 1, cut.seen, -1, -1)


@called
def read_rest(cut, job):
    """Read what follows a value: what closes objects and arrays, then a comma or the line's end."""
    at, depth = after_blanks(cut.at), cut.depth
    while depth > 0 and byte(at) == closing_of(depth, job):
        at, depth = after_blanks(at + 1), depth - 1
    if depth == 0 and byte(at) == ord("\n"):
        put_piece(cut, at + 1, 0, job)
        return Cut(at, NOTHING, cut.segment, cut.count, depth, cut.seen, -1, -1)
    if depth == 0 or byte(at) != ord(","):
        return failed(cut)
    expected = A_KEY if closing_of(depth, job) == ord("}") else A_VALUE
    return Cut(after_blanks(at + 1), expected, cut.segment, cut.count, depth, cut.seen, -1, -1)


@inlined
def closing_of(depth, job):
    """What closes the innermost of so many objects and arrays."""
    return eight_bytes(job.levels + LEVEL * (depth - 1))


@called
def read_key(cut, job):
    """Read the key of a value in an object, and find whose value it is."""
    start, stop, kind = cut.at + 1, 0, PLAIN
    if byte(cut.at) == ord('"'):
        stop, kind = string_end(start)
    if stop == 0 or kind == ESCAPED:
        return failed(cut)
    at = after_blanks(stop + 1)
    if byte(at) != ord(":"):
        return failed(cut)
    node, seen, field, inner = eight_bytes(job.levels + LEVEL * cut.depth - 8), cut.seen, -1, -1
    for number in range(job.key_count):
        key = job.keys + KEY * number
        same = eight_bytes(key) == node and eight_bytes(key + 16) == stop - start
        if same and alike(start, eight_bytes(key + 8), stop - start) and not seen >> number & 1:
            seen |= 1 << number
            field, inner = eight_bytes(key + 24), eight_bytes(key + 32)
    at = after_blanks(at + 1)
    return Cut(at, A_VALUE, cut.segment, cut.count, cut.depth, seen, field, inner)


@inlined
def is_missing(field, job):
    """Whether a line has no value for a field."""
    value = job.values + VALUE * field
    return eight_bytes(value) == 0 or eight_bytes(value + 16) == NULL


@inlined
def put_line(target, job):
    """Put the values of a line, a lone `-` if it has no URL; return the address after it."""
    if is_missing(job.url, job):
        put_8(target, ord("-"))
        put_8(target + 1, ord("\n"))
        return target + 2
    for field in range(job.fields):
        value = job.values + VALUE * field
        if is_missing(field, job):
            put_8(target, ord("-"))
            target += job.optional >> field & 1
        elif eight_bytes(value + 16) == ESCAPED:
            target = unescaped(eight_bytes(value), eight_bytes(value + 8), target)
        else:
            target = copied(eight_bytes(value), eight_bytes(value + 8), target)
        put_8(target, ord("\t"))
        target += 1
    put_8(target - 1, ord("\n"))
    return target
