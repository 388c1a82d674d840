"""A block of log lines as records: a DataFrame with a row per request, and the rejected rows."""

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd

from logs.fields import CACHE, DATE, SIZE, STATUS, TIME, URL, Layout
from logs.kernel import REASONS, scan

PLACED = (DATE, TIME, SIZE, URL, STATUS, CACHE)  # in the kernel's order
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SHORTEST_ROW = len("2017-08-24 00:00:00 0 \n")  # date, time, size and URL are in every layout


class Columns(NamedTuple):
    """A value per accepted row; columns that nobody wants may have no values at all."""

    second: np.ndarray  # since 1970-01-01 00:00 UTC
    size: np.ndarray  # bytes
    extension: np.ndarray  # packed name, 0 for none
    status: np.ndarray  # HTTP status, 0 for none
    cache: np.ndarray  # packed name of the cache's result, 0 for none
    url_start: np.ndarray  # position in the block
    url_end: np.ndarray  # where the path ends, before any query string


@dataclass(frozen=True)
class ScannedBlock:
    """A block's records, with the filled ones of `Columns`, and what became of its other lines."""

    file: str
    layout: Layout
    block: memoryview
    records: pd.DataFrame
    lines: int
    rejected: np.ndarray  # rows, by position in REASONS
    first_lines: np.ndarray  # the first line of each reason, counted from 0 in the block

    def urls(self, mask: np.ndarray) -> list[str]:
        """Return the URLs of the records that `mask` selects, without query strings.

        Bytes that are not UTF-8 and control characters are percent-encoded.
        """
        chosen = self.records.loc[mask, ["url_start", "url_end"]].to_numpy().tolist()
        texts = (bytes(self.block[start:end]) for start, end in chosen)
        if self.layout.double_encoded:
            texts = (text.replace(b"%25", b"%") for text in texts)
        return [decode(text) for text in texts]


def load_kernel() -> None:
    """Load the compiled kernel without SciPy, which takes as long to load as the kernel does.

    numba looks for BLAS in it, which the kernel does not call, and remembers that there is none: so
    this is for a command, whose process compiles nothing else.
    """
    hidden = "scipy.linalg" not in sys.modules
    if hidden:
        sys.modules["scipy.linalg"] = None  # its import fails as if it were not installed
    try:
        scan_block("", Layout((DATE, TIME, SIZE, URL)), memoryview(b"\n"))
    finally:
        if hidden:
            del sys.modules["scipy.linalg"]


def decode(text: bytes) -> str:
    """Text of UTF-8, other bytes and control characters percent-encoded."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "backslashreplace").replace("\\x", "%")
    if decoded.isprintable():
        return decoded
    return CONTROL.sub(lambda found: quote(found[0]), decoded)


def empty_columns(block: memoryview, left_out: Collection[str] = ()) -> Columns:
    """Return columns for as many rows as a block can hold; those left out are of length 0."""
    rows = len(block) // SHORTEST_ROW + 1
    types = Columns(np.int64, np.int64, np.int64, np.int16, np.int64, np.int32, np.int32)
    lengths = (0 if name in left_out else rows for name in Columns._fields)
    return Columns(*map(np.empty, lengths, types))


def scan_block(
    file: str, layout: Layout, block: memoryview, columns: Columns | None = None
) -> ScannedBlock:
    """Scan whole lines of a file.

    The records lie in `columns`, if given, until those are filled again.
    """
    columns = columns or empty_columns(block)
    rejected, first_lines = np.zeros((2, len(REASONS)), dtype=np.int64)
    rows, lines = scan(
        np.frombuffer(
            block.toreadonly(), dtype=np.uint8
        ),  # one type, for which numba compiles once
        len(layout.roles),
        tuple(layout.roles.index(role) if role in layout.roles else -1 for role in PLACED),
        tuple(layout.delimiters),
        layout.comments,
        columns,
        rejected,
        first_lines,
    )
    filled = {name: column[:rows] for name, column in columns._asdict().items() if len(column)}
    records = pd.DataFrame(filled, copy=False)
    return ScannedBlock(file, layout, block, records, lines, rejected, first_lines)
