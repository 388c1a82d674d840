"""Expected failures become one line and an exit code; files are whole or absent."""

from common.command import OutsideError, UserError

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.command_line import ArgumentParser, command, picture, random_seed, share, whole_number
from common.output import replacing
from tests.conftest import ROOT


def failing(error: BaseException):
    @command
    def main(argv):
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
@pytest.mark.parametrize("arguments", [["Q3b/alert.py", "--help"], ["benchmarks/cluster_plan.py"]])
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
    line = f"{script}: error: standard output: No space left on device\n"
    assert (finished.returncode, finished.stderr) == (1, line)


def test_a_programming_error_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())([])


def parse(argv):
    parser = ArgumentParser(description="Count.")
    parser.add_argument("--count", type=int, default=3, help="how many")
    return parser.parse_args(argv)


@pytest.mark.parametrize(
    "argv", [["--count", "many"], ["--unknown"], ["--cou", "3"], ["--count=\0"], ["\ud83d"]]
)
def test_wrong_arguments_are_the_users_mistake_in_one_line(capsys, argv):
    assert command(parse)(argv) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert "see --help" in captured.err


def test_help_shows_defaults_and_is_no_failure(capsys):
    assert command(parse)(["--help"]) == 0
    assert "(default: 3)" in capsys.readouterr().out


def test_replacing_writes_the_whole_file(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old", encoding="utf-8")
    with replacing(path) as beside:
        beside.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_leaves_the_old_file_after_a_failure(tmp_path):
    path = tmp_path / "result.csv"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="half way"), replacing(path) as beside:
        beside.write_text("ne", encoding="utf-8")
        raise ValueError("half way")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_in_a_folder_that_does_not_exist_names_it(tmp_path, capsys):
    @command
    def main(argv):
        with replacing(tmp_path / "absent" / "result.csv"):
            pass

    assert main([]) == 2
    assert f"there is no folder {tmp_path / 'absent'}" in capsys.readouterr().err


def test_replacing_leaves_a_device_in_its_place():
    with replacing(os.devnull) as beside:
        beside.write_text("nothing", encoding="utf-8")
    assert not Path(os.devnull).is_file()


def test_a_folder_is_no_file_to_write(tmp_path):
    with pytest.raises(UserError, match="is a folder"), replacing(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def reading(argv):
    parser = ArgumentParser(description="Read.")
    parser.add_argument("--top", type=whole_number(1, 20))
    parser.add_argument("--seed", type=random_seed)
    parser.add_argument("--share", type=share)
    parser.add_argument("--plot", type=picture)
    read = parser.parse_args(argv)
    return read.top, read.seed, read.share, read.plot


def test_numbers_and_pictures_are_read(tmp_path):
    path = tmp_path / "bars.SVG"
    argv = ["--top", "20", "--seed", "4294967295", "--share", "1", "--plot", str(path)]
    assert reading(argv) == (20, 2**32 - 1, 1.0, path)


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["--top", "0"], "argument --top: '0' is no whole number from 1 to 20"),
        (["--top", "21"], "from 1 to 20"),
        (["--top", "1.0"], "from 1 to 20"),
        (["--top", "１"], "from 1 to 20"),
        (["--top", "9" * 5000], "from 1 to 20"),
        (["--seed", "-1"], "argument --seed: '-1' is no whole number from 0"),
        (["--seed", "4294967296"], "from 0 to 4294967295"),
        (["--share", "0"], "argument --share: '0' is no number above 0 and at most 1"),
        (["--share", "1.01"], "at most 1"),
        (["--share", "nan"], "at most 1"),
        (["--share", "half"], "at most 1"),
        (["--plot", "bars"], "argument --plot: 'bars' is no picture: end it in .png, .svg, .pdf"),
        (["--plot", "bars.xyz"], "is no picture"),
        (["--plot", "nowhere/bars.png"], "there is no folder 'nowhere'"),
    ],
)
def test_other_numbers_and_pictures_are_refused_before_any_work(argv, part):
    with pytest.raises(UserError) as raised:
        reading(argv)
    assert part in str(raised.value)


@pytest.mark.parametrize("argument", ["--day=--", "--day=\0", "--day=\ud83d"])
def test_a_value_that_is_none_or_no_text_is_refused(argument):
    parser = ArgumentParser()
    parser.add_argument("--day")
    with pytest.raises(UserError, match="--day="):
        parser.parse_args([argument])
    assert parser.parse_args(["--day=a=--"]).day == "a=--"
