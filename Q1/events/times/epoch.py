"""Epoch numbers: seconds, milliseconds, microseconds or nanoseconds, inferred from their size.

1e11 seconds are the year 5138, 1e11 milliseconds 1973; a thousand times that, the next unit begins.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from events.times.arrays import array_of, digits_of, is_true, plain, values_of

UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))  # below which number, microseconds in one
SERIALS = (20_000, 80_000)  # as spreadsheets count days: 1954 to 2119
NUMBER = r"^[+-]?0*(?P<whole>[0-9]{1,18}|[1-8][0-9]{18})(?:\.(?P<part>[0-9]*))?$"
SECONDS = r"^-?[0-9]{1,10}\.[0-9]{1,8}$"
FINER = r"\.[0-9]{6}[0-9]*[1-9]"  # than the sixth decimal
DAY = r"^\+?(?:19|2[0-9])[0-9]{6}(?:\.[0-9]*)?$"  # as seconds it would be a moment of 1970
CLOCKED_DAY = (
    r"^\+?(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?$"
)
# Whole numbers that may mean something else: their texts have to be looked at.
DOUBTFUL = (
    SERIALS,
    (19_000_000, 29_999_999),
    (190_001_010_000, 209_912_312_359),
    (19_000_101_000_000, 20_991_231_235_959),
    (-(2**63), -9 * 10**18),
    (9 * 10**18, 2**63 - 1),
)


def epoch(numbers: pa.Array) -> pa.Array | None:
    """Microseconds since 1970 of whole numbers; None if one of them may mean something else."""
    values, valid = values_of(numbers)
    if any(((values >= low) & (values <= high)).any() for low, high in DOUBTFUL):
        return None
    ticks = values // 1000
    for limit, scale in reversed(UNITS):
        ticks = np.where((values > -limit) & (values < limit), values * scale, ticks)
    return array_of(ticks, valid)


def decimal_ticks(texts: pa.StringArray) -> pa.Array | None:
    """Microseconds since 1970 of seconds with up to eight decimals; None if one is not such."""
    if not pc.all(pc.match_substring_regex(texts, SECONDS)).as_py():
        return None
    scaled = texts.cast(pa.decimal128(18, 8))
    values = np.frombuffer(scaled.buffers()[1], np.int64)[::2]  # the lower half, in which all fit
    values = values[scaled.offset : scaled.offset + len(scaled)]
    whole = pa.array(values // 10**8, mask=scaled.is_null().to_numpy(zero_copy_only=False))
    return None if epoch(whole) is None else array_of(values // 100, values_of(whole)[1])


def number_ticks(texts: pa.StringArray) -> pa.Array:
    """Microseconds since 1970 of epoch numbers with or without decimals; null for other texts."""
    texts = plain(texts)
    parts = pc.extract_regex(texts, NUMBER)
    whole, sixth = digits_of(parts, "whole"), digits_of(parts, "part", 6)
    scale = np.select([whole < limit for limit, _ in UNITS], [scale for _, scale in UNITS], 0)
    ticks = np.where(scale, whole * scale + sixth * scale // 10**6, whole // 1000)
    more = np.where(scale, sixth * scale % 10**6, whole % 1000 + sixth) > 0
    more |= is_true(pc.match_substring_regex(texts, FINER))
    negative = is_true(pc.match_substring_regex(texts, "^-"))
    return array_of(
        np.where(negative, -ticks - more, ticks),
        is_true(parts.is_valid())
        & ~is_true(pc.match_substring_regex(texts, f"{DAY}|{CLOCKED_DAY}"))
        & (negative | (whole < SERIALS[0]) | (whole > SERIALS[1])),
    )
