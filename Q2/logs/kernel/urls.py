"""URLs, their extensions, and other short names."""

import numpy as np

from logs.job import NAMES, WINDOW
from logs.kernel.memory import byte, called, eight_bytes, first_bit, found, inlined, last_bit, put
from logs.names import ALPHABET, BASE, LONGEST_NAME

# The digit that a byte is in a packed name, see `logs.names`.
DIGITS = np.array([max(ALPHABET.find(chr(byte).lower()), 0) for byte in range(128)] + [0] * 128)
SHORT_NAME = 6  # characters at the most of a name that is remembered
SIX_BYTES = 0xFFFFFFFFFFFF
HTTP = int.from_bytes(b" HTTP/", "little")


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
