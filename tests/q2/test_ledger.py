"""Q2's ledger: a run counts what no run before it did, and each content once."""

import gzip
import json
import shutil
from codecs import BOM_UTF16
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from logs import ledger as ledgers
from logs.fields import LayoutOptions
from logs.ranges import ranges_of
from logs.reader import Reading
from logs.sources import find_sources
from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, run
from traffic.distributed import part_of
from traffic.question import Question

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


W3C = "#Fields: date time sc-bytes cs-uri-stem\n2024-11-14 10:00:00 1 /a.jpg\n"
OTHER_FIELDS = "#Fields: date time cs-uri-stem sc-bytes\n2024-11-14 10:00:00 /a.jpg {}\n"
JSON = '{{"time_iso8601": "2024-11-14T10:00:00Z", "uri": "/a.jpg", "bytes": {}}}\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ROW.format(size=1), ROW),
        ("date\ttime\tsize\turl\n" + ROW.format(size=1), ROW),
        (
            "size,url,time,date\n1,/a.jpg,10:00:00,2024-11-14\n",
            '"{}","/a.jpg",10:00:00,2024-11-14\n',
        ),
        (W3C, "2024-11-14 10:00:00 {} /a.jpg\n"),
        (W3C + OTHER_FIELDS.format(1), "2024-11-14 10:00:00 /a.jpg {}\n"),
        (W3C, OTHER_FIELDS),
        (JSON.format(1), JSON),
        (JSON.format(1) * 50_000, JSON),
    ],
)
def test_of_a_file_that_has_grown_the_new_lines_count(logs, old, new):
    log, expected = logs / "a.tsv", json.dumps({"a.tsv": len(old)})
    log.write_text(old, encoding="utf-8")
    assert counted(logs)[0] > 10
    new = new.replace("{size}", "{}")
    log.write_text(old + "rubbish\n" + new.format(100) + new.format(2000), encoding="utf-8")
    finished = run(logs, "--ledger", logs.parent / "counted.ledger", "--format", "json")
    answer = json.loads(finished.stdout)
    assert (answer["bytes"], answer["rows_read"]) == (2100, 3)
    assert (
        json.dumps({Path(it).name: size for it, size in answer["files_grown"].items()}) == expected
    )
    assert [*answer["first_rejected"].values()] == [f"{log}:{old.count(chr(10)) + 1}"]
    said = "1 file has grown since the ledger's run; only new lines count"
    assert {said, f"  {log}: after {len(old):,} bytes"} <= {*finished.stderr.splitlines()}
    assert counted(logs) == (0, dict.fromkeys(["a.tsv", "b.tsv"], "counted before"))
    with log.open("a", encoding="utf-8") as file:
        file.write(new.format(30_000))
    assert counted(logs)[0] == 30_000


def test_new_lines_are_one_range_on_a_cluster(logs):
    log, lines = logs / "a.tsv", ROW.format(size=1) * 100
    log.write_text(lines + "rubbish\n" + ROW.format(size=20), encoding="utf-8")
    (source,) = (replace(it, start=len(lines)) for it in find_sources([str(log)]))
    (part,) = ranges_of(source, LayoutOptions(), 16)
    account, groups = part_of(part, Question(), Reading())
    assert groups.total() == (1, 20)
    assert account.rejected == {"wrong number of fields": (1, 100)}
    assert (account.accepted, account.lines) == (1, 102)


@pytest.mark.parametrize("kind", ["half a line", "gzip", "UTF-16"])
def test_a_file_whose_new_lines_are_not_known_is_asked_about(logs, kind):
    log, old = logs / "a.tsv", ROW.format(size=1)
    if kind == "half a line":
        write_as = partial(str.encode, encoding="utf-8")
        old = old[:-1]
    else:
        write_as = {"gzip": lambda text: gzip.compress(text.encode()), "UTF-16": utf_16}[kind]
    log.write_bytes(write_as(old))
    assert counted(logs)[0] == 11
    log.write_bytes(
        log.read_bytes() + write_as("\n" + ROW.format(size=100)).removeprefix(BOM_UTF16)
    )
    finished = run(logs, "--ledger", logs.parent / "counted.ledger")
    assert_one_line_error(finished, 2, str(log), "has grown by", "--on-changed-file skip")


def utf_16(text: str) -> bytes:
    return text.encode("utf-16")


def test_a_file_that_changed_is_asked_about(logs):
    sizes, happened = (7,), "has changed"
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
