"""The API as its users meet it: a process that listens on a port of this machine."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from conftest import ROOT, START_SECONDS, clean_environment


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serving_environment(**environment: str) -> dict[str, str]:
    """The environment without the developer's settings of the API."""
    clean = {
        name: value
        for name, value in clean_environment().items()
        if not name.startswith("RECOMMENDER_")
    }
    return clean | environment


def wait_until_alive(base: str, process: subprocess.Popen) -> None:
    """Return when `/healthz` answers; raise AssertionError if the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with exit code {process.returncode}"
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=5):  # noqa: S310 - our own
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not answer in time")


@contextmanager
def serving(store_url: str, *options: str, **environment: str) -> Iterator[str]:
    """Yield the base URL of `python Q3b/api.py`; stop it as a supervisor does."""
    port = free_port()
    command = [sys.executable, "Q3b/api.py", "--store", store_url, "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=ROOT, env=serving_environment(**environment))
    try:
        wait_until_alive(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None, "the server ended by itself"
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
