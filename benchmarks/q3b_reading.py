"""Reading the Last.fm 360K files: ours, from the text and from what is kept of it, and pandas.

\b
    python benchmarks/q3b_reading.py
    python benchmarks/q3b_reading.py --users 359347 --artists 155424 --runs 3

The files are generated, in the shape of the real ones (17.4 million rows, 1.5 GB at the size of the
second line). Every way ends with the same sparse matrix of plays; every run is a process of its
own, so that its peak memory is its own. Imports are not counted. Seconds are medians.
"""

import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd
from comparisons import note
from process_memory import peak_memory
from scipy.sparse import csr_array

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command, OutsideError

from listening.cache import cache_of
from listening.lastfm import PLAYS_COLUMNS, PLAYS_FILE, SHA1, read_plays
from listening.play_counts import plays_matrix
from listening.sample.files import write_listeners


def ours(path: Path) -> csr_array:
    """This project, from the text; it keeps the clean plays on the way."""
    cache_of(path).unlink(missing_ok=True)
    return read_plays(path)[0].matrix


def ours_kept(path: Path) -> csr_array:
    """This project, from the plays kept by the run before."""
    return read_plays(path)[0].matrix


def with_pandas(path: Path) -> csr_array:
    """pandas with the same rules: no quotes, no missing values, sha1 users, plays above 0."""
    rows = pd.read_csv(
        path,
        sep="\t",
        names=PLAYS_COLUMNS,
        quoting=csv.QUOTE_NONE,
        keep_default_na=False,
        encoding="utf-8",
    )
    rows = rows[rows["user"].str.fullmatch(SHA1) & (rows["plays"] > 0)]
    artists = rows["mbid"].where(rows["mbid"] != "", rows["name"])
    users, user_ids = pd.factorize(rows["user"], sort=True)
    columns, artist_ids = pd.factorize(artists, sort=True)
    return plays_matrix(users, columns, rows["plays"], (len(user_ids), len(artist_ids)))


WAYS = {"ours": ours, "ours, kept": ours_kept, "pandas": with_pandas}


def measured(read: Callable[[Path], csr_array], path: Path) -> dict:
    """Read once and return seconds, CPU seconds, peak memory in GB and what was read."""
    start, start_cpu = time.perf_counter(), time.process_time()
    matrix = read(path)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    checked = [*map(int, matrix.shape), int(matrix.nnz), float(matrix.sum(dtype=np.float64))]
    return {"seconds": seconds, "cpu": cpu, "peak": peak_memory() / 1e9, "read": checked}


def in_a_process(way: str, path: Path) -> dict:
    """What `measured` returns, from a new process."""
    finished = subprocess.run(
        [sys.executable, __file__, "--way", way, "--file", path], capture_output=True, text=True
    )
    if finished.returncode:
        raise OutsideError(f"{way}: {finished.stderr.strip().splitlines()[-1]}")
    return json.loads(finished.stdout)


def compare(path: Path, runs: int) -> None:
    """Print one line for each way, and the ratio of its seconds to ours."""
    print(f"{path.stat().st_size / 1e9:.2f} GB, {runs} runs each")
    print(f"{'way':12}{'seconds':>9}{'CPU s':>8}{'peak GB':>9}{'ratio':>7}")
    first, cpu = None, {}
    for way in WAYS:
        results = [in_a_process(way, path) for _ in range(runs)]
        median = {
            name: statistics.median(result[name] for result in results)
            for name in ("seconds", "cpu", "peak")
        }
        cpu[way] = median["cpu"]
        first = first or (median["seconds"], results[0]["read"])
        assert results[0]["read"] == first[1], f"{way} read something else"
        print(
            f"{way:12}{median['seconds']:9.1f}{median['cpu']:8.1f}{median['peak']:9.2f}"
            f"{median['seconds'] / first[0]:7.2f}"
        )
    work = f"Q3b reading {path.stat().st_size / 1e9:.1f} GB of plays"
    note(work, "CPU s", cpu["ours"], {"pandas": cpu["pandas"]})


@click.command(cls=Command, help=__doc__)
@click.option("--users", type=click.IntRange(1), default=30_000, help="Number of listeners.")
@click.option("--artists", type=click.IntRange(1), default=15_000, help="Number of artists.")
@click.option("--runs", type=click.IntRange(1), default=3, help="Runs of each way.")
@click.option("--seed", type=click.IntRange(0), default=360, help="Seed of the listeners.")
@click.option("--way", type=click.Choice(list(WAYS)), hidden=True)
@click.option("--file", type=click.Path(path_type=Path), hidden=True)
def main(
    users: int, artists: int, runs: int, seed: int, way: str | None, file: Path | None
) -> None:
    """Generate the files, read them in each way and print the comparison."""
    if way:
        print(json.dumps(measured(WAYS[way], file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_listeners(Path(folder), users, artists, seed)
        try:
            compare(Path(folder) / PLAYS_FILE, runs)
        finally:
            cache_of(Path(folder) / PLAYS_FILE).unlink(missing_ok=True)  # it may be elsewhere


if __name__ == "__main__":
    sys.exit(main())
