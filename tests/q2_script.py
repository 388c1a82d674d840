"""Run Q2's script within the test's process, which is quick."""

import contextlib
import io
import json
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT
from raw_data_analytics import main

FIXTURES = ROOT / "tests" / "fixtures" / "q2"


class Finished(NamedTuple):
    """As `subprocess.run` returns it."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Finished:
    """Run the script."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as stdout,
        contextlib.redirect_stderr(io.StringIO()) as stderr,
    ):
        status = main([str(argument) for argument in arguments])
    return Finished(status, stdout.getvalue(), stderr.getvalue())


def ask(*arguments: str | Path) -> dict:
    """The script's answer in JSON."""
    finished = run(*arguments, "--format", "json")
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)
