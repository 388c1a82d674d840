"""Strings and other values of JSON (RFC 8259), where each ends and what it says.

Ends are 0 for what is not valid. Every line ends with a newline, which no value holds.
"""

from logs.job import WINDOW
from logs.kernel.memory import (
    below,
    byte,
    called,
    eight_bytes,
    first_bit,
    found,
    inlined,
    put,
    put_8,
)
from logs.kernel.numbers import digits

# What a value is: a string as it is written or with escapes; a number that DuckDB writes likewise,
# or with other digits at most after its point; another one; a word; null
PLAIN, ESCAPED, WHOLE, DECIMAL, NUMBER, WORD, NULL = range(1, 8)
FOUR_BYTES, FIVE_BYTES = 0xFFFFFFFF, 0xFFFFFFFFFF
TRUE, NULL_WORD = (int.from_bytes(word, "little") for word in (b"true", b"null"))
FALSE = int.from_bytes(b"false", "little")
LARGEST_WHOLE = 18  # digits, or 19 of which the first is not 9
NINES = int.from_bytes(b"9999", "little")


@inlined
def string_end(at):
    """Where the string ends whose text begins here, and its kind."""
    window = at
    while True:
        quotes = found(window, ord('"'))
        text = quotes ^ (quotes - 1)  # up to the first quote
        if (found(window, ord("\\")) | below(window, 32) | ~below(window, 128)) & text:
            return odd_string_end(at)
        if quotes:
            return window + first_bit(quotes), PLAIN
        window += WINDOW


@called
def odd_string_end(at):
    """As `string_end`, byte by byte: a string with escapes, or with characters beyond ASCII."""
    kind = PLAIN
    while byte(at) != ord('"'):
        wide = 1
        if byte(at) < 32:
            return 0, kind
        if byte(at) == ord("\\"):
            kind, wide = ESCAPED, escape_width(at)
        elif byte(at) >= 128:
            wide = utf_8_width(at)
        if wide == 0:
            return 0, kind
        at += wide
    return at, kind


@called
def escape_width(at):
    """The bytes of an escape of one character of the basic plane but NUL; 0 for another."""
    letter = byte(at + 1)
    if letter == ord("u"):
        number = code_point(at + 2)
        return 6 if 0 < number < 0xD800 or 0xE000 <= number <= 0xFFFF else 0
    for known in (ord('"'), ord("\\"), ord("/"), ord("b"), ord("f"), ord("n"), ord("r"), ord("t")):
        if letter == known:
            return 2
    return 0


@called
def code_point(at):
    """The number that four hexadecimal digits write; -1 if they are not such."""
    number = 0
    for place in range(at, at + 4):
        digit = byte(place) - ord("0")
        if not 0 <= digit <= 9:
            digit = (byte(place) | 32) - ord("a") + 10
            if not 10 <= digit <= 15:
                return -1
        number = number << 4 | digit
    return number


@called
def utf_8_width(at):
    """The bytes of a character beyond ASCII in UTF-8 (RFC 3629); 0 for other bytes."""
    first, second = byte(at), byte(at + 1)
    least, most, wide = 0x80, 0xBF, 0
    if 0xC2 <= first <= 0xDF:
        wide = 2
    elif 0xE0 <= first <= 0xEF:
        wide = 3
        least, most = (0xA0 if first == 0xE0 else 0x80), (0x9F if first == 0xED else 0xBF)
    elif 0xF0 <= first <= 0xF4:
        wide = 4
        least, most = (0x90 if first == 0xF0 else 0x80), (0x8F if first == 0xF4 else 0xBF)
    if not least <= second <= most:
        return 0
    for place in range(at + 2, at + wide):
        if not 0x80 <= byte(place) <= 0xBF:
            return 0
    return wide


@called
def scalar_end(at):
    """Where the number or the word that begins here ends, and its kind."""
    if eight_bytes(at) & FOUR_BYTES == NULL_WORD:
        return at + 4, NULL
    if eight_bytes(at) & FOUR_BYTES == TRUE:
        return at + 4, WORD
    if eight_bytes(at) & FIVE_BYTES == FALSE:
        return at + 5, WORD
    return number_end(at)


@called
def number_end(at):
    """Where the number that begins here ends, and its kind."""
    first = at + (byte(at) == ord("-"))
    whole = digits(first)
    if whole == 0 or (whole > 1 and byte(first) == ord("0")):
        return 0, NUMBER
    fits = whole <= LARGEST_WHOLE or (whole == LARGEST_WHOLE + 1 and byte(first) < ord("9"))
    kind = WHOLE if fits and (first == at or byte(first) != ord("0")) else NUMBER
    stop = first + whole
    if byte(stop) == ord("."):
        # Of ten digits before the point, four after it are not changed where one is rounded.
        near = eight_bytes(stop + 1) & FOUR_BYTES != NINES and byte(first) != ord("0")
        kind = DECIMAL if first == at and whole <= 10 and near else NUMBER
        fraction = digits(stop + 1)
        if fraction == 0:
            return 0, NUMBER
        stop += 1 + fraction
    if byte(stop) | 32 == ord("e"):
        stop += 2 if byte(stop + 1) == ord("+") or byte(stop + 1) == ord("-") else 1
        kind, exponent = NUMBER, digits(stop)
        if exponent == 0:
            return 0, NUMBER
        stop += exponent
    return stop, kind


@inlined
def copied(at, stop, target):
    """Copy what is in [at, stop) to an address; return the one after it, which may change too."""
    end = target + stop - at
    while target < end:
        put(target, eight_bytes(at))
        at, target = at + 8, target + 8
    return end


@called
def unescaped(at, stop, target):
    """As `copied`, each escape as its character; tabs and newlines are percent-encoded."""
    while at < stop:
        if byte(at) != ord("\\"):
            put_8(target, byte(at))
            at, target = at + 1, target + 1
            continue
        wide = escape_width(at)
        target = put_character(character_of(at), target)
        at += wide
    return target


@called
def character_of(at):
    """The code point of an escape."""
    letter = byte(at + 1)
    if letter == ord("u"):
        return code_point(at + 2)
    if letter == ord("b"):
        return 8
    if letter == ord("t"):
        return 9
    if letter == ord("n"):
        return 10
    if letter == ord("f"):
        return 12
    return 13 if letter == ord("r") else letter


@called
def put_character(number, target):
    """Put a character of the basic plane in UTF-8; return the address after it."""
    if number == ord("\t") or number == ord("\n"):
        put_8(target, ord("%"))
        put_8(target + 1, ord("0"))
        put_8(target + 2, ord("9") if number == ord("\t") else ord("A"))
        return target + 3
    if number < 0x80:
        put_8(target, number)
        return target + 1
    if number < 0x800:
        put_8(target, 0xC0 | number >> 6)
    else:
        put_8(target, 0xE0 | number >> 12)
        put_8(target + 1, 0x80 | number >> 6 & 0x3F)
        target += 1
    put_8(target + 1, 0x80 | number & 0x3F)
    return target + 2
