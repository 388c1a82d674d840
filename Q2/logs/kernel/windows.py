"""Where the fields of a line end, found in 64 bytes at once."""

from logs.fields import DOUBLED, ESCAPED, REPEATED
from logs.job import WINDOW
from logs.kernel.memory import bits_set, called, first_bit, found, inlined, put


@inlined
def put_ends(ends, window, count, plan, edges):
    """Put where fields end, a bit of the window each, after `count` others; return their number."""
    if count <= plan.last:
        left, place = ends, edges + 8 * count
        while left:
            place += 8
            put(place, window + first_bit(left))
            left &= left - 1
    return count + bits_set(ends)


@inlined
def cut_line(at, plan, edges):
    """Put where the line's fields end, less 1 before the first; return its end and their number."""
    put(edges, at - 1)
    window, count = at, 0
    while True:
        newlines = found(window, ord("\n"))
        ends = found(window, plan.first_delimiter) | found(window, plan.second_delimiter) | newlines
        ends &= newlines ^ (newlines - 1)  # up to the first newline
        count = put_ends(ends, window, count, plan, edges)
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
        count = put_ends(ends, window, count, plan, edges)
        if newlines:
            return window + first_bit(newlines), count, odd == 0
        window += WINDOW
