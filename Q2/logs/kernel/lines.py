"""Lines that are not rows: blank ones, comments, headers; and the ends of lines."""

from logs.job import WINDOW
from logs.kernel.memory import byte, called, eight_bytes, found, inlined, put

MARK = int.from_bytes(b"\xef\xbb\xbf", "little")


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
