"""Q2's ledger: a run counts what no run before it did, and each content once."""

import json
import shutil
from pathlib import Path

import pytest

from logs import ledger as ledgers
from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, run

ROW = "2024-11-14\t10:00:00\t{size}\t/a.jpg\n"


@pytest.fixture
def logs(tmp_path):
    """A folder with two logs."""
    folder = tmp_path / "logs"
    folder.mkdir()
    write(folder / "a.tsv", 1)
    write(folder / "b.tsv", 10)
    return folder


def write(path: Path, *sizes: int) -> None:
    path.write_text("".join(ROW.format(size=size) for size in sizes), encoding="utf-8")


def counted(folder: Path, *more: str, status: int = 0) -> tuple[int, dict[str, str]]:
    """The bytes that a run with the folder's ledger counts, and the files that it leaves out."""
    ledger = folder.parent / "counted.ledger"
    finished = run(folder, "--ledger", ledger, "--format", "json", *more)
    assert finished.returncode == status, finished.stderr
    answer = json.loads(finished.stdout)
    before = answer["files_counted_before"]
    return answer["bytes"], {Path(name).name: reason for name, reason in before.items()}


def test_the_next_run_counts_only_what_is_new(logs):
    assert counted(logs) == (11, {})
    write(logs / "c.tsv", 100)
    assert counted(logs) == (100, dict.fromkeys(["a.tsv", "b.tsv"], "counted before"))
    total, before = counted(logs)
    assert (total, [*before]) == (0, ["a.tsv", "b.tsv", "c.tsv"])
    finished = run(logs, "--ledger", logs.parent / "counted.ledger", "--by", "date")
    assert_one_line_error(finished, 2, "counted.ledger", "another question")


def test_what_was_left_out_is_reported(logs):
    assert counted(logs)[0] == 11
    finished = run(logs, "--ledger", logs.parent / "counted.ledger")
    assert finished.returncode == 0
    lines = finished.stderr.splitlines()
    assert lines[0] == "left out, since the ledger has them: 2 files"
    assert lines[1] == f"  {logs / 'a.tsv'}: counted before"


def test_one_content_under_two_names_counts_once_and_is_warned_of_without_a_ledger(logs):
    shutil.copy(logs / "b.tsv", logs / "z.tsv")
    finished = run(logs, "--format", "json")
    assert json.loads(finished.stdout)["bytes"] == 21
    assert f"{logs / 'z.tsv'} has the same content as {logs / 'b.tsv'}" in finished.stderr
    assert counted(logs) == (11, {"z.tsv": f"same content as {logs / 'b.tsv'}"})
    (logs / "b.tsv").rename(logs / "y.tsv")
    assert counted(logs)[0] == 0


@pytest.mark.parametrize(
    ("sizes", "happened"), [((1, 100), "has grown by 31 bytes"), ((7,), "has changed")]
)
def test_a_file_that_grew_or_changed_is_asked_about(logs, sizes, happened):
    assert counted(logs)[0] == 11
    write(logs / "a.tsv", *sizes)
    ledger = logs.parent / "counted.ledger"
    before = ledger.read_bytes()
    finished = run(logs, "--ledger", ledger)
    assert_one_line_error(finished, 2, str(logs / "a.tsv"), happened, "--on-changed-file skip")
    assert ledger.read_bytes() == before
    total, left_out = counted(logs, "--on-changed-file", "skip")
    assert (total, left_out["a.tsv"]) == (0, f"{happened} since it was counted")
    assert counted(logs, "--on-changed-file", "count")[0] == sum(sizes)
    assert counted(logs)[0] == 0


def test_a_rotated_log_is_new(logs):
    """Its old content is there under another name, so that the name's new content is all new."""
    assert counted(logs)[0] == 11
    (logs / "a.tsv").rename(logs / "a.tsv.1")
    write(logs / "a.tsv", 100)
    assert counted(logs)[0] == 100


def test_only_files_that_were_read_are_remembered(logs):
    bad = logs / "bad.gz"
    bad.write_bytes(b"\x1f\x8b damaged")
    (logs / "empty.tsv").touch()
    assert counted(logs, "--on-bad-file", "skip", status=3)[0] == 11
    write(bad, 100)
    assert counted(logs)[0] == 100


def test_nothing_is_remembered_of_a_run_without_an_answer(logs):
    ledger, plot = logs.parent / "counted.ledger", logs.parent / "folder.png"
    (logs / "c.tsv").write_text("rubbish\n", encoding="utf-8")
    assert_one_line_error(run(logs, "--ledger", ledger), 2, "c.tsv")
    assert not ledger.exists() and not plot.exists()
    assert [it.name for it in logs.parent.iterdir()] == ["logs"]


def test_a_file_that_changes_while_it_is_counted_ends_the_run(logs, monkeypatch):
    digests = ledgers.digest_of

    def growing(source, *size):
        found = digests(source, *size)
        write(logs / "a.tsv", 1, 100)
        return found

    monkeypatch.setattr(ledgers, "digest_of", growing)
    finished = run(logs, "--ledger", logs.parent / "counted.ledger")
    assert_one_line_error(finished, 2, str(logs / "a.tsv"), "changed while it was counted")
    assert not finished.stdout and not (logs.parent / "counted.ledger").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2}', "\udcff"])
def test_a_file_that_is_not_a_ledger_is_kept(logs, text):
    ledger = logs.parent / "counted.ledger"
    ledger.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert_one_line_error(run(logs, "--ledger", ledger), 2, str(ledger), "not a ledger")
    assert ledger.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_ledger_needs_names(tmp_path):
    ledger = tmp_path / "counted.ledger"
    assert_one_line_error(run("--ledger", ledger), 2, "name a LOG")
    assert_one_line_error(run("-", "--ledger", ledger), 2, "standard input")
    device = run(FIXTURES / "plain.tsv", "--ledger", "/dev/null")
    assert_one_line_error(device, 2, "not a file")
