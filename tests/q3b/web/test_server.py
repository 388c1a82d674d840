"""`python Q3b/api.py` as a process: both servers, several workers, signals, wrong settings."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

import api
from tests.conftest import ROOT, assert_one_line_error, free_port, run_script, take_interrupts
from tests.q3b.web.conftest import (
    ARTISTS,
    LISTENERS,
    publish,
    serving,
    serving_environment,
    wait_until_alive,
)

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


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
    if "gunicorn" in said:
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


def test_gunicorn_finds_the_app_by_its_name(store_url, monkeypatch):
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
