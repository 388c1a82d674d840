"""Copies of a bucket's indexes in a folder of this machine, which its processes share."""

import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from filelock import FileLock

from store.protocol import StoreError
from taste.folder import FolderPlace
from taste.index import NoIndexError, folder_name

Get = Callable[[str, Path], None]  # copies a file of a name to a path


class Copies:
    """The folder of copies: one for each version, of which those that are not whole have no name.

    Raises StoreError where the disk fails or is full.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._place = FolderPlace(folder)

    def of(self, version: str) -> Path | None:
        """Return the copy of an index; None if there is none."""
        try:
            return self._place.at_hand(version)
        except NoIndexError:
            return None

    def keep(self, versions: Collection[str]) -> None:
        """Remove the copies of all versions but these."""
        self._place.keep(versions)

    def made(self, version: str, sizes: dict[str, int], get: Get) -> Path:
        """Make the copy of an index unless it is there, and remove those of others.

        sizes: bytes of each file by its name
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # who plays what is private
            with FileLock(self.folder / ".lock"):
                if self.of(version) is None:
                    with self._place.written(version) as sibling:
                        check_space(sibling, sum(sizes.values()))
                        for name, size in sizes.items():
                            copy_whole(name, size, sibling / name, get)
                self.keep([version])
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror or error}") from error
        return self.folder / folder_name(version)


def check_space(folder: Path, needed: int) -> None:
    """Raise StoreError if the disk has too little space."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            f"{folder}: the index needs {needed / 2**30:.2f} GiB and {free / 2**30:.2f} are free; "
            "name a folder with more by --index-cache"
        )


def copy_whole(name: str, size: int, file: Path, get: Get) -> None:
    """Copy a file to the disk. Raises StoreError if it is of another size then."""
    get(name, file)
    with file.open("rb+") as copied:
        os.fsync(copied.fileno())
    if (copied_size := file.stat().st_size) != size:
        raise StoreError(f"{file}: {copied_size:,} bytes came of {size:,}; it is tried again")
