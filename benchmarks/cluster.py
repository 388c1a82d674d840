"""What a cluster costs and brings, for Q2 and Q3a: none, one and two workers of one thread.

    python benchmarks/cluster.py --rows 2000000
    python benchmarks/cluster.py --plan        only the plan, from the constants below

Prints seconds of the clock and whether the answers are the same, byte for byte.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = {"LOKY_MAX_CPU_COUNT": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

# Measured constants: 2 cores, 24 GB; where, is said in benchmarks/README.md.
LOG_BYTES_PER_CORE_SECOND = 825e6 / 0.80
LOG_RANGE = 256 << 20  # bytes of a task
ARTICLES_PER_SEARCH = 685
SEARCH_CORE_SECONDS = 59.2  # of ARTICLES_PER_SEARCH, nested, before features were kept
KNN_GROWTH_PER_DOUBLING = (2.6, 2.9)  # of users: what one costs grows too
EFFICIENCY = 0.8  # assumed, not measured: the mark that the runs of this file are to check


def plan(workers: int) -> str:
    """What the large sizes would cost on so many workers of one core."""
    logs = 10e12 / LOG_BYTES_PER_CORE_SECOND
    articles = 10e6 / ARTICLES_PER_SEARCH * SEARCH_CORE_SECONDS
    low, high = (growth ** _doublings(360e3, 10e6) for growth in KNN_GROWTH_PER_DOUBLING)
    return "\n".join(
        [
            f"On {workers} workers of one core, {EFFICIENCY:.0%} of them used (assumed):",
            f"10 TB of plain logs: {logs / 3600:.1f} core hours, {clock(logs, workers)}; "
            f"{10e12 / LOG_RANGE:,.0f} tasks",
            f"10 million articles, if the search grew in step: {articles / 3600:,.0f} core hours, "
            f"{clock(articles, workers)}; use --out-of-core instead",
            f"10 million users by user-user kNN: {low:,.0f} to {high:,.0f} times what all 360,000 "
            "of Last.fm cost",
        ]
    )


def _doublings(start: float, end: float) -> float:
    count = 0.0
    while start * 2 <= end:
        start, count = start * 2, count + 1
    return count + (end / start - 1)


def clock(core_seconds: float, workers: int) -> str:
    """Hours of the clock."""
    return f"{core_seconds / workers / EFFICIENCY / 3600:.2f} hours of the clock"


def measure(name: str, command: list[str]) -> None:
    """Print what a command takes without a cluster and on one and two workers."""
    sys.path.insert(0, str(ROOT / "tests"))
    from cluster_processes import cluster_of_processes

    with tempfile.TemporaryDirectory() as folder, cluster_of_processes(Path(folder)) as cluster:
        # The first run on a cluster compiles and imports; the second one counts.
        timed([*command, "--cluster", cluster.address])
        alone, answer = timed(command)
        both, on_two = timed([*command, "--cluster", cluster.address])
        cluster.processes.pop().terminate()
        time.sleep(5)
        one, on_one = timed([*command, "--cluster", cluster.address])
    print(
        f"{name}: {alone:.2f} s without a cluster, {one:.2f} s on one worker, {both:.2f} s on two"
    )
    print(f"  overhead {one / alone - 1:+.0%}, efficiency on two {alone / both / 2:.0%}, ", end="")
    print("same answer" if answer == on_one == on_two else "ANSWERS DIFFER")


def timed(command: list[str]) -> tuple[float, bytes]:
    """Seconds of the clock, on one processor of this process without a cluster, and the output."""
    pinned = ["taskset", "--cpu-list", "0"] if "--cluster" not in command else []
    start = time.perf_counter()
    finished = subprocess.run(
        [*pinned, sys.executable, *command],
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - start, finished.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="of Q2's log")
    parser.add_argument("--plan", action="store_true", help="print only the plan")
    parser.add_argument("--workers", type=int, default=50, help="of the plan")
    options = parser.parse_args()
    if not options.plan:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(8):
                log = Path(folder) / f"{number}.tsv"
                row = f"2017-08-24\t10:00:00\t{number}00\t/a/{number}/picture.jpg\n"
                log.write_text(row * (options.rows // 8), encoding="utf-8")
            measure("Q2", ["Q2/raw_data_analytics.py", folder, "--by", "extension"])
        quiet = ["--no-cache", "--model", "linear", "--format", "json"]
        measure("Q3a", ["Q3a/tagging_prediction.py", *quiet])
    print(plan(options.workers))


if __name__ == "__main__":
    main()
