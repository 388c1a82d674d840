"""Sets of recommendations for tests to publish, and local servers that answer as DynamoDB."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from recommender.lists import RECOMMENDATION, TOP_ARTIST, Block, RuleList
from store.protocol import Catalogue, new_run
from store.url import open_store
from tests.conftest import ROOT, START_SECONDS, free_port

DYNALITE = ROOT / "tests" / "node" / "node_modules" / "dynalite" / "cli.js"
NAMES = np.array(["Nina Simone", "王菲", "N/A", 'a "quoted" name', "Björk"], dtype=object)
IDS = np.array(["007", "a/b?c", "0000000f-0000-4000-8000-000000000000", '"', "Björk"], dtype=object)
URLS = np.array(["https://films.example/7", "", "50% \\ {0} %s", "", "x"], dtype=object)
CATALOGUE = Catalogue(IDS, NAMES, {"url": URLS})


def recommendation(artist, score, *reasons):
    causes = [*reasons, *[(-1, 0, 0)] * (3 - len(reasons))]
    return (artist, score, *map(tuple, zip(*causes, strict=True)))


def block_of(users, lists=None):
    """A block of users with two recommendations each, or served from `lists[user]`."""
    lists = lists or {}
    recommendations, starts = [], [0]
    for user in users:
        if user not in lists:
            recommendations += [
                recommendation(0, 0.75, (1, 0.5, 14), (4, 0.25, 3)),
                recommendation(2, 0.125),
            ]
        starts.append(len(recommendations))
    return Block(
        users=list(users),
        rules=["country" if user in lists else "neighbours" for user in users],
        neighbours=np.array([0 if user in lists else 50 for user in users]),
        recommendations=np.array(recommendations, RECOMMENDATION),
        recommendation_starts=np.array(starts),
        top_artists=np.array([(1, 300), (4, 7)] * len(users), TOP_ARTIST),
        top_starts=np.arange(0, 2 * len(users) + 1, 2),
        lists=[lists.get(user) for user in users],
    )


def list_of(country, age_group, artist):
    return RuleList(country, age_group, np.array([recommendation(artist, 9.5)], RECOMMENDATION))


LISTS = [
    list_of("", "", 0),
    list_of("", "25-34", 1),
    list_of("Germany", "", 2),
    list_of("Germany", "25-34", 3),
]


@contextmanager
def writing(store, run=None):
    run = run or new_run()
    with store.lock(), store.begin(run, CATALOGUE) as writer:
        writer.write_lists(LISTS)
        yield writer, run


def publish(store, users, **lists):
    with writing(store) as (writer, run):
        writer.write(block_of(users, lists))
        writer.finish(run)
    store.publish(run)
    return run


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server in this process; yield its address."""
    from moto.server import ThreadedMotoServer  # slow to load, and few need it

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def dynalite() -> Iterator[str]:
    """Run dynalite, which keeps DynamoDB's true limits; yield its address."""
    node = shutil.which("node")
    if not node or not DYNALITE.exists():
        missing = "dynalite is not installed: run `npm ci` in tests/node (Node 20 or newer)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    port = free_port()
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--createTableMs", "0"]
    with subprocess.Popen([node, DYNALITE, *arguments], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def wait_for(port: int, server: subprocess.Popen) -> None:
    """Return when `server` accepts connections; fail if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as caller:
            if not caller.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    pytest.fail(f"the server on port {port} did not start (exit code {server.poll()})")


SERVERS = {"moto": moto, "dynalite": dynalite}
FURTHER = [name for name in ["DYNAMODB_ENDPOINT_URL"] if os.environ.get(name)]


@pytest.fixture(scope="module", params=["sqlite", *SERVERS, *FURTHER])
def kind(request):
    """Each store: SQLite, DynamoDB by two local servers, and by the one that the user names."""
    if request.param not in SERVERS:
        yield request.param
        return
    with SERVERS[request.param]() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNAMODB_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield request.param


@pytest.fixture
def store_url(kind, tmp_path):
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'recommendations.db'}"
    return f"dynamodb://test-{secrets.token_hex(4)}?region=eu-west-1"


@pytest.fixture
def store(store_url):
    """An empty store."""
    opened = open_store(store_url, create=True)
    with opened.lock(), opened.begin(new_run(), CATALOGUE):
        pass
    yield opened
    opened.close()
