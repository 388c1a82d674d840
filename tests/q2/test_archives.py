"""Q2's archives: members are files of their own, known by content, and none counts twice."""

import gzip
import io
import os
import stat
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.conftest import ROOT, assert_one_line_error
from tests.q2.conftest import ask, run

ROW = b"2017-08-24\t00:00:00\t%d\t/a.jpg\n"
MEMBERS = {"a.tsv": ROW % 1 + ROW % 20 + ROW % 300, "day/b.tsv": ROW % 4000 + b"x\n" + ROW % 50000}
TOTAL, ROWS = 54321, 6


def tar(members: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive with a folder before its files."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("day")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("day/", b"")
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


ARCHIVES = {
    "logs.tar": tar(MEMBERS),
    "gnu.tar": tar(MEMBERS, tarfile.GNU_FORMAT),
    "logs.tar.gz": gzip.compress(tar(MEMBERS)),
    "no-suffix": gzip.compress(tar(MEMBERS)),
    "stored.zip": zipped(MEMBERS, zipfile.ZIP_STORED),
    "deflated.zip": zipped(MEMBERS),
    "lzma.zip": zipped(MEMBERS, zipfile.ZIP_LZMA),
    "of-gzip.tar": tar({name: gzip.compress(data) for name, data in MEMBERS.items()}),
    "of-gzip.zip": zipped({name: gzip.compress(data) for name, data in MEMBERS.items()}),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_all_members_are_read_and_named(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    answer = ask(path)
    assert (answer["bytes"], answer["rows_read"]) == (TOTAL, ROWS)
    assert answer["first_rejected"] == {"wrong number of fields": f"{path}/day/b.tsv:2"}


def test_hidden_members_and_links_do_not_count(tmp_path):
    members = MEMBERS | {"__MACOSX/._a.tsv": ROW % 9, ".hidden/c.tsv": ROW % 9, "./.d": ROW % 9}
    file = io.BytesIO(tar(members))
    with tarfile.open(fileobj=file, mode="a") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(f"link-{kind.decode()}")
            link.type, link.linkname = kind, "a.tsv"
            archive.addfile(link)
    (tmp_path / "logs.tar").write_bytes(file.getvalue())
    file = io.BytesIO(zipped(members))
    with zipfile.ZipFile(file, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "a.tsv")
    (tmp_path / "logs.zip").write_bytes(file.getvalue())
    assert ask(tmp_path / "logs.tar")["bytes"] == TOTAL
    assert ask(tmp_path / "logs.zip")["bytes"] == TOTAL


def encrypted() -> bytes:
    """A zip archive whose members say that they are encrypted."""
    data = bytearray(zipped({"a.tsv": ROW % 1}, zipfile.ZIP_STORED))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(magic) + flags] |= 1
    return bytes(data)


REFUSED = {
    "nested.zip": (
        zipped({"b.tar": tar(MEMBERS)}),
        "b.tar: an archive or a Parquet file within",
    ),
    "nested.tar.gz": (gzip.compress(tar({"b.zip": zipped(MEMBERS)})), "b.zip: an archive or"),
    "zip.gz": (gzip.compress(zipped(MEMBERS)), "zip.gz: it holds an archive"),
    "secret.zip": (encrypted(), "secret.zip/a.tsv: ", "encrypted"),
    "cut.tar.gz": (gzip.compress(tar(MEMBERS))[:-40], "cut.tar.gz", "damaged or cut short"),
    "cut.tar": (tar({"a.tsv": ROW % 1 * 9999})[:99_999], "cut.tar/a.tsv: the archive is damaged"),
    "cut.zip": (zipped(MEMBERS)[:-30], "cut.zip: the archive is damaged or cut short"),
    "wrong.zip": (
        zipped(MEMBERS, zipfile.ZIP_STORED).replace(b"/a.jpg", b"/b.jpg", 1),
        "wrong.zip/a.tsv: the archive is damaged",
    ),
    "empty.zip": (zipped({}), "no files in the archive"),
    "links.tar": (tar({".a": b""}), "no files in the archive"),
    "twice.tar": (tar({"a.tsv": ROW % 1, "./a.tsv": ROW % 2}), "a second file of this name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_for_certain_is_refused(tmp_path, name):
    data, *parts = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    assert_one_line_error(run(tmp_path / name), 2, *parts)


@pytest.mark.parametrize(
    ("name", "seekable", "part"),
    [
        ("logs.tar.gz", False, ""),
        ("deflated.zip", True, ""),
        ("deflated.zip", False, "standard input: a zip archive cannot be read from a stream"),
    ],
)
def test_archives_on_standard_input(tmp_path, name, seekable, part):
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    command = [sys.executable, "Q2/raw_data_analytics.py", "-"]
    if seekable:
        with path.open("rb") as file:
            finished = subprocess.run(command, cwd=ROOT, stdin=file, capture_output=True)
    else:
        finished = subprocess.run(command, cwd=ROOT, input=ARCHIVES[name], capture_output=True)
    assert finished.returncode == (2 if part else 0)
    assert part in finished.stderr.decode()
    if not part:
        assert f": {TOTAL}{os.linesep}".encode() in finished.stdout
