"""Expected failures become one line and an exit code; files are whole or absent."""

from common.command import Command, OutsideError, UserError

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from common.output import FORMATS, formatted, new_file, replacing
from tests.conftest import ROOT, run_script


def failing(error: BaseException) -> Command:
    @click.command(cls=Command)
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("log.tsv:3: no size; add one"), 2, "log.tsv:3: no size; add one"),
        (OutsideError("the server went away"), 1, "the server went away"),
        (UserError("two\nlines"), 2, "two lines"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), 2, "a.csv: No such file"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "a"), 2, "a: File name too long"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
        (MemoryError(), 1, "not enough memory"),
    ],
)
def test_a_failure_is_one_line_and_an_exit_code(capsys, error, status, line):
    assert failing(error)([]) == status
    captured = capsys.readouterr()
    assert captured.err == f"test_command_line.py: error: {line}\n"
    assert captured.out == ""


def test_an_interrupt_is_exit_code_130(capsys):
    assert failing(KeyboardInterrupt())([]) == 130
    assert capsys.readouterr().err == "test_command_line.py: interrupted\n"


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(("closed", "option", "status"), [(1, "--help", 1), (2, "--wrong", 2)])
def test_a_closed_stream_is_no_traceback(closed, option, status):
    """As `script >&-` and `script 2>&-` start it."""
    program = f"import os, sys; os.close({closed}); os.execv(sys.argv[1], sys.argv[1:])"
    script = str(ROOT / "Q3b" / "alert.py")
    command_line = [sys.executable, "-c", program, sys.executable, script, option]
    finished = subprocess.run(command_line, capture_output=True, text=True)
    assert finished.returncode == status
    assert finished.stdout == ""  # where Python prints an error without standard error
    closed_line = "alert.py: error: standard output is closed: there is nowhere to answer\n"
    assert finished.stderr == (closed_line if closed == 1 else "")


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(
    "arguments",
    [
        ["Q1/sql.py", "--embedded", "--format", "json"],
        ["Q2/raw_data_analytics.py", "--format", "json"],
        ["Q3b/evaluate.py", "--models", "popularity", "--splits", "1", "--format", "json"],
    ],
)
def test_a_run_without_standard_error_answers_alone(arguments):
    """Progress and messages have nowhere to go: they must not be in the answer, or end the run."""
    program = "import os, sys; os.close(2); os.execv(sys.argv[1], sys.argv[1:])"
    command_line = [sys.executable, "-c", program, sys.executable, *arguments]
    finished = subprocess.run(command_line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert finished.returncode == 0
    json.loads(finished.stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("arguments", [["Q3b/alert.py", "--help"], ["Q2/raw_data_analytics.py"]])
def test_a_full_disk_is_one_line(arguments):
    buffered = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=buffered,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    script = Path(arguments[0]).name
    line = f"{script}: error: standard output: No space left on device"
    assert (finished.returncode, finished.stderr.splitlines()[-1]) == (1, line)


def test_a_programming_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())([])


@click.command(cls=Command)
@click.option("--count", type=click.IntRange(0, 2**32 - 1), default=3, help="Number of rows.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), callback=new_file)
@click.option("--page", type=click.Path(dir_okay=False, path_type=Path), callback=new_file)
@click.option("--by", type=click.Choice(FORMATS), multiple=True)
def counting(count, plot, page, by):
    """Count."""
    print(count, plot, *by)


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["--count", "many"], "'many' is not a valid integer"),
        (["--count", "-1"], "-1 is not in the range"),
        (["--count", "4294967296"], "is not in the range"),
        (["--unknown"], "No such option '--unknown'"),
        (["--coumt", "3"], "Did you mean"),
        (["--cou", "3"], "--count"),
        (["--by", "texts"], "'texts' is not one of 'text', 'csv', 'json'"),
        (["--plot", "bars"], "'bars' is not a picture: end it in .png, .svg or .pdf"),
        (["--plot", "nowhere/bars.png"], "'nowhere/bars.png' is not a file in a folder"),
        (["--page", ""], "'.' is not a file in a folder"),  # as the empty name is the current one
        (["superfluous"], "superfluous"),
    ],
)
def test_wrong_arguments_are_the_users_mistake_in_one_line(capsys, argv, part):
    assert counting(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("test_command_line.py: error: ")
    assert captured.err.endswith(" (see --help)\n")
    assert part in captured.err


def test_right_arguments_are_read(capsys, tmp_path):
    path = tmp_path / "bars.SVG"
    assert counting(["--count", "20", "--plot", str(path), "--by", "csv", "--by=text"]) == 0
    assert capsys.readouterr().out == f"20 {path} csv text\n"


def test_help_shows_defaults_and_is_not_a_failure(capsys):
    assert counting(["--help"]) == 0
    assert "default: 3" in capsys.readouterr().out


def test_the_version_is_shown(capsys):
    assert counting(["--version"]) == 0
    name, version = capsys.readouterr().out.split()
    assert name == "test_command_line.py"
    assert version[0].isdigit()


def test_a_callback_returns_its_own_exit_code():
    @click.command(cls=Command)
    def main():
        return 75

    assert main([]) == 75


@pytest.mark.skipif(os.name == "nt", reason="completes in the shells of POSIX systems")
def test_the_shell_completes_options():
    asked = {
        "_SQL_PY_COMPLETE": "bash_complete",
        "COMP_WORDS": "sql.py --cohorts",
        "COMP_CWORD": "1",
    }
    finished = run_script(ROOT / "Q1" / "sql.py", **asked)
    assert finished.stdout.splitlines() == ["plain,--cohorts"]


ROWS = [[1, "王菲"], [2, 'a "b", c']]
RECORD = {"rows": [{"n": 1, "name": "王菲"}, {"n": 2, "name": 'a "b", c'}]}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "two rows"),
        ("csv", 'n,name\n1,王菲\n2,"a ""b"", c"'),
        ("json", json.dumps(RECORD, ensure_ascii=False, indent=2)),
    ],
)
def test_a_result_is_written_in_three_formats(form, expected):
    assert formatted(form, "two rows", ["n", "name"], ROWS, RECORD) == expected


def test_replacing_writes_the_whole_file(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old", encoding="utf-8")
    with replacing(path) as sibling:
        sibling.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_leaves_the_old_file_after_a_failure(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="half way"), replacing(path) as sibling:
        sibling.write_text("ne", encoding="utf-8")
        raise ValueError("half way")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_leaves_a_device_in_its_place():
    with replacing(Path(os.devnull)) as sibling:
        sibling.write_text("nothing", encoding="utf-8")
    assert not Path(os.devnull).is_file()
