"""Q3b at scale: both methods of recommending, against the classic way.

\b
    python benchmarks/q3b_neighbours.py
    python benchmarks/q3b_neighbours.py --users 180000 --users 359347 \\
        --classic 34000 --classic 85657
    python benchmarks/q3b_neighbours.py --only damped --users 45000 --users 90000 --users 180000

The users are drawn from a seed in the shape of Last.fm 360K: 155,424 artists, 48 a user. The
classic way is scikit-learn's brute force and a loop over users; it is run on few users and each of
its stages extrapolated along the power law through its two largest runs, which is marked by "~".
Every run is a process of its own: its peak memory counts drawing the users and compiling, its
seconds do not. CPU seconds are of all threads; growth and ratios are theirs, since other work on
the machine changes them least. Growth is by stage and in all, for each doubling of the users.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from comparisons import note
from process_memory import peak_memory
from scipy.sparse import csr_matrix, hstack
from tqdm import tqdm

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command, OutsideError

from job.fold import held_out, sample_of
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from listening.sample.listeners import generated_play_counts
from recommender import damped_vote
from recommender.blocks import Asked, recommendation_blocks
from recommender.features import normalised_plays, scaled_age
from recommender.methods import ByPlays
from recommender.neighbours import nearest_neighbours
from recommender.popularity import popularity_of
from recommender.reference import recommend as recommend_classic
from recommender.reference import similarity_weights

ARTISTS = 155_424
EUCLIDEAN_K, TOP = 100, 20


class Clock:
    """Wall and CPU seconds of named stages, and the peak GiB until the end of each."""

    def __init__(self):
        self.stages: dict[str, tuple[float, float, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        seconds = time.perf_counter() - wall, time.process_time() - cpu
        self.stages[name] = (*seconds, peak_memory() / 2**30)


def run_classic(data: PlayCounts, clock: Clock) -> None:
    """Compare all pairs with scikit-learn, then recommend to one user after the other."""
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import OneHotEncoder

    with clock.stage("neighbours"):
        age = csr_matrix(scaled_age(data.profiles["age"])[:, None])
        country = OneHotEncoder().fit_transform(data.profiles[["country"]])
        features = hstack([normalised_plays(data.matrix), age, country], format="csr")
        search = NearestNeighbors(n_neighbors=EUCLIDEAN_K, algorithm="brute").fit(features)
        distances, ids = search.kneighbors()
    with clock.stage("recommendations"):
        weights = similarity_weights(distances)
        shares, heard = csr_matrix(normalised_plays(data.matrix)), csr_matrix(data.matrix)
        for user in range(len(ids)):
            votes = csr_matrix(weights[user]) @ shares[ids[user]] / weights[user].sum()
            scores = votes.toarray()[0]
            scores[heard[user].indices] = -1
            np.argsort(-scores, kind="stable")[:TOP]


def run_euclidean(data: PlayCounts, clock: Clock) -> None:
    """The classic method by our exact search."""
    with clock.stage("neighbours"):
        neighbours = nearest_neighbours(
            normalised_plays(data.matrix),
            EUCLIDEAN_K,
            age=scaled_age(data.profiles["age"]),
            country=data.profiles["country"],
        )
    with clock.stage("recommendations"):
        recommend_classic(data.matrix, neighbours, TOP)


def run_damped(data: PlayCounts, clock: Clock) -> None:
    """Our default, the damped vote, as the daily job runs it: all lists with their reasons."""
    with clock.stage("settings on the fold"):
        settings = held_out(sample_of(data, RunSettings()), RunSettings()).settings
    with clock.stage("shared tastes"):
        known = damped_vote.prepared(data.matrix)
    with clock.stage("votes by artist"):
        model = ByPlays(damped_vote.fit(known, settings), np.arange(len(data.users)))
        del known
    with clock.stage("lists with reasons"):
        for _ in recommendation_blocks(model, data, popularity_of(data), Asked(TOP)):
            pass


RUNS: dict[str, Callable[[PlayCounts, Clock], None]] = {
    "classic": run_classic,
    "euclidean": run_euclidean,
    "damped": run_damped,
}


def run_here(name: str, users: int, seed: int) -> dict:
    """Run one way on so many users, with everything compiled; return stages and peak GiB."""
    RUNS[name](generated_play_counts(300, 200, seed), Clock())
    data = generated_play_counts(users, ARTISTS, seed)
    clock = Clock()
    RUNS[name](data, clock)
    return {
        "way": name,
        "users": users,
        "entries": int(data.matrix.nnz),
        "stages": clock.stages,
        "peak": peak_memory() / 2**30,
    }


def run_apart(name: str, users: int, seed: int) -> dict:
    """Run one way in a process of its own."""
    own = [sys.executable, __file__, "--run", name, str(users), "--seed", str(seed)]
    finished = subprocess.run(own, capture_output=True, encoding="utf-8")
    if finished.returncode:
        raise OutsideError(f"{name} on {users} users: {finished.stderr.strip()[-300:]}")
    return json.loads(finished.stdout)


def seconds(result: dict, kind: int = 1) -> float:
    """A run's seconds of all stages; kind 0: wall, 1: CPU."""
    return sum(figures[kind] for figures in result["stages"].values())


def print_result(result: dict) -> None:
    """Print one run, a line a stage."""
    total = seconds(result, 0), seconds(result), result["peak"]
    for name, (wall, cpu, peak) in (result["stages"] | {"all": total}).items():
        figures = f"{wall:>9.1f}{cpu:>9.1f}{peak:>9.2f}"
        print(f"{result['way']:<16}{result['users']:>9,}  {name:<26}{figures}")


def two_largest(results: list[dict]) -> list[dict]:
    """A way's two largest runs, the larger one last."""
    return sorted(results, key=lambda result: result["users"])[-2:]


def doubled(small: dict, large: dict) -> dict[str, float]:
    """How many times the CPU seconds of each stage, and of all, a doubling of the users takes."""
    doublings = np.log2(large["users"] / small["users"])
    ratios = {
        name: cpu / small["stages"][name][1] for name, (_, cpu, _) in large["stages"].items()
    } | {"all": seconds(large) / seconds(small)}
    return {name: float(ratio ** (1 / doublings)) for name, ratio in ratios.items()}


def print_growth(name: str, results: list[dict]) -> None:
    """Print how a way grows from each number of users to the next."""
    for small, large in pairwise(sorted(results, key=lambda result: result["users"])):
        stages = ", ".join(f"{of} {times:.2f}" for of, times in doubled(small, large).items())
        print(f"growth of {name}, {small['users']:,} to {large['users']:,}, a doubling: {stages}")


def extrapolated(results: list[dict], users: int) -> float:
    """CPU seconds for a number of users: each stage grows as between the two largest runs."""
    small, large = two_largest(results)
    times, step = users / large["users"], np.log(large["users"] / small["users"])
    total = 0.0
    for name, (_, cpu, _) in large["stages"].items():
        power = np.log(cpu / small["stages"][name][1]) / step
        total += cpu * times**power
    return total


def print_comparison(results: list[dict]) -> None:
    """Print how each way grows, and how many times the classic way's seconds ours are."""
    by_way = {name: [one for one in results if one["way"] == name] for name in RUNS}
    for name, runs in by_way.items():
        print_growth(name, runs)
    if len(by_way["classic"]) < 2:
        return
    _, largest = two_largest(by_way["classic"])
    for run in [*by_way["euclidean"], *by_way["damped"]]:
        expected = extrapolated(by_way["classic"], run["users"])
        mark = "" if run["users"] == largest["users"] else "~"
        ratio = expected / seconds(run)
        work = f"Q3b {run['way']}, {run['users']:,} users"
        note(work, "CPU s", seconds(run), {f"{mark}classic": expected})
        print(
            f"{run['way']} on {run['users']:,} users: {seconds(run):.1f} CPU s,"
            f" classic {mark}{expected:.0f} s: {mark}{ratio:.0f} times as fast"
        )


def sizes(name: str, users: list[int], help: str) -> Callable:
    """An option for numbers of users."""
    help = f"{help}; give it again for another number, 0 for none."
    return click.option(name, type=click.IntRange(0), multiple=True, default=users, help=help)


@click.command(cls=Command, help=__doc__)
@sizes("--users", [4000, 8000], "Users for ours")
@sizes("--classic", [2000, 4000], "Users for the classic way")
@click.option(
    "--only",
    type=click.Choice(list(RUNS)),
    multiple=True,
    default=list(RUNS),
    help="Run this way; give it again for another.",
)
@click.option("--seed", type=click.IntRange(0), default=360, help="Seed of the drawn users.")
@click.option(
    "--run",
    type=(click.Choice(list(RUNS)), click.IntRange(1)),
    metavar="WAY N",
    help="Run one way on N users in this process and print the figures as JSON.",
)
def main(users, classic, only: tuple[str, ...], seed: int, run: tuple[str, int] | None) -> None:
    """Run each way on each number of users, and print the comparison."""
    if run:
        print(json.dumps(run_here(*run, seed)))
        return
    ways = {"classic": classic, "euclidean": users, "damped": users}
    plan = [(name, number) for name in only for number in ways[name] if number]
    print(f"{'way':<16}{'users':>9}  {'stage':<26}{'wall s':>9}{'CPU s':>9}{'peak GiB':>9}")
    results = []
    for name, number in tqdm(plan, unit="run", disable=None):
        results.append(run_apart(name, number, seed))
        print_result(results[-1])
        sys.stdout.flush()
    print_comparison(results)


if __name__ == "__main__":
    sys.exit(main())
