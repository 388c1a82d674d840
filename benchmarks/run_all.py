"""All benchmarks one after the other, at small sizes or the stated ones, into one report.

\b
    python benchmarks/run_all.py                    small sizes, some minutes
    python benchmarks/run_all.py --full             the stated sizes, two hours
    python benchmarks/run_all.py --only q1_retention --only q2_cdn_log

The report is Markdown: the machine and the date, one table of what ours takes next to the best of
its peers, in which those rows come first that a peer wins, one row a benchmark, and below what each
of them printed. REAL_DATA_DIR names the folder of real data, for those that use it.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
from comparisons import FILE_VARIABLE, comparison_table, noted

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q1"))

from common.command import Command, OutsideError

from common.output import new_file, replacing

FOLDER = Path(__file__).resolve().parent
ARTISTS = 155_424
LISTENERS = f"--users 359347 --artists {ARTISTS}"  # the shape of Last.fm 360K
SMALL_SIZES = {  # of those that would take more than two or three minutes
    "q3a_tagger": "--parts segmentation --parts search --parts scale",
}
STATED_SIZES = {
    "startup": "--runs 21",
    "q1_retention": "--events 10000000 --users 1000000 --day-events 1000000",
    "q1_servers": "--events 10000000 --users 1000000",
    "q2_cdn_log": "--rows 20000000 --scaling 1 --scaling 2 --scaling 4 --scaling 8",
    "q3a_tagger": "--articles 1000000",
    "q3b_reading": f"{LISTENERS} --runs 3",
    "q3b_neighbours": "--users 45000 --users 85657 --users 180000 --users 359347 "
    "--classic 34000 --classic 85657",
    "q3b_many_users": "--users 500000 --users 2000000 --voters 500000 --blocks 40 "
    f"--artists {ARTISTS}",
    "q3b_voters": f"--users 60000 --artists {ARTISTS}",
    "q3b_store": f"{LISTENERS} --text-runs 1",
    "q3b_api": "--users 60000 --requests 100000",
    "q3b_taste": LISTENERS,
    "q3b_taste_http": LISTENERS,
    "cluster": f"--rows 20000000 --copies 8 --users 60000 --artists {ARTISTS}",
}


@dataclass(frozen=True)
class Run:
    """One benchmark: its command, the seconds it took, its exit code and what it printed."""

    command: str
    seconds: float
    exit_code: int
    output: str


@click.command(cls=Command, help=__doc__)
@click.option("--full", is_flag=True, help="Run the stated sizes instead of small ones.")
@click.option(
    "--only",
    type=click.Choice(list(STATED_SIZES)),
    multiple=True,
    default=list(STATED_SIZES),
    show_default="all",
    help="Run this benchmark; give it again for another.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.md",
    default="last_run.md",
    callback=new_file,
    help="Write the report to this file.",
)
def main(full: bool, only: tuple[str, ...], output: Path) -> None:
    """Run the benchmarks, show what they print, and write the report."""
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "comparisons.jsonl"
        notes.touch()
        runs = [run(name, full, notes) for name in only]
        comparisons = comparison_table(noted(notes))
    with replacing(output) as path:
        path.write_text(report(runs, comparisons), encoding="utf-8")
    print(f"\n{table(runs)}\n\n{comparisons}")
    if failed := [run.command for run in runs if run.exit_code]:
        raise OutsideError(f"these failed: {'; '.join(failed)}")


def run(name: str, full: bool, notes: Path) -> Run:
    """Run one benchmark as a process of its own, its output shown as it comes.

    It adds what ours takes next to its peers to the file of notes.
    """
    arguments = (STATED_SIZES if full else SMALL_SIZES).get(name, "").split()
    shown = " ".join(["python", f"benchmarks/{name}.py", *arguments])
    print(f"\n== {shown} ==", flush=True)
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, str(FOLDER / f"{name}.py"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1", FILE_VARIABLE: str(notes)},
    ) as process:
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return Run(shown, time.perf_counter() - start, process.returncode, "".join(lines))


def table(runs: Iterable[Run]) -> str:
    """One row a benchmark, as Markdown."""
    rows = ["| benchmark | seconds | |", "|---|---:|---|"]
    for run in runs:
        state = f"failed, exit {run.exit_code}" if run.exit_code else "ran"
        rows.append(f"| `{run.command}` | {run.seconds:,.0f} | {state} |")
    return "\n".join(rows)


def report(runs: Sequence[Run], comparisons: str) -> str:
    """The tables, and under them the output of every benchmark, as Markdown."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    parts = [f"# Benchmarks, {date.today().isoformat()}", machine, comparisons, table(runs)]
    parts += [f"## {run.command}\n\n```\n{run.output.strip()}\n```" for run in runs]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
