"""Commands run from a checkout that cannot be written to: what they make goes elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import QUESTIONS, clean_environment

COMMANDS = {
    "Q1/sql.py": ["--embedded", "--plot", "curve.png"],
    "Q2/raw_data_analytics.py": ["--by", "extension", "--plot", "bars.png"],
    "Q3a/tagging_prediction.py": ["--model", "linear", "--search", "none"],
    "Q3b/generate_listeners.py": ["--users", "50", "--artists", "60", "--output", "drawn"],
    "Q3b/evaluate.py": ["--models", "popularity", "--splits", "1"],
    "Q3b/recommend_daily.py": [],
    "Q3b/api.py": ["--help"],
}
MADE = {
    "Q1/sql.py": ["curve.png"],
    "Q2/raw_data_analytics.py": ["bars.png"],
    "Q3a/tagging_prediction.py": ["prediction.csv"],
    "Q3b/generate_listeners.py": ["drawn"],
    "Q3b/recommend_daily.py": ["recommendations.db"],
}
ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0
# Root writes whatever the permissions: it needs a file system that is mounted for reading alone.
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
# They compile kernels, which cannot be kept.
SLOW = {"Q2/raw_data_analytics.py", "Q3b/evaluate.py", "Q3b/recommend_daily.py"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the four questions without what earlier runs left in it."""
    copy = tmp_path_factory.mktemp("a checkout # 1") / "project"
    for question in QUESTIONS:
        shutil.copytree(
            question, copy / question.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    if not ROOT_USER:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
    yield copy
    for path in [copy, *copy.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def read_only(checkout: Path) -> list[str]:
    """The beginning of a command line that sees the checkout as read-only."""
    if not ROOT_USER:
        return []
    begin = ["unshare", "--mount", "sh", "-c", MOUNT, str(checkout)]
    if not shutil.which("unshare") or subprocess.run([*begin, "true"]).returncode:
        pytest.skip("root cannot make a read-only mount here")
    return begin


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
@pytest.mark.parametrize(
    "script",
    [pytest.param(it, marks=pytest.mark.slow) if it in SLOW else it for it in COMMANDS],
)
def test_a_read_only_checkout_works(checkout, script, tmp_path):
    finished = subprocess.run(
        [*read_only(checkout), sys.executable, checkout / script, *COMMANDS[script]],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    assert {path.name for path in tmp_path.iterdir()} >= set(MADE.get(script, []))
