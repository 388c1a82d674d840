"""Ctrl-C at any moment, from a script's first line on, is one line, and nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment, free_port, take_interrupts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals as a POSIX terminal does")

# Commands with work for some seconds; {store} and {port} are of the test's own.
COMMANDS = {
    "Q1/sql.py": ["--embedded", "--cohorts"],
    "Q1/refresh_rollup.py": ["--days", "2017-04-01", "2017-04-08", "--dsn", "{dsn}"],
    "Q2/raw_data_analytics.py": ["--by", "url"],
    "Q3a/tagging_prediction.py": [],
    "Q3b/alert.py": ["nothing happened"],
    "Q3b/api.py": ["--store", "{store}", "--port", "{port}"],
    "Q3b/evaluate.py": [],
    "Q3b/export_recommendations.py": ["--store", "{store}", "--output", "all.jsonl"],
    "Q3b/forget_user.py": ["u1", "--store", "{store}", "--receipt", "receipt.json"],
    "Q3b/generate_listeners.py": ["--users", "200000", "--output", "drawn"],
    "Q3b/recommend_daily.py": ["--store", "{store}"],
    "Q3b/run_production.py": [],
    "Q3b/run_prototype.py": ["--sample", "--output", "executed.ipynb"],
}
# Seconds after Python itself has started, until when a script has no say.
MOMENTS = [0.02, 0.2, 0.4, 0.6, 0.8, 1.0, 1.4, 1.8, 2.3, 3.0]
QUICK = {0.02, 1.0}


@cache
def start_seconds() -> float:
    """How long Python itself takes to start here, counted lines and all; the slowest of some."""
    taken = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", ""], check=True, env=clean_environment())
        taken.append(time.monotonic() - began)
    return max(taken)


def late_lines(script: Path, traceback: str) -> list[str]:
    """Which lines of a traceback run once a script's first import has seen to interrupts."""
    lines = script.read_text(encoding="utf-8").splitlines()
    first_import = next(i for i, line in enumerate(lines, 1) if line.startswith("from common."))
    early = {script: first_import, script.parent / "common" / "command.py": sys.maxsize}
    return [
        f"{path}:{number}"
        for path, number in re.findall(r'File "([^"]+)", line (\d+)', traceback)
        if Path(path).is_relative_to(script.parent) and int(number) > early.get(Path(path), 0)
    ]


@pytest.mark.parametrize(
    "moment",
    [pytest.param(it, marks=[] if it in QUICK else pytest.mark.slow) for it in MOMENTS],
)
@pytest.mark.parametrize("script", COMMANDS)
def test_an_interrupt_is_one_line(script, moment, tmp_path, postgres_url):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    named = {
        "dsn": postgres_url,
        "store": f"sqlite:///{tmp_path / 'store.db'}",
        "port": free_port(),
    }
    process = subprocess.Popen(
        [sys.executable, ROOT / script, *(word.format(**named) for word in COMMANDS[script])],
        cwd=tmp_path,
        env=clean_environment() | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=take_interrupts,
    )
    time.sleep(start_seconds() + moment)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal: the children get it too
    try:
        _, errors = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        assert moment < 0.2, "the interrupt was ignored"
        os.killpg(process.pid, signal.SIGINT)  # Python was slow to start, and lost the first one
        _, errors = process.communicate(timeout=60)
    name = script.rpartition("/")[2]
    if moment < 0.2 and "Traceback" in errors:
        # Python was slow to start: it is its own, and perhaps it went on all the same
        assert late_lines(ROOT / script, errors) == []
        return
    assert "Traceback" not in errors
    if process.returncode == 130:
        assert errors.splitlines()[-1] == f"{name}: interrupted"
        assert errors.count("interrupted") == 1
    else:  # it was done before, or is a server that ends as it should
        # While Python shuts down, it has no handler any more, and the signal ends it.
        assert process.returncode in (0, 1, 2, -signal.SIGINT), errors
        assert process.returncode == 0 or f"{name}: error: " in errors.splitlines()[-1]
    assert not list(temporary.iterdir())
