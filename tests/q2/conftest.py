"""Run Q2's script within the test's process, which is quick."""

import json
from pathlib import Path

from raw_data_analytics import main
from tests.conftest import ROOT, Finished, run_here

FIXTURES = ROOT / "tests" / "fixtures" / "q2"


def run(*arguments: str | Path) -> Finished:
    """Run the script."""
    return run_here(main, *arguments)


def ask(*arguments: str | Path) -> dict:
    """The script's answer in JSON."""
    finished = run(*arguments, "--format", "json")
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)
