"""Where the indexes of a store's sets are: a folder for each version.

A set finds its index by its own version, so that one of another set is never used. A folder gets
its name when all of it is written.
"""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from store.protocol import Run, StoreError
from store.url import FILE
from taste.index import ABOUT, Index, open_index

NEXT = ".next"  # what is being written


class NoIndexError(StoreError):
    """The published set has no index."""


class IndexPlace:
    """The folder that holds a folder for each version.

    Raises StoreError where the disk fails.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._opened: tuple = ()

    @contextmanager
    def written(self, version: str) -> Iterator[Path]:
        """Yield a folder to write the index of a version into; it is whole or absent."""
        target = self.folder / folder_name(version)
        sibling = self.folder / NEXT
        shutil.rmtree(sibling, ignore_errors=True)  # of a killed run
        try:
            sibling.mkdir(parents=True)
            yield sibling
            sibling.rename(target)
        except OSError as error:
            raise StoreError(f"{sibling}: {error.strerror}") from error
        finally:
            shutil.rmtree(sibling, ignore_errors=True)

    def keep(self, versions: Collection[str]) -> None:
        """Remove the indexes of all versions but these."""
        kept = {folder_name(version) for version in versions}
        for folder in self._folders():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)  # Windows: when its readers have gone

    def drop(self) -> int:
        """Remove all indexes; return how many there were. Raises OSError if one cannot be."""
        folders = self._folders()
        for folder in folders:
            (folder / ABOUT).unlink(missing_ok=True)  # no reader opens it from now on
            shutil.rmtree(folder)
        return len(folders)

    def index(self, run: Run) -> Index:
        """Return the index of a set. Raises NoIndexError if it has none.

        An index from before a user was forgotten is none: its sums hold what the user played.
        """
        folder = self.folder / folder_name(run.version)
        try:
            identity = run.version, (folder / ABOUT).stat().st_mtime_ns
            if run.report.get("erased"):
                raise ValueError("it is of before users were forgotten")
            if not self._opened or self._opened[0] != identity:
                self._opened = identity, open_index(folder)
        except (OSError, ValueError, LookupError, TypeError) as error:
            self._opened = ()
            raise NoIndexError(f"{folder}: index missing ({error}); run the job") from None
        return self._opened[1]

    def _folders(self) -> list[Path]:
        with suppress(OSError):
            return [folder for folder in self.folder.iterdir() if folder.is_dir()]
        return []


def folder_name(version: str) -> str:
    """Return a version as a name that every system takes."""
    return quote(version, safe="+")


def place_of(url: str, store: str) -> IndexPlace | None:
    """Return the place that a URL names, or the one next to a store in a file; None for neither."""
    if url == "none" or not (url or store.startswith(FILE)):
        return None
    return IndexPlace(Path(url or f"{store.removeprefix(FILE)}.index"))
