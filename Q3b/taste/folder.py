"""A folder with the indexes of a store's sets, one folder for each version."""

from common.command import WRONG_FILE, UserError

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.protocol import StoreError
from taste.index import ABOUT, NoIndexError, folder_name

NEXT = ".next"  # what is being written


class FolderPlace:
    """A folder that job and API share; a folder in it gets its name when all of it is written.

    Raises UserError for a folder that cannot be written to, StoreError where the disk fails.
    """

    def __init__(self, folder: Path):
        self.folder = folder

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
            if error.errno in WRONG_FILE:
                raise UserError(
                    f"{self.folder}: {error.strerror}; name another folder by --index"
                ) from None
            raise StoreError(f"{sibling}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(sibling, ignore_errors=True)

    def keep(self, versions: Collection[str]) -> None:
        """Remove the indexes of all versions but these."""
        kept = {folder_name(version) for version in versions}
        for folder in self._folders():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)  # Windows: when its readers have gone

    def drop(self) -> int:
        """Remove all indexes; return how many there were. Raises StoreError if one cannot be."""
        folders = self._folders()
        try:
            for folder in folders:
                (folder / ABOUT).unlink(missing_ok=True)  # no reader opens it from now on
                shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(f"{self.folder}: {error.strerror}") from error
        return len(folders)

    def at_hand(self, version: str) -> Path:
        """Return the folder of an index. Raises NoIndexError if there is none."""
        folder = self.folder / folder_name(version)
        try:
            (folder / ABOUT).stat()
        except (OSError, ValueError) as error:  # ValueError: no path has a NUL
            raise NoIndexError(f"{folder}: index missing ({error}); run the job") from None
        return folder

    fetched = at_hand

    def discard_copies(self) -> None:
        """Nothing to do: readers have no copies of their own."""

    def _folders(self) -> list[Path]:
        with suppress(OSError):
            return [folder for folder in self.folder.iterdir() if folder.is_dir()]
        return []
