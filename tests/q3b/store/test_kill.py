"""A run killed at any moment leaves readers on the old set or on the new one, each whole."""

import os
import random
import subprocess
import sys
import time

import pytest

from job.verify import check_set
from listening.sample.files import write_listeners
from store.url import open_store
from tests.conftest import ROOT, clean_environment
from tests.q3b.store.conftest import moto, publish

KILLS = 20
# Publishes sets 1, 2, 3 ... of which each has one user more, and says what it begins and ends.
PUBLISHER = """
import itertools, sys
sys.path[:0] = ["Q3b", "."]
from tests.q3b.store.conftest import block_of, writing
from store.url import open_store
store = open_store(sys.argv[1], create=True)
for number in itertools.count(int(sys.argv[2])):
    print(number, flush=True)
    with writing(store) as (writer, run):
        for first in range(0, number + 50, 10):
            users = range(first, min(first + 10, number + 50))
            writer.write(block_of([f"{number}-{user}" for user in users]))
        writer.finish(run)
    store.publish(run)
    print("published", flush=True)
"""


def kill_while_publishing(url, first, seconds):
    """Publish sets from `first` on, kill after some seconds; return what was said until then."""
    publisher = subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, url, str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [publisher.stdout.readline()]  # it has loaded, and begins
    time.sleep(seconds)
    publisher.kill()
    lines += publisher.stdout.read().splitlines()
    publisher.wait()
    publisher.stdout.close()
    return [line.strip() for line in lines]


def assert_whole(store, number):
    """Assert that readers see the set of that number, all of it and nothing else."""
    version = store.current().version
    for user in range(number + 50):
        item = store.user(f"{number}-{user}")
        assert item["version"] == version
        assert len(item["items"]) == 2
    assert store.user(f"{number}-{number + 50}") is None
    assert store.user(f"{number - 1}-0") is None
    assert store.user(f"{number + 1}-0") is None
    assert store.new_user("Germany", "25-34")["version"] == version


def number_served(store):
    """The number of the set that readers see, by its users."""
    return next(number for number in range(1000) if store.user(f"{number}-0"))


def assert_kills_are_harmless(url, kills, longest):
    moments = random.Random(7)  # noqa: S311
    publish(open_store(url, create=True), [f"0-{user}" for user in range(50)])
    served, killed_inside = 0, 0
    for _ in range(kills):
        said = kill_while_publishing(url, served + 1, moments.uniform(0, longest))
        begun = int(said[-1] if said[-1] != "published" else said[-2])
        reader = open_store(url)
        new = number_served(reader)
        assert new in ({begun} if said[-1] == "published" else {begun - 1, begun})
        assert_whole(reader, new)
        reader.close()
        killed_inside += said[-1] != "published"
        served = new
    assert killed_inside > kills / 2  # the kills hit what they should


@pytest.mark.slow
def test_sqlite_survives_every_kill(tmp_path):
    assert_kills_are_harmless(f"sqlite:///{tmp_path / 'killed.db'}", KILLS, longest=0.3)


@pytest.mark.slow
def test_dynamodb_survives_every_kill(monkeypatch):
    with moto() as address:  # dynalite dies itself when a client dies in a request
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        # The lock of a killed run is soon free again, so that the next one need not wait.
        assert_kills_are_harmless("dynamodb://killed?lock_seconds=0", KILLS, longest=1.0)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_job_survives_every_kill(tmp_path):
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    files = write_listeners(tmp_path, 2000, 500, seed=2)
    command = [sys.executable, "Q3b/recommend_daily.py", "--store", url]
    command += ["--plays", files[0], "--profiles", files[1]]
    settings = {"cwd": ROOT, "env": clean_environment(), "capture_output": True}
    subprocess.run(command, check=True, **settings)  # it compiles, perhaps
    start = time.monotonic()
    subprocess.run(command, check=True, **settings)
    whole_run = time.monotonic() - start
    moments, killed = random.Random(11), 0  # noqa: S311
    for kill in range(KILLS):
        old = open_store(url).current()
        try:
            finished = subprocess.run(
                command, check=False, timeout=moments.uniform(0.3, 1) * whole_run, **settings
            )
            assert finished.returncode == 0, (kill, finished.stderr)
            assert open_store(url).current().version != old.version
        except subprocess.TimeoutExpired:  # it was sent SIGKILL
            killed += 1
        store = open_store(url)
        run = store.current()
        assert store.count_users(run) == run.users == old.users
        assert check_set(store, run) == 100
        assert store.user(run.example_users[0])["version"] == run.version
        store.close()
    assert killed > KILLS / 4
    subprocess.run(command, check=True, **settings)
    assert open_store(url).current().version != old.version
