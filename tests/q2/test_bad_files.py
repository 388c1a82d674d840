"""Q2's files that cannot be read: the run ends, or they are left out wholly and listed."""

import gzip
import io
import json
import os
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, run

ROW = "2017-08-24\t00:00:00\t{}\t/{}.jpg\n"
SKIP = ("--on-bad-file", "skip", "--format", "json")
REASONS = {
    "README.txt": "its first lines are of no known format",
    "error.log": "its first lines are of no known format",
    "truncated.gz": "damaged or cut short",
    "binary": "its first lines are of no known format",
    "locked.zip": "the archive is damaged",
}


@pytest.fixture
def folder(tmp_path):
    """Forty sound logs of 1 byte each, and a bad file of each kind among them."""
    for number in range(40):
        (tmp_path / f"{number:02}.tsv").write_text(ROW.format(1, number), encoding="utf-8")
    (tmp_path / "README.txt").write_text("These are logs.\n", encoding="utf-8")
    (tmp_path / "error.log").write_text("2017/08/24 [error] 7#7: open() failed\n", encoding="utf-8")
    # So long that rows of it have been counted before the damage shows
    rows = "".join(ROW.format(number % 9999, number * 7919) for number in range(400_000))
    (tmp_path / "truncated.gz").write_bytes(gzip.compress(rows.encode(), 1)[:-1000])
    (tmp_path / "binary").write_bytes(os.urandom(1000))
    (tmp_path / "locked.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    return tmp_path


@pytest.mark.parametrize("by", ["date", "extension", "url"])
def test_one_run_finds_all_and_counts_the_others(folder, by):
    finished = run(folder, *SKIP, "--by", by)
    assert finished.returncode == 3
    answer = json.loads(finished.stdout)
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (40, 40, 40)
    assert sum(group["bytes"] for group in answer["groups"]) <= 40
    assert answer["groups_found"] == (40 if by == "url" else 1)
    found = answer["files_left_out"]
    assert {name.rpartition(os.sep)[2] for name in found} == REASONS.keys()
    for name, reason in found.items():
        assert REASONS[name.rpartition(os.sep)[2]] in reason
        assert f"  {name}: {reason}" in finished.stderr.splitlines()


def test_a_bad_file_among_others_names_the_option_and_a_lone_one_does_not(folder):
    assert_one_line_error(run(folder), 2, "README.txt: ", "leave out such files with --on-bad-file")
    alone = run(folder / "README.txt")
    assert_one_line_error(alone, 2, "README.txt: ")
    assert "--on-bad-file" not in alone.stderr


def test_a_reason_with_a_line_does_not_repeat_the_file(tmp_path):
    (tmp_path / "a.tsv").write_text(ROW.format(1, 1), encoding="utf-8")
    (tmp_path / "b.json").write_text('{"version": 1, "files": 2}\n', encoding="utf-8")
    (reason,) = json.loads(run(tmp_path, *SKIP).stdout)["files_left_out"].values()
    assert reason.startswith("line 1: no 'datetime'")


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")
def test_links_that_lead_nowhere(folder):
    (folder / "gone.tsv").symlink_to(folder / "nothing")
    (folder / "round.tsv").symlink_to(folder / "round.tsv")
    answer = json.loads(run(folder, *SKIP).stdout)
    assert answer["files_left_out"][str(folder / "gone.tsv")] == "No such file or directory"
    assert "symbolic links" in answer["files_left_out"][str(folder / "round.tsv")]
    assert answer["bytes"] == 40


@pytest.fixture
def closed_folder():
    """Three logs of 1 byte each, of which one, and an empty folder, may not be read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for number in range(3):
            (folder / f"{number}.tsv").write_text(ROW.format(1, number), encoding="utf-8")
        (folder / "0.tsv").chmod(0)
        (folder / "closed").mkdir(mode=0)
        yield folder


@contextmanager
def without_roots_rights():
    """Read as another user if the tests are root's, who may read everything."""
    is_root = os.geteuid() == 0
    if is_root:
        run(FIXTURES / "plain.tsv")  # all modules are read: root's may be closed to others
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows closes files to others in another way")
def test_files_and_folders_that_may_not_be_read(closed_folder):
    with without_roots_rights():
        answer = json.loads(run(closed_folder, *SKIP).stdout)
        finished = run(closed_folder / "c*")
    for name in ("0.tsv", "closed"):
        assert answer["files_left_out"][str(closed_folder / name)] == "Permission denied"
    assert answer["bytes"] == 2
    assert_one_line_error(finished, 2, "closed", "Permission denied")


def test_the_run_ends_at_the_first_unless_told_otherwise(folder):
    assert_one_line_error(run(folder), 2, "README.txt", "no known format")
    assert run(folder, "--on-bad-file", "stop") == run(folder)


def test_sound_files_alone_end_with_0(folder):
    assert run(folder / "*.tsv", *SKIP).returncode == 0


def test_nothing_but_bad_files_is_an_error(folder):
    finished = run(folder / "README.txt", folder / "binary", folder / "missing", *SKIP)
    assert_one_line_error(finished, 2, "README.txt", "none of 3 files can be read")


def test_text_and_csv_list_them_on_stderr(folder):
    for form in ("text", "csv"):
        finished = run(folder, "--on-bad-file", "skip", "--format", form)
        assert finished.returncode == 3
        assert "5 files" in finished.stderr
        assert "README.txt" in finished.stderr and "README.txt" not in finished.stdout


def test_members_of_archives(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.tsv", ROW.format(5, "a"))
        archive.writestr("README", "These are logs.\n")
        archive.writestr("b.tsv", ROW.format(70, "b"))
    (tmp_path / "logs.zip").write_bytes(file.getvalue())
    finished = run(tmp_path / "logs.zip", *SKIP)
    answer = json.loads(finished.stdout)
    assert (finished.returncode, answer["bytes"]) == (3, 75)
    assert [*answer["files_left_out"]] == [str(tmp_path / "logs.zip" / "README")]


def test_a_tar_archive_that_is_cut_short_counts_up_to_there(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, rows in (("a.tsv", 1), ("b.tsv", 9999)):
            data = ROW.format(5, "a").encode() * rows
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    path = tmp_path / "logs.tar"
    path.write_bytes(file.getvalue()[:90_000])
    finished = run(path, *SKIP)
    answer = json.loads(finished.stdout)
    assert (finished.returncode, answer["bytes"]) == (3, 5)
    assert str(path / "b.tsv") in answer["files_left_out"]


def test_a_log_without_the_field_that_is_asked_for(tmp_path):
    (tmp_path / "a.log").write_bytes((FIXTURES / "cloudfront-26-fields.log").read_bytes())
    (tmp_path / "b.tsv").write_bytes((FIXTURES / "plain.tsv").read_bytes())
    finished = run(tmp_path, "--by", "cache", *SKIP)
    answer = json.loads(finished.stdout)
    assert (finished.returncode, answer["requests"]) == (3, 8)
    assert "no cache field" in answer["files_left_out"][str(tmp_path / "b.tsv")]


def test_a_large_log_whose_header_changes_for_the_worse_counts_in_no_part(tmp_path):
    head = "#Version: 1.0\n#Fields: date time sc-bytes cs-uri-stem\n"
    rows = "2017-08-24 00:00:00 3 /a.jpg\n" * 400_000
    bad = head.replace("sc-bytes", "cs-bytes") + rows
    (tmp_path / "a.log").write_text(head + rows + bad, encoding="utf-8")
    (tmp_path / "b.log").write_text(head + rows[:290], encoding="utf-8")
    finished = run(tmp_path, *SKIP)
    answer = json.loads(finished.stdout)
    assert (finished.returncode, answer["bytes"]) == (3, 30)
    assert [*answer["files_left_out"]] == [str(tmp_path / "a.log")]


def test_a_last_line_without_a_newline_counts_with_a_warning(tmp_path):
    rows = ROW.format(1, "a") + ROW.format(20, "b")
    for name, text in (("a.tsv", rows), ("b.tsv", rows[:-1]), ("c.tsv", rows[:-1].upper())):
        (tmp_path / name).write_text(text, encoding="utf-8")
    finished = run(tmp_path, "--format", "json")
    answer = json.loads(finished.stdout)
    assert (finished.returncode, answer["bytes"], answer["rows_rejected"]) == (0, 63, {})
    assert answer["files_unfinished"] == [str(tmp_path / "b.tsv"), str(tmp_path / "c.tsv")]
    assert finished.stderr == (
        f"warning: the last line of {tmp_path / 'b.tsv'} and of 1 more has no newline; "
        "it counts, but the file may still grow\n"
    )
    assert not run(tmp_path / "a.tsv").stderr
    (tmp_path / "d.gz").write_bytes(gzip.compress(rows[:-1].encode()))
    assert "d.gz" in run(tmp_path / "d.gz").stderr
