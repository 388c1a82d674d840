"""Where the indexes of a store's sets are: a folder, or a bucket.

A set finds its index by its own version, so that one of another set is never used.
"""

from common.command import UserError

from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from store.url import FILE
from taste.arrays import Folder
from taste.folder import FolderPlace


class IndexPlace(Protocol):
    """What both places do. They raise StoreError where disk or bucket fail."""

    def written(self, version: str) -> AbstractContextManager[Folder]:
        """Yield a folder to write the index of a version into; it is whole or absent."""

    def keep(self, versions: Collection[str]) -> None:
        """Remove the indexes of all versions but these."""

    def drop(self) -> int:
        """Remove all indexes; return how many there were."""

    def at_hand(self, version: str) -> Path | None:
        """Return the folder of an index on this machine; None if it has to be fetched first.

        Raises NoIndexError where it is sure that there is none.
        """

    def fetched(self, version: str) -> Path:
        """Fetch an index to this machine. Raises NoIndexError if there is none."""

    def discard_copies(self) -> None:
        """Remove what was fetched."""


def place_of(url: str, store: str, copies: str = "") -> IndexPlace | None:
    """Return the place that a URL or path names, or the one next to a store in a file.

    None for "none", and for no name where the store is not a file. copies: the folder of what is
    fetched; by default one in the user's cache folder. Raises UserError for a wrong URL.
    """
    if url == "none" or not (url or store.startswith(FILE)):
        return None
    if url.startswith("file:"):
        return FolderPlace(Path(path_of(url)))
    if "://" not in url:
        return FolderPlace(Path(url or f"{store.removeprefix(FILE)}.index"))
    from taste.bucket import BucketPlace  # fsspec

    return BucketPlace(url, Path(copies) if copies else usual_copies())


def path_of(url: str) -> str:
    """Return the path of a file URL. Raises UserError for one of another machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half of an IPv6 address
        parts = urlsplit("")
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UserError(f"--index {url}: write file:///FOLDER")
    return url2pathname(parts.path)


def usual_copies() -> Path:
    """Return the folder of copies where none is named."""
    from platformdirs import user_cache_path

    return user_cache_path("retention-traffic-tags-artists") / "indexes"
