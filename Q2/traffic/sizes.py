"""Percentiles of sizes, from how many requests have each size, rounded to eight binary digits.

Counts of rounded sizes add up to the same in whatever order they come, and keep each percentile
within 0.4 %; sizes below 256 bytes are exact. HdrHistogram has its buckets in the same way: Gil
Tene, "HdrHistogram: A High Dynamic Range Histogram".
"""

from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}
DIGITS = 8  # binary ones that are kept
REST = 53 - DIGITS  # of a float's 53
# The same in SQL; up to 10^12 the logarithm of no other number is rounded to that of a power of 2.
SHIFT = f"(floor(log2(size))::BIGINT - {DIGITS - 1})"
ROUNDED = f"CASE WHEN size < {1 << DIGITS} THEN size ELSE (size >> {SHIFT}) << {SHIFT} END"


def rounded(sizes: "np.ndarray") -> "np.ndarray":
    """Sizes rounded down to so many binary digits, int64: those of a float, of which some go."""
    kept = sizes.astype("float64").view("int64") >> REST << REST
    return kept.view("float64").astype("int64")


def percentiles(counts: Iterable[tuple[int, int]]) -> tuple[int | None, ...]:
    """PERCENTILES of rounded sizes and their numbers: the least that so many do not exceed."""
    sizes, numbers = zip(*sorted(counts), strict=True) if (counts := [*counts]) else ((), (0,))
    until = [*accumulate(numbers)]
    ranks = [rank(until[-1], percent) for percent in PERCENTILES.values()]
    found = (next((at for at, it in enumerate(until) if it >= rank > 0), None) for rank in ranks)
    return tuple(None if at is None else middle(sizes[at]) for at in found)


def rank(number: int, percent: int) -> int:
    """How many of so many there are up to a percentile, the nearest rank."""
    return -(-number * percent // 100)


def middle(size: int | None) -> int | None:
    """The middle of the sizes that are rounded to this one."""
    return size and size + (1 << max(size.bit_length() - DIGITS, 0)) // 2
