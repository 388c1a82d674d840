"""What 10 TB of logs, 10 million articles and 10 million users would cost on a cluster: a model.

    python benchmarks/cluster_plan.py
    python benchmarks/cluster_plan.py --workers 200 --memory 64 --hours 4

A worker is one core. The constants were measured on 2 cores and 24 GB; benchmarks/README.md says
how. Each stage costs seconds of a core that grow as a power of the size, by the exponent between
the two largest sizes that were measured; where only one was, in step with the size.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "Q2"))

from common.command_line import ArgumentParser, command

GIB = 2**30


@dataclass(frozen=True)
class Stage:
    """Seconds of a core at one size, and the exponent by which they grow with it."""

    size: float
    seconds: float
    exponent: float = 1.0

    def at(self, size: float) -> float:
        """Seconds of a core."""
        return self.seconds * (size / self.size) ** self.exponent


def between(small: tuple[float, float], large: tuple[float, float]) -> Stage:
    """The stage through two measurements, (size, seconds) each."""
    exponent = log(large[1] / small[1]) / log(large[0] / small[0])
    return Stage(*large, exponent)


# Q2: bytes of plain log. A compressed log costs about twice as much for each byte of its text.
LOGS = [Stage(825e6, 0.78)]
LOG_RANGE = 256 * 2**20  # bytes of a task
# Q3a: articles; the whole nested run, and learning out of core on one core.
SEARCH = [Stage(685, 90.7)]
OUT_OF_CORE = [Stage(1e6, 164)]
# Q3b: users; neighbours, then votes and lists.
EUCLIDEAN = [between((180_000, 7.3), (359_347, 16.6)), between((180_000, 6.4), (359_347, 13.4))]
ONE_HOP = [between((180_000, 55.2), (359_347, 198.4)), between((180_000, 13.8), (359_347, 30.7))]
COSINE = [between((180_000, 55.2), (359_347, 198.4)), between((180_000, 79.7), (359_347, 174.0))]
# More users of the same artists share more of them, so that the exponent nears 2.
SQUARED = [Stage(stage.size, stage.seconds, 2.0) for stage in COSINE]
# Bytes that every worker holds for each user: plays 550, the rows compared 390, sorted 420, indexed
# 320, own votes 390, and what recommending takes of these once more, 780; 448 residual votes of 8
# bytes, which stand in for the own ones; and its share of the weights of 250 neighbours.
SHARED_BYTES = 2_850
RESIDUAL_BYTES = 448 * 8
NEIGHBOUR_BYTES = 250 * 8

EFFICIENCY = 0.75  # of the workers; two reached 0.72 to 0.83


def cost(stages: Sequence[Stage], size: float) -> float:
    """Seconds of a core for all stages."""
    return sum(stage.at(size) for stage in stages)


def largest(stages: Sequence[Stage], seconds: float) -> float:
    """The size at which the stages cost so many seconds of a core, by bisection."""
    low, high = 1.0, 1e12
    while high / low > 1.0001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if cost(stages, middle) < seconds else (low, middle)
    return low


def held(votes: float, workers: int) -> float:
    """Bytes that a worker holds for each user of all."""
    return SHARED_BYTES + votes + NEIGHBOUR_BYTES / workers


def hours(seconds: float) -> str:
    """Hours, as many digits as they deserve."""
    return f"{seconds / 3600:,.1f}" if seconds < 36_000 else f"{seconds / 3600:,.0f}"


def plan(workers: int, memory: float, night: float) -> str:
    """The plan for so many workers of so many GiB, and a night of so many hours."""
    rows = [
        ("10 TB of logs", LOGS, 10e12),
        ("10 million articles, searched", SEARCH, 10e6),
        ("10 million articles, out of core", OUT_OF_CORE, 10e6),
        ("10 million users, euclidean", EUCLIDEAN, 10e6),
        ("10 million users, cosine, one hop", ONE_HOP, 10e6),
        ("10 million users, cosine", COSINE, 10e6),
        ("the same, growing by the square", SQUARED, 10e6),
    ]
    lines = [f"{'':<34}{'core hours':>11}{'hours on ' + str(workers) + ' workers':>22}"]
    for name, stages, size in rows:
        seconds = cost(stages, size)
        spread = seconds if stages is OUT_OF_CORE else seconds / workers / EFFICIENCY
        lines.append(f"{name:<34}{hours(seconds):>11}{hours(spread):>22}")
    ready = workers * EFFICIENCY * night * 3600
    doubled = cost(COSINE, 2 * 359_347) / cost(COSINE, 359_347)
    late = cost(COSINE, 10e6) / cost(COSINE, 5e6)
    one_hop, cosine = held(0, workers), held(RESIDUAL_BYTES, workers)
    return "\n".join(
        [
            *lines,
            "",
            f"Logs: {10e12 / LOG_RANGE:,.0f} tasks. Learning out of core stays on one core.",
            f"Cosine costs {doubled:.1f} times as much when 359,347 users double, {late:.1f} times "
            "from 5 to 10 million.",
            f"{night:g} hours on {workers} workers: {largest(SQUARED, ready) / 1e6:,.0f} to "
            f"{largest(COSINE, ready) / 1e6:,.0f} million users by cosine.",
            f"{memory:g} GiB a worker: {memory * GIB / cosine / 1e6:,.1f} million users by cosine, "
            f"{memory * GIB / one_hop / 1e6:,.1f} million with one hop.",
            f"10 million users: {10e6 * cosine / GIB:,.0f} GiB a worker by cosine, "
            f"{10e6 * one_hop / GIB:,.0f} with one hop.",
        ]
    )


@command
def main(argv: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=50, metavar="N", help="of one core each")
    parser.add_argument("--memory", type=float, default=4, metavar="GIB", help="of a worker")
    parser.add_argument("--hours", type=float, default=8, metavar="H", help="of a night")
    options = parser.parse_args(argv)
    if min(options.workers, options.memory, options.hours) <= 0:
        parser.error("workers, memory and hours must be above 0")
    print(plan(options.workers, options.memory, options.hours))


if __name__ == "__main__":
    sys.exit(main())
