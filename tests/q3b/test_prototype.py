"""The notebook runs, passes its own checks, and is committed with the outputs of its code."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest

from listening.lastfm import PLAYS_FILE, PROFILE_FILE, read_lastfm
from listening.sample.files import write_listeners
from run_prototype import main
from tests.conftest import ROOT, assert_one_line_error, run_script, take_interrupts

NOTEBOOK = ROOT / "Q3b" / "User-user Nearest Neighbours Prototype.ipynb"
SCRIPT = "Q3b/run_prototype.py"


def text_outputs(notebook) -> list:
    """Each code cell's source and what it shows as text; plots are only counted."""
    return [
        (cell.source, [text_of(output) for output in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def text_of(output) -> str:
    if output.output_type == "stream":
        return f"{output.name}: {output.text}"
    if "image/png" in output.data:
        return f"(plot) {output.metadata['image/png']['alt']}"
    return output.data["text/plain"]


def source_files() -> dict:
    """Every file of Q3b and its time of change, but for caches of compiled code."""
    files = (path for path in (ROOT / "Q3b").rglob("*") if "__pycache__" not in path.parts)
    return {path: path.stat().st_mtime_ns for path in files if path.is_file()}


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """What the command does in a folder of its own, and the copy that it writes there."""
    folder, before = tmp_path_factory.mktemp("a path with spaces"), source_files()
    finished = subprocess.run(
        [sys.executable, ROOT / SCRIPT, "--sample"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    assert source_files() == before
    (copy,) = (path for path in folder.rglob("*") if path.is_file())
    assert copy == folder / "output" / NOTEBOOK.name
    return finished, nbformat.read(copy, as_version=4)


@pytest.mark.slow
def test_committed_outputs_are_those_of_the_code(executed):
    committed = nbformat.read(NOTEBOOK, as_version=4)
    assert text_outputs(committed) == text_outputs(executed[1])


def test_committed_notebook_is_valid_and_shows_plots_but_no_warnings():
    committed = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(committed)
    texts = [text for _, shown in text_outputs(committed) for text in shown]
    words = [text.removeprefix("(plot) ") for text in texts if text.startswith("(plot)")]
    assert len(words) == 9
    assert all(len(text) > 60 and text.endswith(".") for text in words)
    assert not [text for text in texts if text.startswith("stderr")]


@pytest.mark.slow
def test_summary_is_what_the_last_cell_printed(executed):
    finished, notebook = executed
    assert finished.stdout == notebook.cells[-1].outputs[0].text
    assert finished.stdout.endswith("All checks passed\n")


@pytest.mark.slow
def test_switches_choose_users(tmp_path):
    write_listeners(tmp_path, users=300, artists=200)
    women = (read_lastfm(tmp_path)[0].profiles["gender"] == "f").sum()
    switches = ("--data", tmp_path, "--gender", "f", "--share", "0.5")
    finished = run_script(SCRIPT, *switches, "--output", tmp_path / "executed.ipynb")
    assert finished.returncode == 0, finished.stderr
    assert "Data: files of that layout, 301 users" in finished.stdout
    assert f"Served: {round(women / 2)} users" in finished.stdout


def test_own_files_with_own_ids_are_read(tmp_path):
    """Ids are e-mail addresses and numbers, without names of items and without profiles."""
    drawn = np.random.default_rng(5)
    rows = [(f"{user}@a.b", item) for user in range(80) for item in drawn.choice(60, 12, False)]
    lines = [f"{user},{item},{1 + drawn.integers(9)}" for user, item in rows]
    plays = tmp_path / "views.csv"
    plays.write_text("\n".join(["user_id,item_id,plays", *lines]), encoding="utf-8")
    output = tmp_path / "executed.ipynb"
    finished = run_script(SCRIPT, "--data", plays, "--output", output)
    assert finished.returncode == 0, finished.stderr
    assert "Data: views.csv, 80 users, 60 artists; 0 rows left out" in finished.stdout
    first = text_outputs(nbformat.read(output, as_version=4))
    chart = next(shown for source, shown in first if source.startswith("def chart"))
    numbers = [line.split()[-1] for line in chart[0].splitlines()[1:]]
    own = [int(line.split(",")[2]) for line in lines if line.startswith(f"{rows[0][0]},")]
    assert numbers == [str(number) for number in sorted(own, reverse=True)[:10]]


@pytest.mark.slow
def test_a_failing_cell_is_one_line_and_leaves_no_file(tmp_path):
    """A data set of one user has nobody to compare with."""
    user = "a" * 40
    (tmp_path / PLAYS_FILE).write_text(f"{user}\t\tlarks\t3\n", encoding="utf-8")
    (tmp_path / PROFILE_FILE).write_text(f"{user}\tf\t20\tPeru\tFeb 1, 2007\n", encoding="utf-8")
    finished = run_script(SCRIPT, "--data", tmp_path, "--output", tmp_path / "executed.ipynb")
    assert_one_line_error(finished, 1, "users share artists; too few to compare")
    assert sorted(path.name for path in tmp_path.iterdir()) == [PLAYS_FILE, PROFILE_FILE]


@pytest.mark.skipif(os.name != "posix", reason="SIGINT goes to a process group")
@pytest.mark.slow
def test_an_interrupt_is_one_line_and_ends_the_kernel(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, ROOT / SCRIPT, "--sample", "--output", tmp_path / "executed.ipynb"],
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=take_interrupts,
    )
    assert process.stderr.readline().startswith("Executing ")
    for _ in range(600):  # until the kernel runs
        if list(scratch.rglob("tmp*.json")):
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, errors) == ("", "run_prototype.py: interrupted\n")
    assert list(tmp_path.rglob("*")) == [scratch]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--share", "0"], "0<x<=1"),
        (["--share", "nan"], "nan is not a number"),
        (["--gender", "x"], "--gender"),
        (["--data", ".", "--sample"], "exclude"),
        (["--profiles", __file__], "belongs to a file of plays"),
        (["--output", "executed.txt"], "end it in .ipynb"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, complaint, capsys):
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


HEAVY = {
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "numba",
    "pyarrow",
    "dask",
    "matplotlib",
    "nbconvert",
}


@pytest.mark.parametrize("script", ["run_prototype", "evaluate", "generate_listeners"])
def test_help_loads_nothing_heavy_and_names_no_path_of_this_machine(script):
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", ROOT / "Q3b" / f"{script}.py", "--help"],
        capture_output=True,
        encoding="utf-8",
    )
    imported = {line.rpartition("|")[2].strip() for line in finished.stderr.splitlines()}
    assert "click" in imported
    assert not imported & HEAVY
    assert str(ROOT) not in finished.stdout
