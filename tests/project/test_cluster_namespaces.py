"""The jobs on a cluster whose scheduler, workers and client have addresses of their own.

Each is in a network namespace of Linux, as on a machine of its own; one bridge joins them.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.conftest import QUESTIONS, ROOT, START_SECONDS, clean_environment, run_script

pytestmark = pytest.mark.slow
SCHEDULER, *WORKERS, CLIENT = PLACES = ["scheduler", "worker-1", "worker-2", "client"]
NETWORK = "198.18.77"  # of the block for tests between networks (RFC 2544)
ADDRESSES = {place: f"{NETWORK}.{number}" for number, place in enumerate(PLACES, 1)}
PYTHON = [sys.executable, "-m", "dask"]


def ip(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True)


def namespace(place: str) -> str:
    return f"q{os.getpid()}-{place}"


def inside(place: str, *command: str) -> list[str]:
    """The command, to be run in the namespace."""
    return ["ip", "netns", "exec", namespace(place), *command]


def join(place: str, number: int) -> None:
    """Make the namespace, and a cable from it to the bridge in the scheduler's."""
    here, far = f"q{os.getpid()}e{number}", f"q{os.getpid()}b{number}"
    own, hub = namespace(place), namespace(SCHEDULER)
    for command in (
        f"link add {here} type veth peer name {far}",
        f"link set {here} netns {own}",
        f"link set {far} netns {hub}",
        f"-n {hub} link set {far} master hub up",
        f"-n {own} addr add {ADDRESSES[place]}/24 dev {here}",
        f"-n {own} link set {here} up",
        f"-n {own} link set lo up",
    ):
        assert ip(*command.split()).returncode == 0, command


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """The namespaces and the bridge; skips where they are not allowed."""
    if sys.platform != "linux" or not shutil.which("ip"):
        pytest.skip("network namespaces need Linux and iproute2")
    try:
        for place in PLACES:
            made = ip("netns", "add", namespace(place))
            if made.returncode:
                pytest.skip(f"network namespaces are not allowed here: {made.stderr.strip()}")
        hub = ip("-n", namespace(SCHEDULER), "link", "add", "hub", "type", "bridge")
        if hub.returncode:
            pytest.skip(f"bridges are not allowed here: {hub.stderr.strip()}")
        ip("-n", namespace(SCHEDULER), "link", "set", "hub", "up")
        for number, place in enumerate(PLACES):
            join(place, number)
        yield
    finally:
        for place in PLACES:
            ip("netns", "delete", namespace(place))


@pytest.fixture(scope="module")
def workers(network, tmp_path_factory) -> Iterator[list[str]]:
    """The addresses of two workers; they and a scheduler are each in a namespace."""
    folder = tmp_path_factory.mktemp("cluster")
    started = []
    with (folder / "log.txt").open("w") as log:
        for place in (SCHEDULER, *WORKERS):
            command = [*PYTHON, "scheduler"]
            if place != SCHEDULER:
                command = [*PYTHON, "worker", f"tcp://{ADDRESSES[SCHEDULER]}:8786"]
                command += ["--nthreads", "1", "--local-directory", str(folder / place)]
            command += ["--host", ADDRESSES[place], "--no-dashboard"]
            process = subprocess.Popen(
                inside(place, *command),
                cwd=folder,
                env=clean_environment() | {"PYTHONPATH": os.pathsep.join(map(str, QUESTIONS))},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            started.append(process)
        try:
            yield addresses_of_workers()
        finally:
            for process in started:
                stop(process)


def addresses_of_workers() -> list[str]:
    """The addresses that the scheduler knows, once it has both workers."""
    script = (
        "import sys, distributed; client = distributed.Client(sys.argv[1], timeout=sys.argv[2]);"
        "client.wait_for_workers(2, timeout=sys.argv[2]); print(*sorted(client.nthreads()))"
    )
    scheduler = f"tcp://{ADDRESSES[SCHEDULER]}:8786"
    asked = [sys.executable, "-c", script, scheduler, f"{START_SECONDS}s"]
    asking = inside(CLIENT, *asked)
    return subprocess.run(asking, capture_output=True, text=True, check=True).stdout.split()


def stop(process: subprocess.Popen) -> None:
    """End a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def on_cluster(*command: str) -> subprocess.CompletedProcess:
    """Run a script in the client's namespace on the cluster."""
    where = ["--cluster", f"tcp://{ADDRESSES[SCHEDULER]}:8786"]
    finished = subprocess.run(
        inside(CLIENT, sys.executable, *command, *where),
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=400,
    )
    assert finished.returncode == 0, finished.stderr
    assert f"tcp://{ADDRESSES[SCHEDULER]}:8786: workers 2" in finished.stderr
    return finished


def test_the_workers_have_addresses_of_their_own(workers):
    hosts = [worker.rsplit(":", 1)[0] for worker in workers]
    assert hosts == [f"tcp://{ADDRESSES[place]}" for place in WORKERS]


def test_the_daily_job_across_networks(workers, tmp_path):
    sets = []
    for name, run in (("here", run_script), ("there", on_cluster)):
        path = tmp_path / f"{name}.db"
        finished = run("Q3b/recommend_daily.py", "--store", f"sqlite:///{path}")
        assert finished.returncode == 0, finished.stderr
        with sqlite3.connect(path) as connection:
            sets.append(connection.execute("SELECT * FROM users_1 ORDER BY user_id").fetchall())
    assert sets[0] == sets[1]
    assert len(sets[0]) > 3000


def test_the_cdn_log_across_networks(workers):
    here = run_script("Q2/raw_data_analytics.py", "--by", "extension", "--format", "csv")
    there = on_cluster("Q2/raw_data_analytics.py", "--by", "extension", "--format", "csv")
    assert there.stdout == here.stdout


def test_the_tagger_across_networks(workers, tmp_path):
    command = ["Q3a/tagging_prediction.py", "--output"]
    here = run_script(*command, tmp_path / "here.csv")
    there = on_cluster(*command, str(tmp_path / "there.csv"))
    assert there.stdout == here.stdout
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
