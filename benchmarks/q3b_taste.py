"""Recommendations for the taste of a request at the full size: the index's bytes, time, memory.

One thread, no server: what POST /recommendations computes, from the ids to the JSON. The peer is a
user-based nearest-neighbour recommender as a web app usually has it: SciPy's sparse products over
all users' rows, the 100 nearest users' votes added up.
"""

import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import orjson
import psutil
from scipy.sparse import csr_array

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command

from listening.sample.listeners import generated_play_counts
from recommender.damped_vote import Settings, fit
from recommender.neighbours import unit_rows
from store.items import recommended_items
from store.protocol import Catalogue
from taste.index import open_index
from taste.scores import own_of, recommended
from taste.written import write_index

PEER_NEIGHBOURS = 100


def answer(index, ids: list[str], plays: np.ndarray) -> bytes:
    """What the API answers for plays."""
    artists = np.array([index.number_of(item) for item in ids])
    _, found = recommended(index, own_of(index, artists, plays), 20)
    return orjson.dumps(recommended_items(index.shown, index.named, found))


def peer_answer(users: csr_array, transposed: csr_array, row: csr_array) -> np.ndarray:
    """The 20 best artists of the nearest users."""
    similar = np.asarray((row @ transposed).todense()).ravel()
    nearest = np.argpartition(-similar, PEER_NEIGHBOURS)[:PEER_NEIGHBOURS]
    scores = similar[nearest] @ users[nearest]
    scores[row.indices] = 0
    return np.argsort(-scores)[:20]


def own_memory() -> int:
    """Bytes of this process besides pages of files, which all processes share (Linux)."""
    memory = psutil.Process().memory_info()
    return memory.rss - memory.shared


def seconds_of(calls) -> np.ndarray:
    """CPU seconds of each call, in this thread."""
    found = []
    for call in calls:
        start = time.thread_time()
        call()
        found.append(time.thread_time() - start)
    return np.array(found)


def shown(name: str, seconds: np.ndarray) -> str:
    """Median and p99 in milliseconds."""
    median, late = 1000 * np.percentile(seconds, [50, 99])
    return f"{name:<24}{median:>10.1f}{late:>10.1f}"


def written(plays, folder: Path) -> None:
    """Fit the model and write its index."""
    start = time.process_time()
    model = fit(plays.matrix, Settings())
    fitted = time.process_time()
    write_index(model, Catalogue(plays.artists, plays.artist_names), folder)
    click.echo(f"fit {fitted - start:.1f} CPU s, index {time.process_time() - fitted:.1f} CPU s")


def measured(plays, folder: Path, requests: int) -> None:
    """Measure requests of users drawn, ours twice: the first time pages may have to be mapped."""
    index = open_index(folder)
    rows = np.random.default_rng(2).choice(len(plays.users), requests, replace=False)
    asked = [plays.matrix[[row]] for row in rows]
    ids = [[str(plays.artists[artist]) for artist in row.indices] for row in asked]
    pairs = list(zip(ids, asked, strict=True))
    before = own_memory()
    first, again = (
        seconds_of(lambda one=one: answer(index, one[0], one[1].data) for one in pairs)
        for _ in range(2)
    )
    own = own_memory() - before
    everyone = unit_rows(plays.matrix)
    transposed = csr_array(everyone.T)
    peer = seconds_of(
        lambda row=row: peer_answer(everyone, transposed, unit_rows(row)) for row in asked[:100]
    )
    click.echo(f"memory of a process besides the pages that all share: {own / 2**20:.0f} MiB")
    click.echo(f"{'CPU ms a request':<24}{'median':>10}{'p99':>10}")
    for name, seconds in (("first time", first), ("again", again), ("nearest users, SciPy", peer)):
        click.echo(shown(name, seconds))


@click.command(cls=Command)
@click.option("--users", type=click.IntRange(200), default=20_000, help="Users to draw.")
@click.option("--artists", type=click.IntRange(100), default=20_000, help="Artists to draw.")
@click.option("--requests", type=click.IntRange(1, 200), default=200, help="Requests of each way.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Folder to write the index into, or with one from before; a temporary one by default.",
)
def main(users: int, artists: int, requests: int, folder: Path | None):
    """Measure the index of drawn listeners: its bytes, a request's CPU time, memory."""
    plays = generated_play_counts(users, artists, seed=1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = folder or Path(temporary) / "index"
        if not folder.exists():
            folder.mkdir(parents=True)
            written(plays, folder)
        size = sum(file.stat().st_size for file in folder.iterdir())
        click.echo(f"{users:,} users, {artists:,} artists, index {size / 2**30:.2f} GiB")
        measured(plays, folder, requests)


if __name__ == "__main__":
    main()
