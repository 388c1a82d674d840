"""The file behind the SQLite store: opened to read, and replaced as a whole by who writes.

A published file is never changed. A writer copies it, changes the copy and renames it, so that
the file is the whole store at every moment: it may be copied, restored, moved or removed while it
is read. Readers need no locks, and notice on their next request that the file is another one.
"""

from common.command import UserError

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from store.protocol import StoreError
from store.system import replace

BUSY_SECONDS = 10  # how long to wait for who holds the file
PAGE_BYTES = 16_384  # 14 users to a page: a file a fifth smaller than with SQLite's 4,096
CACHE_KIB = 65_536  # of the writer
COPIED_PAGES = 4_096  # at once: an interrupt waits for no more


class Connection(sqlite3.Connection):
    """A connection that closes itself with the thread that keeps it; from 3.13 on Python warns."""

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # of one that could not be opened
            self.close()


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open the file with options of SQLite's URIs; transactions are begun by hand."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )


def identity_of(path: Path) -> tuple[int, ...]:
    """What another file, or another content, has not. Raises StoreError if there is no file."""
    try:
        about = path.stat()
    except OSError:
        raise StoreError(
            f"{path}: there is no such store yet; recommend_daily.py makes it"
        ) from None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open the file, which must not change as long as the connection is used.

    Raises StoreError if another program's changes are not in the file yet: of SQLite's own shell,
    or of a version of this project that kept a log next to the file.
    """
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; a store is a file")
    for log in ("-wal", "-journal"):
        with suppress(OSError):
            if Path(f"{path}{log}").stat().st_size:
                raise StoreError(f"{path}{log}: holds changes that are not in the file; publish")
    return connect(path, "mode=ro&immutable=1")


@contextmanager
def rewritten(path: Path, create: bool) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a copy of the file, which replaces it if all goes well.

    With `create` the copy of a file that is missing is empty. The caller holds the store's lock;
    what a killed writer left is overwritten.
    """
    if not create:
        identity_of(path)
    target = path.resolve()  # of a link, what it points to
    sibling = target.with_name(f".{target.name}.next")
    sibling.unlink(missing_ok=True)
    try:
        with failures(path):
            with closing(copied(target, sibling)) as connection:
                yield connection
            put_in_place(sibling, target)
    finally:
        sibling.unlink(missing_ok=True)


def copied(path: Path, sibling: Path) -> sqlite3.Connection:
    """Open the sibling as a copy of the file: fast, since a broken copy is thrown away."""
    connection = connect(sibling, "mode=rwc")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file
    if path.is_file() and path.stat().st_size:
        with closing(connect(path, "mode=rw")) as source:  # with what is in a log next to it
            source.backup(connection, pages=COPIED_PAGES, sleep=0)
        sibling.chmod(path.stat().st_mode)
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def put_in_place(sibling: Path, path: Path) -> None:
    """Rename the sibling to the file when all of it is on the disk."""
    with sibling.open("rb+") as file:
        os.fsync(file.fileno())
    replace(sibling, path, BUSY_SECONDS)


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the store's."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"{path}: a user or list stands twice in the run: {error}") from error
    except sqlite3.Error as error:
        if str(error) in ("no such table: runs", "no such table: pointer"):
            raise StoreError(
                f"{path}: there is no such store yet ({error}); recommend_daily.py makes it"
            ) from error
        raise StoreError(f"{path}: {error}") from error
    except UnicodeDecodeError as error:  # of SQLite's message on a damaged schema
        raise StoreError(f"{path}: {error.object!r}") from error


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what contents that are none of ours raise into the store's error."""
    try:
        yield
    except (LookupError, TypeError, ValueError, struct.error) as error:
        raise StoreError(f"{path}: is damaged ({error!r}); run the job again") from error


def check_place(path: Path, create: bool) -> None:
    """Raise UserError if no store can be there."""
    if create and not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name a file")
