"""Where the fields of a line end, byte by byte where windows are not enough to tell."""

from logs.fields import ALIGNED, DOUBLED, ESCAPED, LONGEST_LINE, REPEATED
from logs.kernel.memory import byte, called, eight_bytes, inlined, put
from logs.kernel.windows import cut_line, cut_quoted_line


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
