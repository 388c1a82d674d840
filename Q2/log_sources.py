"""Where a log's bytes come from: the user's files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Source:
    """A named stream of bytes, opened when it is read."""

    name: str
    open: Callable[[], BinaryIO]


def find_sources(paths: list[str]) -> list[Source]:
    """The files at `paths`, in that order."""
    return [Source(path, partial(open_file, path)) for path in paths]


def open_file(path: str) -> BinaryIO:
    """Open a file; a folder or a missing file is the user's mistake."""
    return Path(path).open("rb")
