"""Percentiles of sizes, from how many requests have each size, rounded to eight binary digits.

Counts of rounded sizes add up to the same in whatever order they come, and keep each percentile
within 0.4 %; sizes below 256 bytes are exact. HdrHistogram has its buckets in the same way: Gil
Tene, "HdrHistogram: A High Dynamic Range Histogram".
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}
DIGITS = 8  # binary ones that are kept
REST = 53 - DIGITS  # of a float's 53
# The same in SQL; up to 10^12 the logarithm of no other number is rounded to that of a power of 2.
SHIFT = f"(floor(log2(size | {1 << DIGITS - 1})) - {DIGITS - 1})::BIGINT"
ROUNDED = f"(size >> {SHIFT}) << {SHIFT}"


def rounded(sizes: "np.ndarray") -> "np.ndarray":
    """Sizes rounded down to so many binary digits, int64: those of a float, of which some go."""
    kept = sizes.astype("float64").view("int64") >> REST << REST
    return kept.view("float64").astype("int64")


def percentiles(
    sizes: Sequence[int], numbers: Iterable[int], starts: Sequence[int] = (0,)
) -> list[tuple[int | None, ...]]:
    """PERCENTILES of groups of rounded sizes: the least size that so many do not exceed.

    `numbers` are the requests of each size; sizes ascend within each group, which begin at
    `starts`. Without any size the percentiles are None.
    """
    if not sizes:
        return [(None,) * len(PERCENTILES)] * len(starts)
    until = [*accumulate(numbers, initial=0)]
    return [
        tuple(middle(sizes[place]) for place in places(until, *group))
        for group in pairwise([*starts, len(sizes)])
    ]


def places(until: list[int], begin: int, end: int) -> Iterable[int]:
    """Yield where in a group each of PERCENTILES is, by how many requests are before each size."""
    total = until[end] - until[begin]
    for percent in PERCENTILES.values():
        rank = until[begin] - (-total * percent // 100)
        yield bisect_left(until, rank, begin + 1, end) - 1


def middle(size: int | None) -> int | None:
    """The middle of the sizes that are rounded to this one."""
    return size and size + (1 << max(size.bit_length() - DIGITS, 0)) // 2
