"""The notebook runs, passes its own checks, and is committed with the outputs of its code."""

import nbformat
import pytest

from listening.lastfm import PLAYS_FILE, PROFILE_FILE, read_lastfm
from listening.sample.files import write_listeners
from run_prototype import main
from tests.conftest import ROOT, assert_one_line_error, run_script

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
    return "(plot)" if "image/png" in output.data else output.data["text/plain"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    path = tmp_path_factory.mktemp("a path with spaces") / "executed.ipynb"
    before = NOTEBOOK.read_bytes()
    finished = run_script(SCRIPT, "--sample", "--output", path)
    assert finished.returncode == 0, finished.stderr
    assert NOTEBOOK.read_bytes() == before
    return finished, nbformat.read(path, as_version=4)


def test_committed_outputs_are_those_of_the_code(executed):
    committed = nbformat.read(NOTEBOOK, as_version=4)
    assert text_outputs(committed) == text_outputs(executed[1])


def test_committed_notebook_is_valid_and_shows_plots_but_no_warnings():
    committed = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(committed)
    texts = [text for _, shown in text_outputs(committed) for text in shown]
    assert texts.count("(plot)") == 8
    assert not [text for text in texts if text.startswith("stderr")]


def test_summary_is_what_the_last_cell_printed(executed):
    finished, notebook = executed
    assert finished.stdout == notebook.cells[-1].outputs[0].text
    assert finished.stdout.endswith("All checks passed\n")


def test_switches_choose_users(tmp_path):
    write_listeners(tmp_path, users=300, artists=200)
    women = (read_lastfm(tmp_path)[0].profiles["gender"] == "f").sum()
    switches = ("--data", tmp_path, "--gender", "f", "--share", "0.5")
    finished = run_script(SCRIPT, *switches, "--output", tmp_path / "executed.ipynb")
    assert finished.returncode == 0, finished.stderr
    assert "Data: files of that layout, 301 users" in finished.stdout
    assert f"Served: {round(women / 2)} users" in finished.stdout


def test_a_failing_cell_is_one_line_and_leaves_no_file(tmp_path):
    """A data set of one user has nobody to compare with."""
    user = "a" * 40
    (tmp_path / PLAYS_FILE).write_text(f"{user}\t\tlarks\t3\n", encoding="utf-8")
    (tmp_path / PROFILE_FILE).write_text(f"{user}\tf\t20\tPeru\tFeb 1, 2007\n", encoding="utf-8")
    finished = run_script(SCRIPT, "--data", tmp_path, "--output", tmp_path / "executed.ipynb")
    assert_one_line_error(finished, 1, "users share artists; too few to compare")
    assert sorted(path.name for path in tmp_path.iterdir()) == [PLAYS_FILE, PROFILE_FILE]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "nowhere"], "nowhere"),
        (["--share", "0"], "above 0"),
        (["--gender", "x"], "--gender"),
        (["--data", ".", "--sample"], "exclude"),
        (["--output", "executed.txt"], "end it in .ipynb"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, complaint, capsys):
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err
