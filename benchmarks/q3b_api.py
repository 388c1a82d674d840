"""How long the API takes to answer under a constant load, and whether its memory stays flat.

\b
    python benchmarks/q3b_api.py
    python benchmarks/q3b_api.py --users 359347 --artists 155424 --requests 100000
    DYNAMODB_ENDPOINT_URL=http://127.0.0.1:4567 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \\
        python benchmarks/q3b_api.py --store 'dynamodb://bench?region=local' --rate 100

A set drawn from a seed is published to the store, `python Q3b/api.py` serves it, and requests are
sent at a constant rate: 9 of 10 for a random user, 1 of 10 for a newcomer. A request's time counts
from the moment it was due, so that waiting for a free connection is part of it. The peer is the
same server with the same settings around an app that only sends a body of the same length: what
is left is the price of routing, reading the store and writing JSON.
"""

import asyncio
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
from q3b_store import TOP, random_blocks, random_catalogue

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command, OutsideError

from recommender.lists import RuleList
from store.protocol import new_run
from store.url import open_store

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
WARM_UP = 1000  # requests that are not counted
START_SECONDS = 30
COUNT = click.IntRange(1)


@dataclass(frozen=True)
class Figures:
    """What one server did; times in milliseconds, memory in MiB (None where it cannot be read)."""

    server: str
    requests: int
    errors: int
    offered: float  # requests a second
    answered: float  # requests a second
    median: float
    p90: float
    p99: float
    maximum: float
    memory_before: float | None
    memory_after: float | None


class Connection:
    """One kept-alive connection that sends a request and waits for the whole answer."""

    def __init__(self, port: int):
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> bool:
        """Whether the answer was 200."""
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection(HOST, self.port)
            self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            await self.reader.readexactly(int(length))
        except (OSError, asyncio.IncompleteReadError, IndexError):
            self.close()
            return False
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return head.startswith(b"HTTP/1.1 200 ")

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


async def send_all(port: int, paths: list[str], rate: float, connections: int) -> np.ndarray:
    """Send one request every 1 / rate seconds; return (requests,) seconds, NaN for an error."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(Connection(port))
    seconds = np.full(len(paths), np.nan)
    begin = time.perf_counter()

    async def send(number: int, connection: Connection) -> None:
        if await connection.get(paths[number]):
            seconds[number] = time.perf_counter() - begin - number / rate
        free.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        for number in range(len(paths)):
            wait = begin + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(send(number, await free.get()))
    while not free.empty():
        free.get_nowait().close()
    return seconds


def measure(name: str, process: subprocess.Popen, port: int, paths: list[str], options) -> Figures:
    """Warm the server up, load it, and read its memory before and after."""
    warm_up = [paths[number % len(paths)] for number in range(WARM_UP)]
    asyncio.run(send_all(port, warm_up, options.rate, options.connections))
    before, begin = memory(process.pid), time.perf_counter()
    seconds = asyncio.run(send_all(port, paths, options.rate, options.connections))
    elapsed = time.perf_counter() - begin
    answered = seconds[~np.isnan(seconds)]
    times = np.percentile(answered, [50, 90, 99, 100]) * 1000 if len(answered) else [math.nan] * 4
    return Figures(
        name,
        len(paths),
        len(paths) - len(answered),
        options.rate,
        len(answered) / elapsed,
        *map(float, times),
        before,
        memory(process.pid),
    )


def memory(pid: int) -> float | None:
    """MiB of a process and its children (Linux): shared pages once, mapped files not at all."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return None
    own = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss_Anon:"))
    return own / 1024 + sum(memory(int(child)) or 0 for child in children)


def publish(url: str, users: int, artists: int, seed: int) -> list[str]:
    """Publish a set drawn from a seed; return its users."""
    blocks = random_blocks(users, artists, seed)
    with closing(open_store(url, create=True)) as store, store.lock():
        run = new_run()
        with store.begin(run, random_catalogue(artists)) as writer:
            writer.write_lists([RuleList("", "", blocks[0].recommendations[:TOP])])
            for block in blocks:
                writer.write(block)
            writer.finish(run)
        store.publish(run)
    return [user for block in blocks for user in block.users]


def draw_paths(users: list[str], number: int, seed: int) -> list[str]:
    """What is asked for."""
    random = np.random.default_rng(seed)
    chosen = random.integers(len(users), size=number).tolist()
    newcomers = random.random(number) < 0.1
    return [
        "/new-user/recommendations" if new else f"/users/{users[user]}/recommendations"
        for user, new in zip(chosen, newcomers, strict=True)
    ]


def bare_app(environ: dict, start_response) -> list[bytes]:
    """The peer: a body of the length in BARE_BYTES and nothing else."""
    body = b" " * int(os.environ["BARE_BYTES"])
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextmanager
def running(command_line: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen]:
    """Run a server until the end of the block, once it answers."""
    process = subprocess.Popen(
        [sys.executable, *command_line],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(process, f"http://{HOST}:{port}/healthz")
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(process: subprocess.Popen, url: str) -> None:
    """Return when `url` answers. Raises OutsideError if the server does not start."""
    for _ in range(START_SECONDS * 10):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            time.sleep(0.1)
    raise OutsideError(f"{url} does not answer: is the port taken? name another by --port")


def compare(url: str, options: SimpleNamespace) -> list[Figures]:
    """Load the API and the bare app, one after the other."""
    users = publish(url, options.users, options.artists, options.seed)
    paths = draw_paths(users, options.requests, options.seed)
    server = ["--workers", str(options.workers), "--threads", str(options.threads)]
    api = ["Q3b/api.py", "--store", url, "--port", str(options.port), "--server", "gunicorn"]
    with running([*api, *server], options.port) as process:
        with urllib.request.urlopen(f"http://{HOST}:{options.port}{paths[0]}") as answer:
            length = len(answer.read())
        api_figures = measure("API", process, options.port, paths, options)
    bare = ["-m", "gunicorn", "--config", "Q3b/deploy/gunicorn.conf.py", *server]
    bare += ["--bind", f"{HOST}:{options.port}", "--pythonpath", "benchmarks,Q3b"]
    with running([*bare, "q3b_api:bare_app"], options.port, BARE_BYTES=str(length)) as process:
        return [api_figures, measure("bare app", process, options.port, paths, options)]


def table(figures: list[Figures]) -> str:
    """The figures as text."""
    lines = [
        f"{'':10}{'offered':>9}{'answered':>10}{'errors':>8}"
        f"{'median':>9}{'p90':>8}{'p99':>8}{'max':>8}  memory"
    ]
    for it in figures:
        lines.append(
            f"{it.server:10}{it.offered:>7.0f}/s{it.answered:>8.0f}/s{it.errors:>8}"
            f"{it.median:>7.2f}ms{it.p90:>6.1f}ms{it.p99:>6.1f}ms{it.maximum:>6.0f}ms"
            + (f"  {it.memory_before:.1f} -> {it.memory_after:.1f} MiB" if it.memory_after else "")
        )
    api, bare = figures
    lines.append(
        f"API / bare app: median {api.median / bare.median:.1f}, p99 {api.p99 / bare.p99:.1f}"
    )
    return "\n".join(lines)


@click.command(cls=Command, help=__doc__)
@click.option("--store", metavar="URL", help="Store to fill. Without it: a new SQLite file.")
@click.option("--users", type=COUNT, default=2000, help="Users in the set.")
@click.option("--artists", type=COUNT, default=20_000, help="Artists in the catalogue.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=1000,
    help="Requests a second.",
)
@click.option("--requests", type=COUNT, default=10_000, help="Requests in all.")
@click.option("--connections", type=COUNT, default=32, help="Connections that are kept open.")
@click.option("--workers", type=COUNT, default=2, help="Processes of the server.")
@click.option("--threads", type=COUNT, default=4, help="Threads of each process.")
@click.option("--port", type=click.IntRange(1, 65535), default=8009, help="Port of the server.")
@click.option("--seed", type=click.IntRange(0), default=1, help="Seed of set and requests.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Format of the result on standard output.",
)
def main(output_format: str, **settings) -> None:
    """Measure and print."""
    options = SimpleNamespace(**settings)
    with tempfile.TemporaryDirectory() as folder:
        figures = compare(options.store or f"sqlite:///{folder}/bench.db", options)
    if output_format == "json":
        print(json.dumps([asdict(it) for it in figures], indent=2))
    else:
        print(table(figures))


if __name__ == "__main__":
    sys.exit(main())
