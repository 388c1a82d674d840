"""Where systems differ. Windows does not rename a file over one that somebody has open."""

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

WINDOWS = os.name == "nt"
PAUSE = 0.01  # seconds between two tries to rename


def readers_keep_files_open() -> bool:
    """Whether a reader may keep a file open that a writer is to replace."""
    return not WINDOWS


def replace(sibling: Path, path: Path, wait: float) -> None:
    """Rename `sibling` to `path`, and see to it that the new name is on the disk.

    On Windows it is tried again for `wait` seconds while a reader has the file open. Raises
    PermissionError if it cannot be renamed.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            sibling.replace(path)
            break
        except PermissionError:
            if not WINDOWS or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
    if not WINDOWS:  # where a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def bind_as_servers_do(probe: socket.socket, address: tuple) -> None:
    """Bind a socket to an address that a server could take. Raises OSError if it is in use.

    Unix keeps an address for a while after its server has ended, unless the next one says that it
    knows. To Windows the same option means to share the address with a server that runs.
    """
    if not WINDOWS:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(address)


def leave_interrupts_to_parent() -> None:
    """Let this process and its later threads never see an interrupt, which a terminal sends to all.

    Windows cannot hold signals back: there it lasts until the process handles interrupts itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not WINDOWS:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])


def end_forks_by_sigterm() -> None:
    """Let processes that are forked from now on end by SIGTERM from their first moment.

    They would begin with this process's handler, which only notes in their own memory that all is
    to stop. Where processes are not forked, they begin without a handler.
    """
    if WINDOWS:
        return

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])

    def release_in_fork() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=release_in_fork)


def allow_open_files(wanted: int) -> None:
    """Raise the limit of open files of this process to `wanted`, or to what it may be raised to.

    Windows has no such limit.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
