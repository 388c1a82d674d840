"""The expressions in SQL for the periods of a user as bits: set, packed, unpacked and listed."""

from collections.abc import Sequence
from datetime import date

BITS = 60  # of a number of eight bytes, so that their order is plain
LISTED_BITS = 5  # looked up at once: an array of texts is searched from its beginning
MOST_ARGUMENTS = 100  # of a function of PostgreSQL


def bits_at(place: str, width: int) -> tuple[str, str]:
    """The aggregate that sets the bits at some places, and none of them: a number or a string."""
    if width == BITS:
        return f"bit_or(1::bigint << ({BITS - 1} - ({place})))", "0"
    none = f"B'{'0' * width}'"
    return f"bit_or(set_bit({none}, {place}, 1))", none


def packed(periods: str, width: int) -> str:
    """The expression for numbers of `BITS` bits, by which PostgreSQL can group."""
    if width == BITS:
        return periods
    firsts = range(1, width, BITS)
    parts = ", ".join(f"substring(bits FROM {first} FOR {BITS})::bigint" for first in firsts)
    strings = f"(SELECT {periods} AS bits OFFSET 0) AS strings"
    return f"(SELECT ARRAY[{parts}] FROM {strings})"  # noqa: S608


def last_set(number: str) -> str:
    """The expression for the place of the last bit that is set in a number of `BITS` bits."""
    powers = ",".join(str(1 << bit) for bit in range(BITS))
    bucket = f"width_bucket({number} & -{number}, '{{{powers}}}'::bigint[])"
    return f"CASE WHEN {number} <> 0 THEN {BITS} - {bucket} END"


def unpacked(width: int) -> str:
    """The expression for the string of bits of what is packed."""
    if width == BITS:
        return f"packed::bit({BITS})"
    parts = [f"packed[{number}]::bit({BITS})" for number in range(1, width // BITS + 1)]
    return f"({' || '.join(parts)})::bit({width})"


def listed(starts: Sequence[date], width: int) -> str:
    """The expression for the first days of the periods whose bits are set in what is packed.

    They are one text, with a space between; null without any. For some bits at a time it is looked
    up in all that these may be, an array in the order of their numbers.
    """
    parts = []
    for first in range(0, len(starts), LISTED_BITS):
        days = starts[first : first + LISTED_BITS]
        number = "packed" if width == BITS else f"packed[{first // BITS + 1}]"
        asked = f"{number} >> {BITS - LISTED_BITS - first % BITS} & {2**LISTED_BITS - 1}"
        texts = ", ".join(f"'{days_at(days, bits)}'" for bits in range(2**LISTED_BITS))
        parts.append(f"NULLIF((ARRAY[{texts}])[({asked})::integer + 1], '')")
    return joined(parts)


def joined(texts: Sequence[str]) -> str:
    """The expression for some texts with a space between, null without any."""
    parts = [
        f"NULLIF(concat_ws(' ', {', '.join(texts[first : first + MOST_ARGUMENTS - 1])}), '')"
        for first in range(0, len(texts), MOST_ARGUMENTS - 1)
    ]
    return parts[0] if len(parts) == 1 else joined(parts)


def days_at(days: Sequence[date], bits: int) -> str:
    """The days whose bits are set, the first day's being the highest."""
    digits = f"{bits:0{LISTED_BITS}b}"
    return " ".join(str(day) for day, digit in zip(days, digits, strict=False) if digit == "1")


def in_brackets(bits: str, lasts: tuple[int, ...], width: int) -> str:
    """The expression for bits by bracket, of bits by age: whether any age of it is set."""
    firsts = [0, *(last + 1 for last in (0, *lasts))]
    masks = [
        f"B'{'1' * (min(last, width - 1) - first + 1):0>{min(last, width - 1) + 1}}'::bit({width})"
        for first, last in zip(firsts, (0, *lasts), strict=False)
        if first < width
    ]
    flags = [f"(({bits}) & {mask} <> B'0'::bit({width}))::integer::bit(1)" for mask in masks]
    return " || ".join([*flags, f"B'{'0' * (-len(masks) % BITS)}'"])


def bracket_of(age: str, lasts: tuple[int, ...]) -> str:
    """The expression for the number of the bracket of an age; -1 before all."""
    firsts = ", ".join(map(str, [0, *(last + 1 for last in (0, *lasts[:-1]))]))
    return f"width_bucket({age}, ARRAY[{firsts}]) - 1"
