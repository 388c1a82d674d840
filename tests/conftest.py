"""What all tests share: running a script as a user would, and finding the real data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_script(
    script: str, *arguments: str | Path, stdin: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess:
    """Run `python script arguments` at the top of the project; texts are decoded as UTF-8.

    PostgreSQL's own variables and DATABASE_URL are taken out of the environment, so that a test
    never reaches a developer's server; `environment` is added afterwards.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") and name != "DATABASE_URL"
    }
    finished = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        env=clean | environment,
        input=stdin,
        capture_output=True,
        timeout=300,
    )
    finished.stdout = finished.stdout.decode("utf-8")
    finished.stderr = finished.stderr.decode("utf-8")
    return finished


def assert_one_line_error(finished: subprocess.CompletedProcess, status: int, *parts: str) -> None:
    """Assert that a script failed with `status` and one line on stderr naming all `parts`."""
    assert finished.returncode == status, finished.stderr
    assert "Traceback" not in finished.stderr
    lines = finished.stderr.strip().splitlines()
    assert lines, "nothing on stderr"
    assert ": error: " in lines[-1], finished.stderr
    for part in parts:
        assert part in lines[-1], f"{part!r} is not named in: {lines[-1]}"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to name it."""
    folder = os.environ.get("REAL_DATA_DIR")
    if not folder:
        pytest.skip("REAL_DATA_DIR is not set: it names the folder of real evaluation data")
    return Path(folder)
