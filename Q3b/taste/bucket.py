"""Indexes as objects of a bucket, by fsspec: URL/VERSION/NAME.npy, and about.json as the last.

Readers map copies in a folder of this machine. What asks the bucket for them is a process of its
own, which ends with its work: a bucket's client takes 30 MB, and workers of the API have none.
"""

from common.command import UserError

import hashlib
import multiprocessing
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from store.protocol import StoreError
from store.system import leave_interrupts_to_parent
from taste.copies import Copies
from taste.index import ABOUT, NoIndexError, folder_name

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class BucketPlace:
    """A folder of a bucket, such as s3://bucket/prefix, and the folder with this machine's copies.

    copies: the folder of the copies of all places. Raises UserError for a URL of an unknown kind,
    StoreError where the bucket fails.
    """

    def __init__(self, url: str, copies: Path):
        self.url = url.rstrip("/")
        # Of each place in a folder of its own: the copies of another are not ours to remove.
        self.copies = Copies(copies / hashlib.sha256(self.url.encode()).hexdigest()[:16])
        check_kind(self.url)

    @contextmanager
    def written(self, version: str) -> Iterator["ObjectFolder"]:
        """Yield a folder to write the index of a version into; without its last file it is none."""
        with self._asked() as (system, root):
            target = f"{root}/{folder_name(version)}"
            try:
                yield ObjectFolder(system, target)
            except BaseException:
                remove(system, target)
                raise

    def keep(self, versions: Collection[str]) -> None:
        """Remove the indexes of all versions but these."""
        kept = {folder_name(version) for version in versions}
        with self._asked() as (system, root):
            for folder in folders_in(system, root):
                if folder.rpartition("/")[2] not in kept:
                    remove(system, folder)

    def drop(self) -> int:
        """Remove all indexes; return how many there were."""
        with self._asked() as (system, root):
            folders = folders_in(system, root)
            for folder in folders:
                remove(system, folder)
        return len(folders)

    def at_hand(self, version: str) -> Path | None:
        """Return the copy of an index; None if this machine has none yet."""
        return self.copies.of(version)

    def fetched(self, version: str) -> Path:
        """Copy an index to this machine, unless it is here. Raises NoIndexError if there is none.

        The workers of a machine fetch it once: who comes second waits for the first.
        """
        if folder := self.at_hand(version):
            return folder
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn, initializer=leave_interrupts_to_parent) as pool:
            try:
                return pool.submit(self.fetched_here, version).result()
            except BrokenProcessPool:  # killed, such as for lack of memory
                raise StoreError(f"{self.url}: what fetched version {version} died") from None

    def fetched_here(self, version: str) -> Path:
        """Copy an index as `fetched`, in this process."""
        with self._asked() as (system, root):
            folder = f"{root}/{folder_name(version)}"
            found = system.find(folder, detail=True)
            sizes = {path.removeprefix(f"{folder}/"): it["size"] for path, it in found.items()}
            if ABOUT not in sizes:
                raise NoIndexError(f"{self.url}: index of version {version} missing; run the job")

            def get(name: str, file: Path) -> None:
                with failures(self.url):
                    system.get_file(f"{folder}/{name}", str(file))

            return self.copies.made(version, sizes, get)

    def discard_copies(self) -> None:
        """Remove the copies of this machine."""
        self.copies.keep(())

    @contextmanager
    def _asked(self) -> Iterator[tuple["AbstractFileSystem", str]]:
        """Yield the client and its name of the place; raise what goes wrong as one line."""
        import fsspec  # with what it loads, slow, and for buckets alone

        with failures(self.url):
            system, root = fsspec.core.url_to_fs(self.url)
            system.invalidate_cache()  # another process may have written
            yield system, root


class ObjectFolder:
    """Where objects are written, as a `Path` is a folder to write files into."""

    def __init__(self, system: "AbstractFileSystem", path: str):
        self.system, self.path = system, path

    def __truediv__(self, name: str) -> "ObjectFolder":
        return ObjectFolder(self.system, f"{self.path}/{name}")

    def open(self, mode: str) -> IO[bytes]:
        """Open the object; what is written is sent in parts."""
        return self.system.open(self.path, mode)


@contextmanager
def failures(url: str) -> Iterator[None]:
    """Turn what goes wrong with a bucket into one line."""
    try:
        yield
    except click.ClickException:
        raise
    except ImportError as error:
        raise UserError(f"{url}: {error}") from None
    except Exception as error:  # each file system has errors of its own
        raise StoreError(f"{url}: {type(error).__name__}: {error}") from None


def check_kind(url: str) -> None:
    """Raise UserError for a URL of a kind that fsspec does not know."""
    import fsspec

    scheme = url.partition("://")[0]
    if scheme not in fsspec.available_protocols():
        raise UserError(f"--index {url}: {scheme!r} is unknown; write s3://BUCKET/PREFIX, say")


def folders_in(system: "AbstractFileSystem", root: str) -> list[str]:
    """Return the folders of a place; none where nothing was written yet."""
    try:
        rows = system.ls(root, detail=True)
    except FileNotFoundError:
        return []
    return [row["name"].rstrip("/") for row in rows if row["type"] == "directory"]


def remove(system: "AbstractFileSystem", folder: str) -> None:
    """Remove the objects of a folder; its last one first, without which it is not an index."""
    for path in sorted(system.find(folder), key=lambda path: not path.endswith(f"/{ABOUT}")):
        system.rm_file(path)
