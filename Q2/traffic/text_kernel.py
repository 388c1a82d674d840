"""Texts within a block, looked at and put together where they are, by compiled loops."""

import numpy as np
from numba import types

from logs.kernel.memory import byte, eight_bytes
from traffic.hashing import compiled

HIGHEST_BITS = -0x7F7F7F7F7F7F7F80  # 0x80 in each byte
ONES = 0x0101010101010101  # 1 in each byte
SPACES, DELETES, QUOTES = ONES * 0x20, ONES * 0x7F, ONES * 0x22
CAPITALS = (ord("A"), ord("Z"))
STAR, ANY = ord("*"), ord("?")
READ = types.Array(types.uint8, 1, "C", readonly=True)
READ_NUMBERS = types.Array(types.int64, 1, "C", readonly=True)


@compiled(types.boolean[::1](READ, READ_NUMBERS, READ_NUMBERS, types.boolean, types.boolean))
def plain_rows(text, starts, ends, double_encoded, lower):
    """Which texts are shown as they are: printable ASCII without quotes or a % encoded twice.

    Where `lower`, without capital letters.
    """
    plain = np.empty(len(starts), np.bool_)
    source = np.int64(text.ctypes.data)
    for row in range(len(starts)):
        odd, place = 0, source + starts[row]
        stop = source + ends[row]
        while place + 8 <= stop:
            word = eight_bytes(place)
            # A byte above 127, one below a space, which borrows from the next, 127, or a quote
            odd |= word | (word - SPACES) | ((word ^ DELETES) - ONES) | ((word ^ QUOTES) - ONES)
            place += 8
        odd &= HIGHEST_BITS
        while place < stop:
            value = byte(place)
            odd |= np.int64(value < 32 or value > 126 or value == 34)
            place += 1
        if lower and odd == 0:
            for at in range(starts[row], ends[row]):
                odd |= np.int64(CAPITALS[0] <= text[at] <= CAPITALS[1])
        plain[row] = odd == 0
        if double_encoded and odd == 0:
            for at in range(starts[row], ends[row] - 2):
                if text[at] == 37 and text[at + 1] == 50 and text[at + 2] == 53:
                    plain[row] = False
                    break
    return plain


@compiled(types.int64[::1](READ, READ_NUMBERS, READ_NUMBERS, READ))
def cut_ends(text, starts, ends, marks):
    """Where texts end before the first of some marks, ASCII characters."""
    found = ends.copy()
    for row in range(len(starts)):
        for at in range(starts[row], ends[row]):
            is_mark = False
            for mark in marks:
                is_mark |= text[at] == mark
            if is_mark:
                found[row] = at
                break
    return found


@compiled(types.boolean[::1](READ, READ_NUMBERS, READ_NUMBERS, READ))
def matching(text, starts, ends, pattern):
    """Which texts a pattern matches as a whole: * is any characters, ? one, each in UTF-8."""
    found = np.empty(len(starts), np.bool_)
    for row in range(len(starts)):
        at, place, star, after_star, stop = starts[row], 0, -1, 0, ends[row]
        fits = True
        while at < stop:
            if place < len(pattern) and pattern[place] == STAR:
                star, after_star = place, at
                place += 1
                continue
            if place < len(pattern) and (pattern[place] == ANY or pattern[place] == text[at]):
                whole = pattern[place] == ANY
                at, place = at + 1, place + 1
            elif star >= 0:
                whole = True
                after_star += 1
                at, place = after_star, star + 1
            else:
                fits = False
                break
            while whole and at < stop and text[at] & 0xC0 == 0x80:  # the rest of a character
                at += 1
                if place == star + 1:
                    after_star = at
        while place < len(pattern) and pattern[place] == STAR:
            place += 1
        found[row] = fits and place == len(pattern)
    return found


@compiled(types.void(types.uint8[::1], READ_NUMBERS, READ, READ_NUMBERS, READ_NUMBERS))
def copy_texts(target, places, text, starts, ends):
    """Copy texts to places of `target`."""
    for row in range(len(starts)):
        place = places[row]
        for at in range(starts[row], ends[row]):
            target[place] = text[at]
            place += 1
