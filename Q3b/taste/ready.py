"""The index that a process answers by: fetched, mapped, and its pages read, before it serves."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from click import ClickException

from store.protocol import Run, Store, StoreError
from taste.index import ABOUT, Index, NoIndexError, NotReadyError, open_index
from taste.place import IndexPlace

PAUSE = 30.0  # seconds after a failure, until it is tried again
PAGE = 4096  # bytes; of the smallest pages that systems have
PART = 64 << 20  # bytes that are read between two looks at who else wants to run


class Opened(NamedTuple):
    """An index, the version of its set, and when it was written."""

    version: str
    written: int
    index: Index


class Failure(NamedTuple):
    """Why the index of a version is not ready, and since when."""

    version: str
    since: float
    error: StoreError


class ReadyIndex:
    """The index of the published set, made ready in a thread while the set before is served."""

    def __init__(self, place: IndexPlace | None, store: Store):
        self._place = place
        self._store = store
        self._served: Opened | None = None
        self._failure: Failure | None = None
        self._maker: threading.Thread | None = None
        self._starting = threading.Lock()

    def of(self, run: Run) -> tuple[Run, Index]:
        """Return the set to answer by, with its index.

        That is `run`, the published one; until its index is ready, the one before, whole. An index
        from before a user was forgotten is none: its sums hold what the user played. Raises
        NoIndexError if the published set has none, StoreError if it cannot be had now.
        """
        if self._place is None:
            raise NoIndexError("index missing: name its place by RECOMMENDER_INDEX")
        if run.report.get("erased"):
            self._served = None
            self._place.discard_copies()
            raise NoIndexError(f"index missing: {run.version} is of before users were forgotten")
        folder, served = self._place.at_hand(run.version), self._served
        if folder and served and (run.version, written_at(folder)) == served[:2]:
            return run, served.index
        before = served and self._still_served(served.version)
        if folder and not before:
            return run, self._opened_cold(run.version, folder)
        self._make(run.version, before)
        if not before:
            raise NotReadyError(f"the index of version {run.version} is being fetched")
        return before, served.index

    def begin(self, seconds: float) -> None:
        """Begin to make the index of the published set ready; wait so long for it at most."""

        def made_ready() -> None:
            with suppress(ClickException):  # requests report it
                if run := self._store.current():
                    self.of(run)
            if self._maker:
                self._maker.join()

        beginner = threading.Thread(target=made_ready, daemon=True)
        beginner.start()
        beginner.join(seconds)

    def _still_served(self, version: str) -> Run | None:
        """Return the set of a version if it may be served: it is kept, and nobody was forgotten."""
        run = self._store.find_version(version)
        return None if run is None or run.report.get("erased") else run

    def _opened_cold(self, version: str, folder: Path) -> Index:
        """Map the first index of this process, which serves while its pages are read."""
        with self._starting:
            opened = opened_in(folder, version)
            if opened[:2] != (self._served and self._served[:2]):
                self._served = opened
                self._start(lambda: read_pages(opened.index))
            return self._served.index

    def _make(self, version: str, before: Run | None) -> None:
        """Begin to make an index ready. Raises the failure of a moment ago that leaves none."""
        with self._starting:
            failed = self._failure
            if failed and failed.version == version and time.monotonic() - failed.since < PAUSE:
                if before and not isinstance(failed.error, NoIndexError):
                    return
                raise failed.error
            if not (self._maker and self._maker.is_alive()):
                self._start(lambda: self._made(version))

    def _made(self, version: str) -> None:
        """Fetch, map and read an index, and serve it from then on."""
        try:
            opened = opened_in(self._place.fetched(version), version)
            read_pages(opened.index)
            self._served = opened
        except StoreError as error:
            self._failure = Failure(version, time.monotonic(), error)
        except Exception as error:  # such as a driver that is not installed: requests report it
            failure = StoreError(f"index of version {version}: {type(error).__name__}: {error}")
            self._failure = Failure(version, time.monotonic(), failure)

    def _start(self, work: Callable[[], None]) -> None:
        """Do work in a thread that does not keep the process from ending."""
        self._maker = threading.Thread(target=work, name="makes the index ready", daemon=True)
        self._maker.start()


def opened_in(folder: Path, version: str) -> Opened:
    """Map the index of a folder. Raises NoIndexError if that is none."""
    try:
        return Opened(version, written_at(folder), open_index(folder))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NoIndexError(f"{folder}: index missing ({error}); run the job") from None


def written_at(folder: Path) -> int:
    """Return when an index was written, in nanoseconds. Raises NoIndexError if it is gone."""
    try:
        return (folder / ABOUT).stat().st_mtime_ns
    except OSError as error:
        raise NoIndexError(f"{folder}: index missing ({error.strerror}); run the job") from None


def read_pages(index: Index) -> None:
    """Read a byte of each page of an index: what is asked next finds it mapped.

    NumPy releases the lock of the interpreter meanwhile, so requests are answered.
    """
    for array in arrays_in(index):
        octets = array.reshape(-1).view(np.uint8)
        for start in range(0, len(octets), PART):
            octets[start : start + PART : PAGE].max()
        octets[-1:].max(initial=0)  # behind a header, an array ends in a page of its own


def arrays_in(part: object) -> Iterator[np.ndarray]:
    """Yield the arrays of an index or of a part of it."""
    if isinstance(part, np.ndarray):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from arrays_in(getattr(part, field.name))
