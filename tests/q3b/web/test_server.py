"""`python Q3b/api.py` as a process: several workers, slow clients, signals, wrong settings."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from functools import partial

import pytest

import api
from tests.conftest import (
    ROOT,
    START_SECONDS,
    assert_one_line_error,
    free_port,
    run_script,
    take_interrupts,
)
from tests.q3b.web.conftest import (
    ARTISTS,
    LISTENERS,
    publish,
    serving,
    serving_environment,
    wait_until_alive,
)
from web.server import STOP_WITHIN

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
IDLE = 1000  # connections


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'recommendations.db'}"
    publish(url)
    return url


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return answer.read().decode("utf-8")


def test_it_serves_the_api_and_the_page(store_url):
    with serving(store_url) as base:
        answer = json.loads(get(f"{base}/users/{LISTENERS[0]}/recommendations"))
        assert [artist["name"] for artist in answer["items"]] == ARTISTS[:20]
        assert ARTISTS[0] in get(f"{base}/?user={LISTENERS[0]}")


def test_workers_count_together(store_url):
    with serving(store_url, "--workers", "2", "--threads", "1") as base:
        for _ in range(40):
            get(f"{base}/new-user/recommendations")
        line = 'recommender_answers_total{rule="global"} 40.0'
        assert line in get(f"{base}/metrics").splitlines()


def test_sigterm_ends_it_with_exit_code_0_and_nothing_left(store_url, tmp_path):
    port = free_port()
    command = [sys.executable, "Q3b/api.py", "--store", store_url, "--port", str(port)]
    environment = serving_environment(TMPDIR=str(tmp_path))
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        wait_until_alive(f"http://127.0.0.1:{port}", process)
        assert len(list(tmp_path.glob("recommender-metrics-*"))) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert list(tmp_path.iterdir()) == []


@UNIX
@pytest.mark.parametrize(("begun", "later"), [("Listening at", 0), ("Started worker-2", 1)])
def test_ctrl_c_ends_it_at_once(store_url, tmp_path, begun, later):
    """A terminal interrupts the workers too, which their parent stops by SIGTERM.

    They take it also in their first moment, which follows the words "Listening at".
    """
    options = ["--store", store_url, "--port", str(free_port())]
    with api_process(tmp_path, *options, TMPDIR=str(tmp_path)) as process:
        while begun not in (line := process.stderr.readline()):
            assert line, "the server ended"
        time.sleep(later)
        interrupted = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped worker-" in said
    assert time.monotonic() - interrupted < STOP_WITHIN, "a worker had to be killed"


def test_a_file_that_replaces_the_store_is_served_at_once_by_all_workers(tmp_path):
    path, other = tmp_path / "recommendations.db", tmp_path / "other.db"
    publish(f"sqlite:///{path}")
    new = publish(f"sqlite:///{other}", users=[*LISTENERS, *map(str, range(3000)), "last"])
    with serving(f"sqlite:///{path}") as base:
        for _ in range(20):  # all workers have read it
            get(f"{base}/users/{LISTENERS[0]}/recommendations")
        shutil.copy(other, path)
        for _ in range(20):
            for address in ("users/7/recommendations", "new-user/recommendations", "readyz"):
                assert json.loads(get(f"{base}/{address}"))["version"] == new.version


@UNIX
def test_slow_and_idle_clients_hold_nobody_up(store_url):
    """64 clients send a byte a second, 1,000 send nothing: the rest are served as ever."""
    with serving(store_url) as base, ExitStack() as stack:
        port = int(base.rpartition(":")[2])
        connect = partial(socket.create_connection, ("127.0.0.1", port))
        slow = [stack.enter_context(connect()) for _ in range(64)]
        for _ in range(IDLE):
            stack.enter_context(connect())
        for byte in b"GET":
            for client in slow:
                client.send(bytes([byte]))
            assert json.loads(get(f"{base}/healthz")) == {"status": "alive"}
            time.sleep(1)
        for client in slow:
            client.setblocking(False)
            with pytest.raises(BlockingIOError):  # it is connected still, and was not answered
                client.recv(1)


@pytest.mark.slow
def test_a_client_that_does_not_end_its_head_is_let_go(store_url):
    with serving(store_url) as base:
        port = int(base.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
            assert client.recv(1) == b""


def test_a_large_head_or_body_is_refused(store_url):
    with serving(store_url) as base:
        for request, status in (
            (urllib.request.Request(f"{base}/{'x' * 20_000}"), 431),  # noqa: S310 - our own
            (urllib.request.Request(f"{base}/healthz", data=b"x" * 66_000), 413),  # noqa: S310
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)  # noqa: S310 - our own
            assert refused.value.code == status


@UNIX
def test_a_worker_that_is_killed_is_replaced_and_none_outlives_the_server(store_url, tmp_path):
    port = free_port()
    command = [sys.executable, "Q3b/api.py", "--store", store_url, "--port", str(port)]
    environment = serving_environment(TMPDIR=str(tmp_path))
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        os.kill(next_worker(process), signal.SIGKILL)
        replaced = [next_worker(process), next_worker(process)]
        wait_until_alive(f"http://127.0.0.1:{port}", process)
        process.kill()
    deadline = time.monotonic() + START_SECONDS
    while any(map(is_running, replaced)):
        assert time.monotonic() < deadline, "a worker outlived its server"
        time.sleep(0.05)


def next_worker(process: subprocess.Popen) -> int:
    """The process id of the next worker that the server reports to have started."""
    for line in process.stderr:
        if found := re.search(r"Spawning worker-\d+ with PID: (\d+)", line):
            return int(found[1])
    raise AssertionError("the server ended")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def api_process(folder, *options: str, **environment: str) -> subprocess.Popen:
    """Start the API in `folder`, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, ROOT / "Q3b" / "api.py", *options],
        cwd=folder,
        env=serving_environment(**environment),
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        process_group=0,
        preexec_fn=take_interrupts,
    )


@pytest.mark.slow
@UNIX
@pytest.mark.parametrize("seconds", [0.5, 0.8, 1.0, 1.2, 1.4, 1.7])
def test_an_interrupt_while_it_starts_is_no_traceback(store_url, tmp_path, seconds):
    options = ["--store", store_url, "--port", str(free_port()), "--workers", "1"]
    with api_process(tmp_path, *options, TMPDIR=str(tmp_path)) as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert "KeyboardInterrupt" not in said
    if "granian" in said:
        assert process.returncode == 0
    else:
        assert (process.returncode, said) == (130, "api.py: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_by_default_it_serves_the_store_in_the_current_folder(tmp_path):
    run = publish(f"sqlite:///{tmp_path / 'recommendations.db'}")
    port = free_port()
    with api_process(tmp_path, "--port", str(port)) as process:
        try:
            wait_until_alive(f"http://127.0.0.1:{port}", process)
            assert json.loads(get(f"http://127.0.0.1:{port}/readyz"))["version"] == run.version
        finally:
            process.terminate()


def test_any_server_finds_the_app_by_its_name(store_url, monkeypatch):
    monkeypatch.setenv("RECOMMENDER_STORE", store_url)
    assert api.create_app().test_client().get("/readyz").status_code == 200
    assert api.create_app({"STORE": "sqlite:///absent.db"}).config["STORE"] == "sqlite:///absent.db"


def test_a_port_that_is_taken_is_one_line(store_url):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finished = run_script("Q3b/api.py", "--store", store_url, "--port", port)
    assert_one_line_error(finished, 1, str(port), "--port")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--store", "redis://x"], ["redis://x", "sqlite:///"]),
        (["--host", "é" * 80, "--without-key"], ["--host", "neither an address"]),
        (["--host", "0.0.0.0"], ["RECOMMENDER_API_KEY", "--without-key"]),  # noqa: S104 - refused
        (["--workers", "0"], ["--workers"]),
        (["--port", "70000"], ["--port"]),
        (["--host", "nowhere.invalid", "--without-key"], ["nowhere.invalid"]),
    ],
)
def test_a_wrong_option_is_one_line(options, parts):
    finished = run_script("Q3b/api.py", *options, RECOMMENDER_API_KEY="")
    assert finished.returncode in (1, 2)
    assert_one_line_error(finished, finished.returncode, *parts)
