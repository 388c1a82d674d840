"""A server as Windows has it: by TCP, without locks of the kernel, nor an end with its parent."""

import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest

from postgres import system
from postgres.embedded import embedded_server
from tests.q1.test_embedded import temporary_folder  # noqa: F401 - a fixture


@pytest.fixture
def windows(monkeypatch):
    """What Windows lacks, but for accounts: as root the server needs one here."""
    monkeypatch.setattr(system, "fcntl", None)
    monkeypatch.setattr(sys, "platform", "win32")


def test_a_server_without_locks_and_sockets_answers_and_is_removed(windows, temporary_folder):  # noqa: F811
    abandoned = temporary_folder / "q1-postgresql-of-another"
    abandoned.mkdir()
    with embedded_server(tcp=True) as url, closing(psycopg2.connect(url)) as connection:
        assert "@127.0.0.1:" in url
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            assert cursor.fetchone()[0].startswith("18")
    left = list(temporary_folder.iterdir())
    assert left == [abandoned]  # nobody can tell that its process has ended


def test_what_only_unix_has_is_left_out(windows, monkeypatch, tmp_path):
    monkeypatch.setattr(system, "pwd", None)
    assert system.unprivileged_identity() == {}
    assert system.shared_memory_options() == []
    assert system.ending_with_parent() == {}
    assert not system.locks_end_with_processes()
    unlocks = [system.locked(tmp_path) for _ in range(2)]
    assert [unlock() for unlock in unlocks] == [None, None]
    monkeypatch.delattr("socket.AF_UNIX", raising=False)
    assert not system.has_unix_sockets()


@pytest.mark.skipif(system.fcntl is None, reason="Windows has no lock of the kernel")
def test_on_unix_a_lock_is_one_processes_until_it_ends(tmp_path):
    program = (
        "import sys; from pathlib import Path; from postgres.system import locked;"
        " print(locked(Path(sys.argv[1])) is None)"
    )
    command = [sys.executable, "-c", program, tmp_path]

    def is_locked() -> str:
        folder = system.__file__.removesuffix("postgres/system.py")
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()

    unlock = system.locked(tmp_path)
    assert is_locked() == "True"
    unlock()
    assert is_locked() == "False"
