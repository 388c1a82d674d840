"""What differs on Windows, simulated: files that are open, addresses, folders."""

import os
import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store import system
from store.sqlite.store import SqliteStore
from tests.q3b.store.conftest import publish


@pytest.fixture
def windows(monkeypatch):
    monkeypatch.setattr(system, "WINDOWS", True)


@pytest.fixture
def held(monkeypatch) -> list[Path]:
    """A rename fails once for each entry: a reader has the file open for so long."""
    left = []
    replace = Path.replace

    def held_back(sibling: Path, path: Path) -> Path:
        if left:
            left.pop()
            raise PermissionError(13, "the file is open", str(path))
        return replace(sibling, path)

    monkeypatch.setattr(Path, "replace", held_back)
    return left


def test_a_file_that_readers_have_open_is_replaced_when_they_are_done(
    windows, held, tmp_path, monkeypatch
):
    (tmp_path / "new").write_text("new", encoding="utf-8")
    (tmp_path / "file").write_text("old", encoding="utf-8")
    held += [tmp_path] * 3
    monkeypatch.setattr(os, "open", None)  # Windows opens no folder
    system.replace(tmp_path / "new", tmp_path / "file", wait=10)
    assert not held
    monkeypatch.undo()
    assert [it.name for it in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("is_windows", [True, False])
def test_who_may_not_replace_a_file_is_told(held, tmp_path, monkeypatch, is_windows):
    """On Unix at once: it is the folder that may not be written, and no reader."""
    monkeypatch.setattr(system, "WINDOWS", is_windows)
    (tmp_path / "new").touch()
    held += [tmp_path] * (2 if is_windows else 1)
    with pytest.raises(PermissionError):
        system.replace(tmp_path / "new", tmp_path / "file", wait=0 if is_windows else 10)
    assert not (tmp_path / "file").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("is_windows", [True, False])
def test_between_questions_a_reader_keeps_the_file_open_where_it_may(
    tmp_path, monkeypatch, is_windows
):
    monkeypatch.setattr(system, "WINDOWS", is_windows)
    path = tmp_path / "recommendations.db"
    publish(SqliteStore(path, create=True), ["u1"])
    reader = SqliteStore(path)
    assert reader.user("u1")["user_id"] == "u1"
    descriptors = Path("/proc/self/fd").iterdir()
    opened = {it.readlink() for it in descriptors if it.is_symlink()}
    assert (path in opened) != is_windows
    reader.close()


@pytest.mark.parametrize("is_windows", [True, False])
def test_an_address_is_shared_with_no_server_that_runs(monkeypatch, is_windows):
    monkeypatch.setattr(system, "WINDOWS", is_windows)
    with closing(socket.create_server(("127.0.0.1", 0))) as server, closing(socket.socket()) as own:
        with pytest.raises(OSError, match=r"in use|one usage"):
            system.bind_as_servers_do(own, server.getsockname())
        reused = own.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    assert bool(reused) != is_windows
