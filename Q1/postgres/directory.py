"""The directory of a throw-away server: locked while its process lives, removed by the next if not.

The lock is the kernel's (flock on the directory itself), so it ends with its holder, however that
ends, and no process numbers are kept, which the system gives to strangers after a while.
"""

from common.command import OutsideError

import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from postgres.interrupts import interrupts_held
from postgres.system import locked, locks_end_with_processes

PREFIX = "q1-postgresql-"


@contextmanager
def server_directory(open_to_all: bool) -> Iterator[Path]:
    """Make, lock and in the end remove a private directory; remove abandoned ones first.

    With `open_to_all` the folder around it is one that every account may enter.
    """
    with interrupts_held():  # Python tries the folder by a file, which it would leave there
        parent = temporary_folder(open_to_all)
    remove_abandoned(parent)
    with ExitStack() as stack:
        with interrupts_held():
            directory, unlock = new_directory(parent)
            stack.callback(remove, directory, unlock)
        yield directory


def new_directory(parent: Path) -> tuple[Path, Callable[[], None]]:
    """Make and lock a private directory; what unlocks it is the second value."""
    while True:  # the sweep of another process may have come before the lock
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        if unlock := locked(directory):
            return directory, unlock


def remove(directory: Path, unlock: Callable[[], None]) -> None:
    """Remove a directory of ours with all in it, whole."""
    with interrupts_held():
        shutil.rmtree(directory, ignore_errors=True)
        unlock()


def temporary_folder(open_to_all: bool) -> Path:
    """The system's folder for temporary files. Raises `OutsideError` if there is none."""
    if not open_to_all:
        return Path(tempfile.gettempdir()).resolve()
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108
        path = Path(folder).resolve()
        if path.is_dir() and all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents)):
            return path
    raise OutsideError("no folder for temporary files is open to every account: set TMPDIR to one")


def remove_abandoned(parent: Path) -> None:
    """Remove the server directories in `parent` that no living process holds.

    A server that still runs there (its starter was killed, and this is not Linux) stops by itself
    within a minute, once it sees that its files are gone.
    """
    for directory in parent.glob(f"{PREFIX}*"):
        unlock = locked(directory) if locks_end_with_processes() else None
        if unlock:
            remove(directory, unlock)
