"""What a request costs the API, how long it takes under a constant load, and who holds it up.

\b
    python benchmarks/q3b_api.py
    python benchmarks/q3b_api.py --users 60000 --requests 100000
    DYNAMODB_ENDPOINT_URL=http://127.0.0.1:4567 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \\
        python benchmarks/q3b_api.py --store 'dynamodb://bench?region=local'

A set drawn from a seed is published to the store and served: 9 of 10 requests are for a random
user, 1 of 10 for a newcomer. Three servers run one after the other: `python Q3b/api.py`, a usual
Flask app that reads one JSON text from SQLite, and an app that only sends a body of that length;
all on granian with the same settings.

First every connection asks as fast as it is answered: CPU milliseconds of the server per request.
Then requests come at half the rate that the API reached, and a request's time counts from the
moment it was due. Last `/healthz` is asked while 64 clients send a byte a second and 1,000 nothing.
"""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import psutil
from comparisons import note
from q3b_store import TOP, random_blocks, random_catalogue

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

from common.command import Command, OutsideError

from recommender.lists import RuleList
from store.protocol import new_run
from store.url import open_store
from web.answers import list_body

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
WARM_UP = 1000  # requests that are not counted
START_SECONDS = 30
SLOW, IDLE = 64, 1_000  # clients
COUNT = click.IntRange(1)


@dataclass(frozen=True)
class Figures:
    """What one server did; times in milliseconds, memory in MiB, rates in requests a second."""

    server: str
    requests: int
    errors: int
    cpu: float  # of the server, a request
    reached: float  # as fast as it answers
    offered: float
    median: float
    p99: float
    maximum: float
    memory: float
    healthz_among_slow_clients: float  # the longest


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


async def send_as_answered(port: int, paths: list[str], connections: int) -> int:
    """Send each request when the one before on its connection was answered; return the errors."""
    waiting, errors = iter(paths), 0

    async def send(connection: Connection) -> None:
        nonlocal errors
        for path in waiting:
            errors += not await connection.get(path)
        connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(send(Connection(port)))
    return errors


def measure(name: str, process: subprocess.Popen, paths: list[str], rate: float, options):
    """Measure one server; without a `rate` at half of what it reaches."""
    asyncio.run(send_as_answered(options.port, paths[:WARM_UP], options.connections))
    busy, begin = cpu_seconds(process.pid), time.perf_counter()
    errors = asyncio.run(send_as_answered(options.port, paths, options.connections))
    reached = len(paths) / (time.perf_counter() - begin)
    busy, rate = cpu_seconds(process.pid) - busy, rate or reached / 2
    seconds = asyncio.run(send_all(options.port, paths, rate, options.connections))
    answered = seconds[~np.isnan(seconds)]
    return Figures(
        server=name,
        requests=len(paths),
        errors=errors + len(paths) - len(answered),
        cpu=busy / len(paths) * 1000,
        reached=reached,
        offered=rate,
        median=float(np.median(answered)) * 1000,
        p99=float(np.percentile(answered, 99)) * 1000,
        maximum=float(answered.max()) * 1000,
        memory=sum(it.memory_full_info().uss for it in processes(process.pid)) / 2**20,
        healthz_among_slow_clients=longest_among_slow_clients(options.port) * 1000,
    )


def processes(pid: int) -> list[psutil.Process]:
    """The server's processes."""
    server = psutil.Process(pid)
    return [server, *server.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """Seconds of the processor that the server has taken, in user and system mode."""
    return sum(sum(it.cpu_times()[:2]) for it in processes(pid))


def longest_among_slow_clients(port: int) -> float:
    """The longest that `/healthz` took in 5 s among clients who send slowly or nothing."""
    longest = 0
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((HOST, port))) for _ in range(SLOW + IDLE)
        ]
        for byte in b"GET /":
            for client in clients[:SLOW]:
                client.send(bytes([byte]))
            begin = time.perf_counter()
            with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=30) as answer:
                answer.read()
            longest = max(longest, time.perf_counter() - begin)
            time.sleep(1)
    return longest


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


def keep_answers(path: Path, url: str, users: list[str]) -> int:
    """Write the API's answers as JSON texts for the peer; return the bytes of one."""
    with closing(open_store(url)) as store, closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE answers (user_id TEXT PRIMARY KEY, answer BLOB)")
        newcomer = list_body(store.new_user_list("", "", TOP), None)
        rows = ((user, list_body(store.user_list(user, TOP), user)) for user in users)
        database.executemany("INSERT INTO answers VALUES (?, ?)", [("", newcomer)])
        database.executemany("INSERT INTO answers VALUES (?, ?)", rows)
        database.commit()
        return database.execute("SELECT length(answer) FROM answers").fetchone()[0]


@contextmanager
def running(command_line: list[str], port: int) -> Iterator[subprocess.Popen]:
    """Run a server until the end of the block, once it answers."""
    process = subprocess.Popen(
        [sys.executable, *command_line],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "benchmarks")},
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


def compare(url: str, folder: Path, options: SimpleNamespace) -> list[Figures]:
    """Measure the API and its peers, one after the other."""
    users = publish(url, options.users, options.artists, options.seed)
    paths = draw_paths(users, options.requests, options.seed)
    length = keep_answers(folder / "answers.db", url, users)
    settings = [str(options.port), str(options.workers), str(options.threads)]
    peer = ["-c", "import sys; from q3b_api_peers import main; main(*sys.argv[1:])"]
    api = ["Q3b/api.py", "--store", url, "--port", settings[0], "--workers", settings[1]]
    servers = {
        "API": [*api, "--threads", settings[2]],
        "JSON text by Flask": [*peer, "blob", *settings, str(folder / "answers.db")],
        "bare app": [*peer, "bare", *settings, str(length)],
    }
    figures = []
    for name, command in servers.items():
        with running(command, options.port) as process:
            rate = figures[0].offered if figures else options.rate
            figures.append(measure(name, process, paths, rate, options))
    return figures


def table(figures: list[Figures]) -> str:
    """The figures as text."""
    lines = [
        f"{'':20}{'CPU ms':>8}{'reached':>10}{'errors':>8}{'offered':>10}"
        f"{'median':>9}{'p99':>9}{'max':>8}{'memory':>10}{'/healthz':>10}"
    ]
    for it in figures:
        lines.append(
            f"{it.server:20}{it.cpu:>8.3f}{it.reached:>8.0f}/s{it.errors:>8}{it.offered:>8.0f}/s"
            f"{it.median:>7.2f}ms{it.p99:>7.1f}ms{it.maximum:>6.0f}ms{it.memory:>7.0f}MiB"
            f"{it.healthz_among_slow_clients:>8.0f}ms"
        )
    api, flask, bare = figures
    lines.append(
        f"API / JSON text by Flask: CPU {api.cpu / flask.cpu:.2f}; "
        f"API / bare app: p99 {api.p99 / bare.p99:.1f}"
    )
    return "\n".join(lines)


@click.command(cls=Command, help=__doc__)
@click.option("--store", metavar="URL", help="Store to fill. Without it: a new SQLite file.")
@click.option("--users", type=COUNT, default=10_000, help="Users in the set.")
@click.option("--artists", type=COUNT, default=20_000, help="Artists in the catalogue.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    show_default="half of what the API reaches",
    help="Requests a second in the second part.",
)
@click.option("--requests", type=COUNT, default=10_000, help="Requests in each part.")
@click.option("--connections", type=COUNT, default=16, help="Connections that are kept open.")
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
        url = options.store or f"sqlite:///{folder}/bench.db"
        figures = compare(url, Path(folder), options)
    api, flask, _ = figures
    note("Q3b API, a request", "CPU ms", api.cpu, {flask.server: flask.cpu})
    if output_format == "json":
        print(json.dumps([asdict(it) for it in figures], indent=2))
    else:
        print(table(figures))


if __name__ == "__main__":
    sys.exit(main())
