"""What all tests share: running a script as a user would, and finding the real data."""

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from tests.compiled_kernels import take_compiled_kernels, use_own_cache

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = [ROOT / name for name in ("Q1", "Q2", "Q3a", "Q3b")]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
START_SECONDS = 180  # for what is to start, much: machines have other work

# How much hypothesis draws: always the same few examples, or many in .ci/run; `search` draws others
# each time. HYPOTHESIS_PROFILE chooses.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("ci", settings.get_profile("quick"), max_examples=1000, print_blob=True)
settings.register_profile("search", settings.get_profile("ci"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

if WORKER := os.environ.get("PYTEST_XDIST_WORKER"):
    use_own_cache(WORKER)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: a fifth of all tests' time is waiting for others."""
    return (os.cpu_count() or 1) + 1


def clean_environment() -> dict[str, str]:
    """The environment without PostgreSQL's variables: tests never reach a developer's server."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") and name != "DATABASE_URL"
    }


def run_script(
    script: str | Path, *arguments: str | Path, stdin: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess:
    """Run `python script arguments` at the top of the project; texts are decoded as UTF-8."""
    finished = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment() | environment,
        input=stdin,
        capture_output=True,
        timeout=300,
    )
    finished.stdout = finished.stdout.decode("utf-8")
    finished.stderr = finished.stderr.decode("utf-8")
    return finished


def take_interrupts() -> None:
    """For a child process to run first: it takes SIGINT, even of tests in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Finished(NamedTuple):
    """What `run_here` returns, under the names of `subprocess.run`."""

    returncode: int
    stdout: str
    stderr: str


def run_here(main: Callable[..., int], *arguments: object) -> Finished:
    """Run a script's `main` in this process: as `run_script` does, but sooner done."""
    handler = signal.getsignal(signal.SIGTERM)
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as errors:
        status = main([str(argument) for argument in arguments])
    if signal.getsignal(signal.SIGTERM) is not handler:
        signal.signal(signal.SIGTERM, handler)
    return Finished(status, out.getvalue(), errors.getvalue())


def assert_one_line_error(
    finished: subprocess.CompletedProcess | Finished, status: int, *parts: str
) -> None:
    """Assert that a script failed with `status` and one error, last on stderr, with all `parts`."""
    assert finished.returncode == status, finished.stderr
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert [line for line in lines if ": error: " in line] == lines[-1:], finished.stderr
    for part in parts:
        assert part in lines[-1], f"{part!r} is not named in: {lines[-1]}"


@pytest.fixture(scope="session")
def compiled_kernels():
    """Take Q3b's loops as another process of pytest has compiled them."""
    if WORKER:
        take_compiled_kernels()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to name it."""
    folder = os.environ.get("REAL_DATA_DIR")
    if not folder:
        pytest.skip("REAL_DATA_DIR is not set: it names the folder of real evaluation data")
    return Path(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """A Chromium without a window."""
    from playwright.sync_api import expect, sync_playwright  # which few tests need

    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = "no Chromium: apt-get install chromium, or put a Chrome on the PATH"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    expect.set_options(timeout=30_000)  # much, for machines that have other work
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=ARGUMENTS)


@pytest.fixture(scope="session")
def implicit() -> None:
    """Skip where the library implicit finds no OpenMP library: a bare container has none."""
    pytest.importorskip("implicit.als", exc_type=ImportError)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an embedded PostgreSQL, reached by TCP as a server in a container is.

    Tests of a process share it: what one leaves there, under names of its own, stays.
    """
    from postgres.embedded import embedded_server

    with embedded_server(tcp=True) as url:
        yield url
