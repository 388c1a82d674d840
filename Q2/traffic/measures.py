"""What is added up for each group, and the columns that follow from these sums."""

from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from logs.names import LONGEST_NAME, pack
from traffic.sizes import PERCENTILES

if TYPE_CHECKING:
    import numpy as np

SUMS = ("requests", "bytes")
CACHE_SUMS = ("hits", "misses", "hit_bytes", "miss_bytes")
# Results, or their first 12 letters, with which the cache answered, also after it asked the origin
# whether its copy still holds: CloudFront, nginx, Cloudflare, Fastly, Squid, Azure Front Door, and
# 1 of Akamai. What may not be cached (pass, bypass, dynamic), errors and redirects are neither.
HITS = (
    *("hit", "refreshhit", "originshieldhit", "stale", "updating", "revalidated", "unmodified"),
    *("hit-stale", "hit-cluster", "hit-wait", "hit-synth", "remote", "partial", "1"),
)
MISSES = ("miss", "miss-cluster", "miss-wait", "miss-stale", "expired", "modified", "0")
OTHER, HIT, MISS = range(3)


def packed_names(names: Iterable[str]) -> list[int]:
    """The numbers of names, of which the first 12 characters count."""
    return [pack(name[:LONGEST_NAME]) for name in names]


PACKED_HITS, PACKED_MISSES = packed_names(HITS), packed_names(MISSES)


def outcomes(cache: "np.ndarray") -> "np.ndarray":
    """Whether packed results of a cache are hits, misses or other, int64."""
    return is_one_of(cache, PACKED_HITS) * HIT + is_one_of(cache, PACKED_MISSES) * MISS


def is_one_of(packed: "np.ndarray", wanted: Iterable[int]) -> "np.ndarray":
    """Where a packed name is one of these; a comparison for each is faster than np.isin's sort."""
    import numpy as np

    return np.logical_or.reduce([packed == name for name in wanted])


def sums_by_outcome(sums: "np.ndarray", found: "np.ndarray") -> "np.ndarray":
    """SUMS and CACHE_SUMS, int64 of shape (groups, sums), for SUMS and the outcome of each group.

    `found` has the shape (groups, 1).
    """
    import numpy as np

    hits_and_misses = found == (HIT, MISS)
    return np.hstack([sums, *(sums[:, [at]] * hits_and_misses for at in range(len(SUMS)))])


def with_ratios(table: dict[str, list], total_bytes: int) -> dict[str, list]:
    """Return the columns that people see, for those that were added up.

    These are each group's share of all bytes (0 to 1), the bytes of the groups so far, the mean
    size in bytes, of what the cache could have answered the part that it did, and percentiles.
    """
    requests, size = table["requests"], table["bytes"]
    share = [round(it / max(total_bytes, 1), 6) for it in size]
    mean_size = [round(it / max(count, 1), 1) for it, count in zip(size, requests, strict=True)]
    later = {*CACHE_SUMS, *PERCENTILES}
    found = {name: column for name, column in table.items() if name not in later}
    found |= {"share": share, "running_total": [*accumulate(size)], "mean_size": mean_size}
    if "hits" in table:
        found |= {
            "hits": table["hits"],
            "misses": table["misses"],
            "hit_ratio": ratios(table["hits"], table["misses"]),
            "byte_hit_ratio": ratios(table["hit_bytes"], table["miss_bytes"]),
        }
    return found | {name: table[name] for name in PERCENTILES if name in table}


def ratios(hits: list[int], misses: list[int]) -> list[float | None]:
    """The parts that hits are of hits and misses; None where there is neither."""
    both = zip(hits, misses, strict=True)
    return [round(hit / (hit + miss), 6) if hit + miss else None for hit, miss in both]
