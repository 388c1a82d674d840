"""How fast recommendations are written to the SQLite store and read back.

\b
    python benchmarks/q3b_store.py
    python benchmarks/q3b_store.py --users 359347 --artists 155424 --text-runs 1

The sets are drawn from a seed in the shape of a daily run: 20 artists a user, three reasons each,
and 10 top artists. The peer keeps the same items the usual way, one JSON text a user in a table of
SQLite with the same settings. Times are those of a whole publication: making rows, writing,
indexing, and the disk. Reading is by random users, all of them known.
"""

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import numpy as np
from comparisons import note
from process_memory import peak_memory

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command

from recommender.lists import REASONS, RECOMMENDATION, TOP_ARTIST, Block, RuleList
from store.items import played_items, recommended_items, user_item
from store.protocol import Catalogue, new_run
from store.sqlite.file import CACHE_KIB, PAGE_BYTES
from store.url import open_store

BLOCK = 4096  # users
TOP, PLAYED = 20, 10  # artists per user
READ = 5_000  # users
MAPPED_BYTES = 1 << 30  # of the peer's file


def random_catalogue(artists: int) -> Catalogue:
    """Artists with names and MBIDs of the usual lengths."""
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(artists)]
    names = [f"The Artist No. {number}" for number in range(artists)]
    return Catalogue(np.array(ids, dtype=object), np.array(names, dtype=object))


def random_recommendations(random: np.random.Generator, number: int, artists: int) -> np.ndarray:
    """(number,) recommendations with all their reasons."""
    rows = np.zeros(number, RECOMMENDATION)
    rows["artist"] = random.integers(artists, size=number)
    rows["score"] = random.random(number)
    rows["because_artist"] = random.integers(artists, size=(number, REASONS))
    rows["because_share"] = random.random((number, REASONS))
    rows["because_listeners"] = random.integers(250, size=(number, REASONS))
    return rows


def random_blocks(users: int, artists: int, seed: int) -> list[Block]:
    """Blocks of users with ids in random order."""
    random = np.random.default_rng(seed)
    return [
        random_block(random, min(BLOCK, users - first), artists) for first in range(0, users, BLOCK)
    ]


def random_block(random: np.random.Generator, users: int, artists: int) -> Block:
    """One block."""
    digits = random.bytes(20 * users).hex()
    top = np.zeros(users * PLAYED, TOP_ARTIST)
    top["artist"] = random.integers(artists, size=len(top))
    top["plays"] = random.integers(1, 5000, size=len(top))
    return Block(
        users=[digits[start : start + 40] for start in range(0, 40 * users, 40)],
        rules=["neighbours"] * users,
        neighbours=np.full(users, 250),
        recommendations=random_recommendations(random, users * TOP, artists),
        recommendation_starts=np.arange(0, users * TOP + 1, TOP),
        top_artists=top,
        top_starts=np.arange(0, users * PLAYED + 1, PLAYED),
        lists=[None] * users,
    )


def write_packed(path: Path, blocks: list[Block], catalogue: Catalogue) -> None:
    """Publish the blocks in the store."""
    store = open_store(f"sqlite:///{path}", create=True)
    run = new_run()
    with store.lock(), store.begin(run, catalogue) as writer:
        writer.write_lists([RuleList("", "", blocks[0].recommendations[:TOP])])
        for block in blocks:
            writer.write(block)
        writer.finish(run)
    store.publish(run)


def read_packed(path: Path, users: list[str]) -> None:
    """Read items from the store."""
    store = open_store(f"sqlite:///{path}")
    for user in users:
        store.user(user)
    store.close()


def write_texts(path: Path, blocks: list[Block], catalogue: Catalogue) -> None:
    """Write the blocks as JSON texts."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("CREATE TABLE items (user_id TEXT, item TEXT)")
    for block in blocks:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO items VALUES (?, ?)", texts(block, catalogue))
        connection.execute("COMMIT")
    connection.execute("CREATE UNIQUE INDEX user ON items (user_id)")
    connection.close()


def texts(block: Block, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Each user's item as JSON."""
    run = new_run()
    for user, rule, neighbours, recommendations, top, _ in block.slices():
        artists = recommended_items(catalogue.recommended, catalogue.item, recommendations)
        played = played_items(catalogue.item, top)
        yield user, json.dumps(user_item(run, user, rule, neighbours, artists, played))


def read_texts(path: Path, users: list[str]) -> None:
    """Read items from JSON texts."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        for user in users:
            query = "SELECT item FROM items WHERE user_id = ?"
            json.loads(connection.execute(query, [user]).fetchone()[0])


def seconds(function: Callable, *arguments) -> tuple[float, float]:
    """Seconds of one call by the clock, and of the processor in this process."""
    start, busy = time.perf_counter(), time.process_time()
    function(*arguments)
    return time.perf_counter() - start, time.process_time() - busy


def measure(write: Callable, read: Callable, blocks: list[Block], catalogue: Catalogue, runs: int):
    """Medians of users written a second and a CPU second, and microseconds to read one; bytes."""
    random = np.random.default_rng(0)
    users = [user for block in blocks for user in block.users]
    read_users = [users[number] for number in random.integers(len(users), size=READ)]
    writing, working, reading = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "recommendations.db"
            elapsed, busy = seconds(write, path, blocks, catalogue)
            writing.append(len(users) / elapsed)
            working.append(len(users) / busy)
            size = path.stat().st_size
            reading.append(seconds(read, path, read_users)[0] / READ * 1e6)
    return *map(statistics.median, (writing, working, reading)), size


@click.command(cls=Command, help=__doc__)
@click.option("--users", type=click.IntRange(1), default=20_000, help="Users in the set.")
@click.option("--artists", type=click.IntRange(1), default=20_000, help="Artists in the catalogue.")
@click.option("--runs", type=click.IntRange(1), default=3, help="Runs of the store.")
@click.option("--text-runs", type=click.IntRange(1), default=3, help="Runs of the JSON texts.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of the set.")
def main(users: int, artists: int, runs: int, text_runs: int, seed: int) -> None:
    """Write and read the set in both ways and print the comparison."""
    blocks = random_blocks(users, artists, seed)
    catalogue = random_catalogue(artists)
    print(f"{users:,} users, {artists:,} artists, medians")
    heads = ("runs", "users/s written", "users/CPU s", "us to read one", "bytes a user")
    print(f"{'':<12}" + "".join(f"{head:>17}" for head in heads))
    measured = []
    ways = {
        "the store": (write_packed, read_packed, runs),
        "JSON texts": (write_texts, read_texts, text_runs),
    }
    for name, (write, read, times) in ways.items():
        *rates, size = measure(write, read, blocks, catalogue, times)
        row = [times, *rates, size / users]
        measured.append((1e6 / rates[1], rates[2], size / users))
        print(f"{name:<12}" + "".join(f"{figure:>17,.0f}" for figure in row))
    works = (("writing", "CPU us a user"), ("reading", "us a user"), ("size", "bytes a user"))
    for (work, unit), store, texts in zip(works, *measured, strict=True):
        note(f"Q3b store, {work}", unit, store, {"JSON texts": texts})
    print(f"peak memory {peak_memory() / 1e6:,.0f} MB, the set itself included")


if __name__ == "__main__":
    sys.exit(main())
