"""What it costs to start: --help of every command, a small answer of Q2, one title tagged by Q3a.

\b
    python benchmarks/startup.py
    python benchmarks/startup.py --runs 21

Each has a peer that imports the libraries which the work needs and does nothing else. After a
warm-up, which compiles what is kept, each round starts every one of them once. Figures are medians
of the rounds: CPU seconds of all threads and child processes, seconds of the clock, and the peak
memory of the largest process. `x` is the ratio of CPU seconds to the peer's, `at most` its mark.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
from process_memory import peak_memory

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q1"))

from common.command import Command, OutsideError

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("Q*/*.py"))]
UNIT = 1024 if sys.platform == "linux" else 1  # bytes of ru_maxrss
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Start:
    """What is started: the arguments of Python, its peer, and the mark of the ratio to that."""

    name: str
    arguments: Sequence[str | Path]
    peer: "Start | None" = None
    mark: float = 0.0


def importing(modules: str) -> Start:
    """A peer that imports modules and does nothing."""
    return Start(f'`python -c "import {modules}"`', ["-c", f"import {modules}"])


def starts(folder: Path) -> Iterator[Start]:
    """Yield all that is measured, each peer first; their input is written to `folder`."""
    yield (numpy := importing("numpy"))
    for command in COMMANDS:
        yield Start(f"`{command} --help`", [command, "--help"], numpy, 2.5)

    yield (kernels := importing("pandas, numba"))
    log = folder / "log.tsv"
    log.write_text("2017-08-24\t10:00:00\t1024\t/a/picture.jpg\n" * 100, encoding="utf-8")
    yield Start("Q2, a log of 100 rows", ["Q2/raw_data_analytics.py", log], kernels, 1.4)

    yield (sklearn := importing("sklearn"))
    tagger, title, tagged = folder / "tagger.skops", folder / "title.csv", folder / "tagged.csv"
    title.write_text("id,text\n1,港股今早高開三百點，科技股領漲\n", encoding="utf-8")
    script = "Q3a/tagging_prediction.py"
    succeed([script, "--model", "linear", "--save", tagger, "--output", tagged])
    predict = [script, "--predict", "--model-file", tagger, "--test", title, "--output", tagged]
    yield Start("Q3a `--predict`, one title", predict, sklearn, 1.6)


def succeed(arguments: Sequence[str | Path]) -> None:
    """Run Python to the end. Raises OutsideError, with its last line, if that fails."""
    finished = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True)
    if finished.returncode:
        last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise OutsideError(f"{arguments[0]} ended with exit code {finished.returncode}: {last}")


def cost(arguments: Sequence[str | Path]) -> tuple[float, float, float]:
    """Return CPU seconds, seconds of the clock and the peak MB of one run of Python."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, **QUIET)
    if hasattr(os, "wait4"):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT
    else:  # Windows reports no more once the process has ended
        import psutil

        running = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                times, peak = running.cpu_times(), running.memory_info().peak_wset
            time.sleep(0.002)
        cpu = times.user + times.system
    return cpu, time.perf_counter() - begin, peak / 1e6


def row(start: Start, costs: dict[str, list]) -> str:
    """Return a line of the table."""
    cpu, wall, peak = map(statistics.median, zip(*costs[start.name], strict=True))
    compared = " | "
    if start.peer:
        ratio = cpu / statistics.median(seconds for seconds, _, _ in costs[start.peer.name])
        compared = f"{ratio:.2f} | {start.mark}"
    return f"| {start.name} | {cpu:.3f} | {wall:.3f} | {peak:.0f} | {compared} |"


@click.command(cls=Command, help=__doc__)
@click.option("--runs", type=click.IntRange(1), default=5, help="Rounds after the warm-up.")
def main(runs: int) -> None:
    """Warm up, measure in rounds, print the table."""
    with tempfile.TemporaryDirectory() as folder:
        measured = list(starts(Path(folder)))
        for start in measured:
            succeed(start.arguments)
        costs = {start.name: [] for start in measured}
        for _ in range(runs):
            for start in measured:
                costs[start.name].append(cost(start.arguments))
    print("| start | CPU s | s | peak MB | x | at most |\n|---|---:|---:|---:|---:|---:|")
    for start in measured:
        print(row(start, costs))
    if hasattr(os, "wait4"):  # a process takes over the peak of the one that starts it
        print(f"\nPeaks below {peak_memory() / 1e6:.0f} MB, that of this benchmark, are not seen.")


if __name__ == "__main__":
    sys.exit(main())
