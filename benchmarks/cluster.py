"""What a Dask cluster costs and brings: each heavy job without one, on one worker and on two.

\b
    python benchmarks/cluster.py
    python benchmarks/cluster.py --only q2 --rows 20000000 --copies 8
    python benchmarks/cluster.py --only q3b --users 40000 --artists 155424

A worker has one thread. Overhead and efficiency compare with a run that is held to one processor;
the job's usual run, on all of them, is shown besides. The time to start, import and connect is
measured alone and taken off. Overhead is in seconds of processors, of all processes: other work on
the machine changes them least.
Q3a learns from REAL_DATA_DIR's Hong Kong articles, or from sample ones.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from distributed import Client, SchedulerPlugin

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("", "Q2")]

from common.command import Command, OutsideError

from tests.cluster_processes import Cluster, cluster_of_processes

ROOT = Path(__file__).resolve().parents[1]
JOBS = ("q2", "q3a", "q3b")
COUNT = click.IntRange(1)
ONE_THREAD = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}
# As in docker-compose.yml: see MALLOC in Q2/common/cluster.py.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"}
START = """
import sys
sys.path.insert(0, sys.argv[1])
__import__(sys.argv[2])
from common.cluster import connected
with connected(sys.argv[3]):
    pass
"""


@dataclass(frozen=True)
class Job:
    """A script with a large task, and with a small one that loads what is loaded once."""

    name: str
    script: str
    module: str  # which loads what the script loads when work begins
    large: list[str]
    small: list[str]
    database: Path | None = None  # which holds the answer, if standard output does not

    def answer(self, output: bytes) -> str:
        """A digest of what the run found."""
        if not self.database:
            return hashlib.sha256(output).hexdigest()
        with sqlite3.connect(self.database) as store:
            number = store.execute("SELECT current FROM pointer").fetchone()[0]
            rows = store.execute(f"SELECT * FROM users_{number} ORDER BY user_id").fetchall()  # noqa: S608
        return hashlib.sha256(repr(rows).encode()).hexdigest()


@dataclass(frozen=True)
class Timing:
    """Seconds of the clock of a whole run and of its start alone, seconds of all processors in the
    run without its start, and a digest of its answer."""

    whole: float
    start: float
    processor: float
    answer: str

    @property
    def work(self) -> float:
        return self.whole - self.start


class Counted(SchedulerPlugin):
    """Counts the tasks that are done and the bytes of their results."""

    name = "counted"

    def __init__(self):
        self.tasks = self.results = 0

    def transition(self, key, start, finish, *args, nbytes=None, **kwargs):
        """Called by the scheduler for every change of a task's state."""
        if start == "processing" and finish == "memory":
            self.tasks += 1
            self.results += nbytes or 0


def processor_seconds() -> float:
    """Seconds of all processors that this process's children have had, those that ended too."""
    ended = psutil.Process().cpu_times()
    seconds = ended.children_user + ended.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def succeed(*arguments: str, before: Sequence[str] = (), **variables: str) -> bytes:
    """Run Python and return its output. Raises OutsideError, with its last line, if it fails."""
    finished = subprocess.run(
        [*before, sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
    )
    if finished.returncode:
        last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise OutsideError(f"{arguments[0]} ended with exit code {finished.returncode}: {last}")
    return finished.stdout


def timed(job: Job, address: str = "", one_core: bool = False) -> Timing:
    """Run a job, and its start alone."""
    pinned = ["taskset", "--cpu-list", "0"] if one_core else []
    variables = ONE_THREAD if one_core or address else {}

    def run(*arguments: str) -> tuple[float, float, bytes]:
        start, before = time.perf_counter(), processor_seconds()
        output = succeed(*arguments, before=pinned, **variables)
        return time.perf_counter() - start, processor_seconds() - before, output

    folder = ROOT / Path(job.script).parent
    start, loading, _ = run("-c", START, str(folder), job.module, address)
    cluster = ["--cluster", address] if address else []
    whole, processor, output = run(job.script, *job.large, *cluster)
    return Timing(whole, start, processor - loading, job.answer(output))


def moved(cluster: Cluster) -> dict[str, int]:
    """What Dask has counted so far, and the bytes that went over this machine's own network."""

    def sums(dask_worker) -> tuple[int, int]:
        logs = dask_worker.transfer_incoming_log, dask_worker.transfer_outgoing_log
        return tuple(sum(entry["total"] for entry in log) for log in logs)

    def counts(dask_scheduler) -> tuple[int, int]:
        counted = dask_scheduler.plugins["counted"]
        return counted.tasks, counted.results

    with Client(cluster.address, set_as_default=False) as client:
        tasks, results = client.run_on_scheduler(counts)
        between, taken = map(sum, zip(*client.run(sums).values(), strict=True))
    loopback = psutil.net_io_counters(pernic=True)
    wire = sum(loopback[name].bytes_sent for name in ("lo", "lo0") if name in loopback)
    return {
        "tasks": tasks,
        "results": results,
        "between workers": between,
        "to the client": taken - between,
        "on the wire": wire,
    }


def peak_memory(cluster: Cluster) -> float:
    """The most that a worker has held, GB."""

    def peak() -> int:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # bytes, on Linux

    with Client(cluster.address, set_as_default=False) as client:
        return max(client.run(peak).values()) / 1e9


def measure(job: Job) -> None:
    """Print what a job takes without a cluster and on one and two workers."""
    if not shutil.which("taskset"):
        raise OutsideError("the program taskset, which holds a run to one core, is not installed")
    succeed(job.script, *job.small)  # compiles the kernels
    usual, alone = timed(job), timed(job, one_core=True)
    folder = str(ROOT / Path(job.script).parent)  # as in the job's image
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        cluster_of_processes(Path(scratch), PYTHONPATH=folder, **ONE_THREAD, **MALLOC) as cluster,
    ):
        succeed(job.script, *job.small, "--cluster", cluster.address)
        with Client(cluster.address, set_as_default=False) as client:
            client.register_plugin(Counted())
        before = moved(cluster)
        two = timed(job, cluster.address)
        counts = {name: count - before[name] for name, count in moved(cluster).items()}
        memory = peak_memory(cluster)
        cluster.processes.pop().terminate()
        time.sleep(5)
        one = timed(job, cluster.address)
    heads = f"{'whole':>8}{'start':>8}{'work':>8}{'processors':>12}"
    print(f"\n{job.name + ', seconds':<36}{heads}")
    for name, timing in (
        ("without a cluster, as usual", usual),
        ("without a cluster, one core", alone),
        ("one worker", one),
        ("two workers", two),
    ):
        clock = f"{timing.whole:>8.1f}{timing.start:>8.1f}{timing.work:>8.1f}"
        print(f"  {name:<34}{clock}{timing.processor:>12.1f}")
    print(f"  overhead of one worker {one.processor / alone.processor - 1:+.0%}", end=", ")
    print(f"efficiency on two {alone.work / two.work / 2:.0%}", end="; ")
    same = usual.answer == alone.answer == one.answer == two.answer
    print("same answer, byte for byte" if same else "ANSWERS DIFFER")
    tasks = counts.pop("tasks")
    each = ", ".join(f"{name} {count / tasks / 1e3:,.1f}" for name, count in counts.items())
    print(f"  {tasks:,} tasks; KB for each: {each}; a worker's memory at most {memory:.2f} GB")
    if not same:
        raise SystemExit(1)


def cdn_job(folder: Path, rows: int, number_of_copies: int) -> Job:
    """Q2's total by extension: a log, and copies of it that are links."""
    log, copies = folder / "log.tsv", folder / "logs"
    with log.open("w", encoding="utf-8") as file:
        for number in range(1000):
            row = f"2017-08-24\t10:{number % 60:02}:00\t{number}00\t/a/{number}/picture.jpg\n"
            file.write(row * (rows // 1000))
    copies.mkdir()
    for number in range(number_of_copies):
        os.link(log, copies / f"{number}.tsv")
    size = log.stat().st_size * number_of_copies / 1e9
    return Job(
        f"Q2, {size:.1f} GB",
        "Q2/raw_data_analytics.py",
        "traffic.answer",
        [str(copies), "--by", "extension"],
        ["--by", "extension"],
    )


def tagger_job(folder: Path) -> Job:
    """Q3a's whole search and nested evaluation."""
    articles = Path(os.environ.get("REAL_DATA_DIR", "")) / "q3a" / "hk01-2021-silver.csv"
    real = ["--train", str(articles)] if articles.is_file() else []
    quiet = ["--importance", "model", "--format", "json"]
    return Job(
        "Q3a, 685 articles of hk01" if real else "Q3a, sample articles",
        "Q3a/tagging_prediction.py",
        "tagger.search",
        [*quiet, *real, "--output", str(folder / "tagged.csv")],
        [*quiet, "--model", "linear", "--output", str(folder / "small.csv")],
    )


def recommender_job(folder: Path, users: int, artists: int) -> Job:
    """Q3b's daily job by the default cosine, into SQLite."""
    listeners, database = folder / "listeners", folder / "recommendations.db"
    sizes = ["--users", str(users), "--artists", str(artists)]
    succeed("Q3b/generate_listeners.py", "--output", str(listeners), *sizes)
    plays, profiles = sorted(listeners.iterdir())
    return Job(
        f"Q3b, {users:,} users by cosine",
        "Q3b/recommend_daily.py",
        "job.run",
        ["--plays", str(plays), "--profiles", str(profiles), "--store", f"sqlite:///{database}"],
        ["--store", f"sqlite:///{folder / 'small.db'}"],
        database,
    )


@click.command(cls=Command, help=__doc__)
@click.option(
    "--only",
    type=click.Choice(JOBS),
    multiple=True,
    default=JOBS,
    help="Measure this job; give it again for another.",
)
@click.option("--rows", type=click.IntRange(1000), default=1_000_000, help="Rows of Q2's log.")
@click.option("--copies", type=COUNT, default=20, help="Copies of Q2's log.")
@click.option("--users", type=COUNT, default=3_000, help="Listeners of Q3b.")
@click.option("--artists", type=COUNT, default=2_000, help="Artists of Q3b.")
def main(only: tuple[str, ...], rows: int, copies: int, users: int, artists: int) -> None:
    """Write the input of each job and measure it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = name  # what the jobs keep there ends with the folder
        makers = {
            "q2": lambda: cdn_job(folder, rows, copies),
            "q3a": lambda: tagger_job(folder),
            "q3b": lambda: recommender_job(folder, users, artists),
        }
        for job in only:
            measure(makers[job]())


if __name__ == "__main__":
    sys.exit(main())
