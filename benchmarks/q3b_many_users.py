"""Q3b with more users than vote: what a list takes, and what a worker holds, on two workers.

\b
    python benchmarks/q3b_many_users.py
    python benchmarks/q3b_many_users.py --users 500000 --users 2000000

The users are drawn from a seed in the shape of Last.fm 360K, 48 artists a user. Two Dask workers of
one thread choose the settings, fit the vote of as many users as vote, and make the lists of a part
of all users with reasons, by the code of the daily job; the plan for more users is calculated from
that. Seconds are of all processors. No peer is measured: nothing else here runs on a cluster.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import click
import numpy as np
from cluster import MALLOC, ONE_THREAD, peak_memory, processor_seconds
from distributed import Client

sys.path += [str(Path(__file__).resolve().parents[1] / folder) for folder in ("", "Q3b")]

from common.command import Command

from tests.cluster_processes import cluster_of_processes

from job.fit import fitted_on
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from listening.sample.listeners import generated_play_counts
from recommender.blocks import BLOCK
from recommender.popularity import popularity_of

ROOT = Path(__file__).resolve().parents[1]
FILE = SimpleNamespace(writes_on_workers=False)  # a writer that leaves the blocks to the client
PLANNED = (10_000_000, 100_000_000)  # users
BUSY = 0.75  # of the time of a worker, see README.md
WORKERS = 50


class Measured(NamedTuple):
    """Seconds of processors for choice and fit, and for each list; GB of a worker and of plays."""

    users: int
    choice: float
    fit: float
    each_list: float
    worker: float
    plays: float


def measure(users: int, artists: int, voters: int, blocks: int) -> Measured:
    """Run the daily job's arithmetic on two new workers, for the lists of so many blocks."""
    plays = generated_play_counts(users, artists)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        cluster_of_processes(
            Path(scratch), PYTHONPATH=str(ROOT / "Q3b"), **ONE_THREAD, **MALLOC
        ) as cluster,
        Client(cluster.address) as client,
    ):
        settings = RunSettings(voters=voters)
        choice, fit, lists = seconds_of_stages(client, plays, settings, blocks)
        worker = peak_memory(cluster)
    made = min(blocks * BLOCK, users) - BLOCK
    return Measured(users, choice, fit, lists / made, worker, size_of(plays) / 1e9)


def seconds_of_stages(
    client: Client, plays: PlayCounts, settings: RunSettings, blocks: int
) -> np.ndarray:
    """Seconds of processors (3,) of the choice, of the fit with a first block, and of the rest."""
    popularity = popularity_of(plays)
    ends = [processor_seconds()]
    fitted = fitted_on(client, plays, settings)
    fitted.fold_of()
    ends.append(processor_seconds())
    made = fitted.blocks_of(FILE, popularity)
    next(made)
    ends.append(processor_seconds())
    for _ in islice(made, blocks - 1):
        pass
    return np.diff([*ends, processor_seconds()])


def size_of(plays: PlayCounts) -> int:
    """Bytes of all users' plays, ids and profiles."""
    matrix = plays.matrix
    arrays = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    return arrays + int(plays.profiles.memory_usage(deep=True).sum())


def print_plan(measured: Measured) -> None:
    """Print what more users would take: lists by the user, choice and fit once, on one worker."""
    once = (measured.choice + measured.fit) / 3600
    for users in PLANNED:
        lists = users * measured.each_list / 3600
        print(
            f"~{users:,} users: {once + lists:.1f} core hours, {once + lists / WORKERS / BUSY:.2f}"
            f" h on {WORKERS} workers of {measured.worker:.1f} GB; plays of all, on the client: "
            f"{measured.plays * users / measured.users:.1f} GB"
        )


@click.command(cls=Command, help=__doc__)
@click.option(
    "--users",
    type=click.IntRange(2 * BLOCK),
    multiple=True,
    default=[6_000, 12_000],
    help="Users to draw; give it again for another number.",
)
@click.option("--artists", type=click.IntRange(100), default=2_000, help="Artists to draw.")
@click.option("--voters", type=click.IntRange(2), default=3_000, help="Users who vote.")
@click.option("--blocks", type=click.IntRange(2), default=4, help="Blocks of 1,024 lists to make.")
def main(users: tuple[int, ...], artists: int, voters: int, blocks: int) -> None:
    """Measure each number of users, and print the plan by the last."""
    heads = "choice, s", "fit, s", "a list, ms", "worker, GB", "plays, GB"
    print(f"{'users':>10}{'voters':>10}" + "".join(f"{head:>12}" for head in heads))
    for number in users:
        found = measure(number, artists, voters, blocks)
        figures = found.choice, found.fit, found.each_list * 1e3, found.worker, found.plays
        cells = "".join(f"{figure:>12.2f}" for figure in figures)
        print(f"{number:>10,}{min(voters, number):>10,}{cells}", flush=True)
    print_plan(found)


if __name__ == "__main__":
    sys.exit(main())
