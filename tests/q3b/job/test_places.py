"""A whole copy of the folder works wherever it is, also where its path has a meaning in a URL."""

import json
import shutil
import subprocess
import sys

import pytest

from listening.sample.files import write_listeners
from tests.conftest import ROOT
from tests.q3b.web.conftest import serving_environment

NAME = "c#/100% of it/a?b" if sys.platform != "win32" else "c#/100% of it"


def run(folder, script, *options):
    return subprocess.run(
        [sys.executable, folder / script, *options],
        cwd=folder,
        env=serving_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / NAME / "Q3b"
    shutil.copytree(ROOT / "Q3b", folder, ignore=shutil.ignore_patterns("__pycache__", "usersha1*"))
    return folder


@pytest.mark.slow  # it compiles the kernels anew
def test_a_clone_below_any_folder_opens_its_default_store(clone, tmp_path):
    plays, profiles = write_listeners(tmp_path, 120, 60, seed=4)
    options = ("--plays", plays, "--profiles", profiles, "--force", "--format", "json")
    done = run(clone, "recommend_daily.py", *options)
    assert done.returncode == 0, done.stderr
    assert (clone / "recommendations.db").is_file()
    exported = run(clone, "export_recommendations.py", "--output", "all.jsonl")
    assert exported.returncode == 0, exported.stderr
    rows = (clone / "all.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == json.loads(done.stdout)["users"] > 0
    assert [it.name for it in (tmp_path / "c#").iterdir()] == ["100% of it"]
