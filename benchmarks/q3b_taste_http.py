"""POST /recommendations over HTTP at the full size: what one client waits, cold and warm.

One worker with one thread on one processor, and the client on another. Each request has the plays
of a drawn user and asks for 20 items with reasons. First the server begins while no page of the
index is in memory, then while all are in memory but none is mapped, then all are mapped; last a
new set is published, and its index is made ready while requests go on. The peer of the arithmetic
is in q3b_taste.py.
"""

import http.client
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path

import click
import numpy as np
import orjson
from q3b_api import HOST, processes, publish, running
from q3b_taste import written

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command

from listening.sample.listeners import generated_play_counts
from store.url import open_store
from taste.folder import FolderPlace

USERS_IN_SET = 100  # the store's part is small next to the index's
JSON = {"Content-Type": "application/json"}
ONE_WORKER = ("--workers", "1", "--threads", "1")


def bodies_of(plays, number: int) -> list[bytes]:
    """Bodies with the plays of users drawn."""
    rows = np.random.default_rng(2).choice(len(plays.users), number, replace=False)
    bodies = []
    for row in (plays.matrix[[row]] for row in rows):
        counts = zip(plays.artists[row.indices], row.data.tolist(), strict=True)
        bodies.append(orjson.dumps({"plays": dict(counts)}))
    return bodies


def publish_with_index(url: str, index: Path, artists: int) -> str:
    """Publish a set whose index is the written one by another name; return its version."""
    publish(url, USERS_IN_SET, artists, seed=1)
    version = open_store(url).current().version
    with FolderPlace(Path(f"{url.removeprefix('sqlite:///')}.index")).written(version) as folder:
        for file in index.iterdir():
            os.link(file, folder / file.name)
    return version


def forget_pages(folder: Path) -> None:
    """Let the system drop the pages of files from memory (Linux)."""
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def answers(port: int, bodies: list[bytes]) -> Iterator[tuple[float, str]]:
    """Ask one after the other; yield the seconds that each took, and the version it is of."""
    with closing(http.client.HTTPConnection(HOST, port)) as connection:
        for body in bodies:
            start = time.perf_counter()
            connection.request("POST", "/recommendations", body, JSON)
            answer = connection.getresponse()
            text = answer.read()
            seconds = time.perf_counter() - start
            if answer.status != 200:
                raise click.ClickException(f"{answer.status}: {text.decode()}")
            yield seconds, orjson.loads(text)["version"]


def wait_until_mapped(pid: int) -> None:
    """Return when the server's memory has not grown for a second."""
    before = 0
    while before < (now := sum(it.memory_info().rss for it in processes(pid))):
        before = now
        time.sleep(1)


def shown(name: str, seconds: list[float]) -> str:
    """Requests, median, p99 and maximum in milliseconds."""
    median, late, most = 1000 * np.percentile(seconds, [50, 99, 100])
    return f"{name:<34}{len(seconds):>9}{median:>9.1f}{late:>9.1f}{most:>9.1f}"


def measured(
    url: str, index: Path, bodies: list[bytes], publish_next: Callable[[], str], port: int
) -> None:
    """Measure each state of the index and print a row for it."""
    command = ["Q3b/api.py", "--store", url, "--port", str(port), *ONE_WORKER]
    click.echo(f"{'milliseconds a request':<34}{'requests':>9}{'median':>9}{'p99':>9}{'max':>9}")
    forget_pages(index)
    for state in ("no page in memory", "in memory, not mapped"):
        with running(command, port) as server:
            pin(server.pid, 0)
            click.echo(shown(state, [seconds for seconds, _ in answers(port, bodies)]))
            wait_until_mapped(server.pid)
            if state == "in memory, not mapped":
                click.echo(shown("mapped", [seconds for seconds, _ in answers(port, bodies)]))
                until_next(port, bodies, publish_next())


def until_next(port: int, bodies: list[bytes], version: str) -> None:
    """Ask until an answer is of a version, and as many requests more; print rows for both."""
    start, before = time.perf_counter(), []
    for seconds, found in answers(port, cycle(bodies)):
        if found == version:
            break
        before.append(seconds)
    click.echo(shown("a new set is made ready", before))
    click.echo(f"its index was served after {time.perf_counter() - start:.1f} s")
    click.echo(shown("the new set", [took for took, _ in answers(port, bodies)]))


def pin(pid: int, processor: int) -> None:
    """Keep a process and its workers on one processor, where the system has a way to."""
    for process in processes(pid):
        if hasattr(process, "cpu_affinity"):
            process.cpu_affinity([processor])


@click.command(cls=Command, help=__doc__)
@click.option("--users", type=click.IntRange(200), default=20_000, help="Users to draw.")
@click.option("--artists", type=click.IntRange(100), default=20_000, help="Artists to draw.")
@click.option("--requests", type=click.IntRange(1, 200), default=200, help="Requests of each row.")
@click.option("--port", type=click.IntRange(1, 65535), default=8010, help="Port of the server.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Folder to write the index into, or with one from before; a temporary one by default.",
)
def main(users: int, artists: int, requests: int, port: int, folder: Path | None):
    """Measure and print."""
    plays = generated_play_counts(users, artists, seed=1)
    with tempfile.TemporaryDirectory(dir=folder and folder.parent) as temporary:
        folder = folder or Path(temporary) / "index"
        if not folder.exists():
            folder.mkdir(parents=True)
            written(plays, folder)
        url = f"sqlite:///{temporary}/sets.db"
        publish_with_index(url, folder, artists)
        bodies = bodies_of(plays, requests)
        pin(os.getpid(), 1)
        measured(url, folder, bodies, lambda: publish_with_index(url, folder, artists), port)


if __name__ == "__main__":
    main()
