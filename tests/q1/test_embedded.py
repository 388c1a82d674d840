"""The embedded PostgreSQL lives and dies with its process, as root and as an ordinary user."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from events.streams import CHUNK_BYTES
from postgres.directory import PREFIX, locked, server_directory
from postgres.embedded import (
    copied_binaries,
    create_cluster,
    embedded_server,
    installed_binaries,
)
from tests.conftest import ROOT, clean_environment, run_script, take_interrupts

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc and prctl")
posix = pytest.mark.skipif(os.name != "posix", reason="needs file locks and modes of POSIX")

# Prints the server's process and directory, then waits to be killed.
STARTER = """
import sys, time
import psycopg2
from postgres.embedded import embedded_server
with embedded_server() as url:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_read_file('postmaster.pid'), current_setting('data_directory')")
        postmaster, data = cursor.fetchone()
    print(postmaster.split()[0], data, flush=True)
    time.sleep(300)
"""


def one(url: str, statement: str) -> object:
    """The only value that a statement gives."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def waited_for(condition) -> bool:
    """Whether a condition comes true within a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def temporary_folder(monkeypatch) -> Iterator[Path]:
    """A folder for the temporary files of one test, open to root's other account too."""
    with tempfile.TemporaryDirectory(prefix="q1-test-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr("tempfile.tempdir", folder)
        yield Path(folder)


@posix
def test_the_socket_is_private_and_the_directory_goes_with_the_server():
    with embedded_server() as url:
        directory = Path(one(url, "SHOW data_directory")).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        assert one(url, "SHOW listen_addresses") == ""
        assert one(url, "SHOW server_encoding") == "UTF8"
    assert not directory.exists()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no folder for shared memory")
def test_its_shared_memory_goes_with_the_directory_too(postgres_url):
    """An interrupted initdb left files in /dev/shm."""
    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW dynamic_shared_memory_type")
        assert cursor.fetchone() == ("mmap",)


def test_by_tcp_it_listens_on_the_loopback_address_and_asks_for_the_password(postgres_url):
    assert one(postgres_url, "SHOW listen_addresses") == "127.0.0.1"
    password = postgres_url.split("postgres:")[1].split("@")[0]
    assert len(password) >= 32
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(postgres_url.replace(password, "guessed"))


@posix
def test_a_temporary_folder_whose_path_is_too_long_for_a_socket(temporary_folder, monkeypatch):
    long = temporary_folder / f"a {'long ' * 20}path"
    long.mkdir(mode=0o755)
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with embedded_server() as url:
        assert "@127.0.0.1:" in url
        assert one(url, "SELECT 1") == 1
    assert list(long.iterdir()) == []


def test_it_serves_below_a_private_folder_with_a_space_in_its_path(tmp_path):
    private = tmp_path / "a private folder"
    private.mkdir(mode=0o700)
    shutil.copytree(ROOT / "Q1", private / "Q1")
    finished = run_script(private / "Q1" / "sql.py", "--embedded", "--format", "json")
    assert finished.returncode == 0, finished.stderr


@linux
def test_killed_it_leaves_no_server_and_the_next_run_removes_the_directory(temporary_folder):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT / "Q1",
        env=clean_environment() | {"PYTHONPATH": str(ROOT / "Q1")},
        stdout=subprocess.PIPE,
        text=True,
    )
    with starter:
        process, data = starter.stdout.readline().split(maxsplit=1)
        directory = Path(data).parent
        assert Path(f"/proc/{process}").exists()
        starter.send_signal(signal.SIGKILL)
    assert waited_for(lambda: not Path(f"/proc/{process}").exists()), "the server lives on"
    assert list(temporary_folder.iterdir()) == [directory]
    with embedded_server():
        assert not directory.exists()
    assert list(temporary_folder.iterdir()) == []


@posix
def test_the_directory_of_a_living_process_is_left_alone(temporary_folder):
    with (
        server_directory(open_to_all=False) as first,
        server_directory(open_to_all=False) as second,
    ):
        assert first.exists()
        assert second.exists()
        assert locked(first) is None
    assert list(temporary_folder.iterdir()) == []


@posix
def test_only_our_own_abandoned_directories_are_removed(temporary_folder):
    target = temporary_folder / "of a stranger"
    target.mkdir()
    (target / "file").touch()
    (temporary_folder / f"{PREFIX}link").symlink_to(target)
    (temporary_folder / f"{PREFIX}file").touch()
    (temporary_folder / f"{PREFIX}abandoned" / "data").mkdir(parents=True)
    with server_directory(open_to_all=False):
        assert not (temporary_folder / f"{PREFIX}abandoned").exists()
    assert (target / "file").exists()
    assert (temporary_folder / f"{PREFIX}link").is_symlink()
    assert (temporary_folder / f"{PREFIX}file").is_file()


@linux
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to become others")
def test_it_serves_root_under_an_account_of_less_power():
    with embedded_server() as url:
        assert one(url, "SELECT (pg_stat_file('PG_VERSION')).size > 0")
        process = one(url, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
        assert Path(f"/proc/{process}").stat().st_uid != 0


@linux
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to become others")
def test_it_serves_an_ordinary_user(temporary_folder, monkeypatch):
    # That user may be unable to read root's environment: so a copy of the programs, and a child
    # of this process, which has read all its modules, instead of a new Python.
    temporary_folder.chmod(0o777)
    binaries = copied_binaries(installed_binaries(), temporary_folder)
    monkeypatch.setattr("postgres.embedded.installed_binaries", lambda: binaries)
    child = os.fork()
    if child == 0:
        os._exit(served_as(65534))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def served_as(account: int) -> int:
    """Become another account for good, start a server and ask it; 0 if it answers."""
    try:
        os.setgroups([])
        os.setgid(account)
        os.setuid(account)
        os.chdir("/")
        with embedded_server() as url:
            return 0 if one(url, "SELECT 1") == 1 else 1
    except BaseException as error:
        print(repr(error), file=sys.__stderr__)
        return 2


def test_variables_that_name_other_servers_do_not_reach_it(monkeypatch):
    monkeypatch.setenv("PGHOST", "203.0.113.1")
    monkeypatch.setenv("PGSERVICE", "nobody-defined-this")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    with embedded_server() as url:
        assert one(url, "SHOW default_transaction_read_only") == "off"


@pytest.fixture
def interruptible():
    """Python's own answer to Ctrl-C: a run in the background would ignore it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@posix
def test_an_interrupt_waits_for_the_end_of_initdb(tmp_path, interruptible):
    """Which would leave shared memory behind, as nothing else would remove it."""
    initdb = tmp_path / "initdb"
    initdb.write_text("#!/bin/sh\nkill -INT $PPID\nsleep 0.3\ntouch whole\n", encoding="utf-8")
    initdb.chmod(0o755)
    with pytest.raises(KeyboardInterrupt):
        create_cluster(tmp_path, tmp_path, {}, tcp=False)
    assert (tmp_path / "whole").exists()


@posix
def test_an_interrupt_of_the_terminal_does_not_reach_the_server():
    """It would end it and its sessions before they are asked to end."""
    with embedded_server() as url:
        process = one(url, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
        assert os.getsid(int(process)) != os.getsid(0)


@posix
@pytest.mark.parametrize("step", ["mkdtemp", "rmtree"])
def test_an_interrupt_while_a_directory_comes_or_goes_leaves_none(
    temporary_folder, interruptible, monkeypatch, step
):
    module = tempfile if step == "mkdtemp" else shutil
    real = getattr(module, step)

    def interrupted(*arguments, **settings):
        result = real(*arguments, **settings) if step == "mkdtemp" else None
        signal.raise_signal(signal.SIGINT)
        return result or real(*arguments, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, interrupted)
        with pytest.raises(KeyboardInterrupt), server_directory(open_to_all=False):
            pass
    assert list(temporary_folder.iterdir()) == []


@posix
def test_an_interrupt_while_the_folder_is_tried_leaves_no_file(
    temporary_folder, interruptible, monkeypatch
):
    """Python writes and removes a file of its own there, the first time it is asked."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    real = os.unlink

    def interrupted(path, **settings):
        signal.raise_signal(signal.SIGINT)
        real(path, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", interrupted)
        with pytest.raises(KeyboardInterrupt), server_directory(open_to_all=False):
            pass
    assert list(temporary_folder.iterdir()) == []


@posix
@pytest.mark.parametrize("seconds", [0, 0.3, 0.6, 1.2])
def test_an_interrupt_is_one_line_and_leaves_nothing(temporary_folder, seconds):
    """Of the whole group of processes, as a terminal sends it, while the server starts or loads."""
    process = subprocess.Popen(
        [sys.executable, "Q1/sql.py", "--embedded", "--events", "-"],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=take_interrupts,
    )
    # More than is read before the server starts; as nothing follows, the command never ends.
    row = "a,2017-04-01,FIRST_INSTALL\n"
    rows = row * (CHUNK_BYTES // len(row) + 1_000)
    process.stdin.write(f"uid,time,event_name\n{rows}")
    process.stdin.flush()
    assert waited_for(lambda: any(temporary_folder.iterdir())), "it never began"
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=60)
    errors = process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    lines = [line for line in errors.splitlines() if not line.startswith("server: ")]
    assert (process.returncode, lines) == (130, ["sql.py: interrupted"])
    assert list(temporary_folder.iterdir()) == []
