"""`python Q3b/api.py` as a process: both servers, several workers, signals, wrong settings."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.conftest import ROOT, assert_one_line_error, free_port, run_script
from tests.q3b.web.conftest import (
    ARTISTS,
    LISTENERS,
    publish,
    serving,
    serving_environment,
    wait_until_alive,
)


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'recommendations.db'}"
    publish(url)
    return url


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return answer.read().decode("utf-8")


@pytest.mark.parametrize("server", ["gunicorn", "waitress"])
def test_both_servers_serve_the_api_and_the_page(store_url, server):
    with serving(store_url, "--server", server) as base:
        answer = json.loads(get(f"{base}/users/{LISTENERS[0]}/recommendations"))
        assert [artist["name"] for artist in answer["artists"]] == ARTISTS[:20]
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


def test_a_port_that_is_taken_is_one_line(store_url):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finished = run_script("Q3b/api.py", "--store", store_url, "--port", port)
    assert_one_line_error(finished, 1, str(port), "--port")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--store", "redis://x"], ["redis://x", "sqlite:///"]),
        (["--host", "é" * 80, "--without-key"], ["--host", "no address"]),
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
