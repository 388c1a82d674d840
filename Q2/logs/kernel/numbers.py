"""Sizes and statuses.

The readers here and in `moments` take where a field begins and its length in bytes, and return its
value, or minus the reason for rejecting it. They may look at WINDOW bytes after the end of the
line, not at any before the field.
"""

from logs.fields import BAD_SIZE, BAD_STATUS, HUGE_SIZE, NEGATIVE_SIZE
from logs.kernel.memory import byte, called, eight_bytes, inlined

LARGEST_SIZE = 10**12  # bytes: no response is larger, and int64 sums millions of such exactly
LONGEST_NUMBER = 18  # digits that surely fit into int64
ZEROS = int.from_bytes(b"0" * 8, "little")
SIX_ABOVE = 0x7676767676767676  # added to a byte above 9, it sets the highest bit
HIGHEST_BITS = -0x7F7F7F7F7F7F7F80  # 0x80 in each byte
EVERY_SECOND_BYTE, EVERY_FOURTH_PAIR = 0x00FF00FF00FF00FF, 0x0000FFFF0000FFFF


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
