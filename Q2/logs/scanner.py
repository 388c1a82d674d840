"""A block of log lines as records: columns with a value per request, and the rejected rows."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from logs.fields import DOUBLED, REASONS, Layout
from logs.job import NAMES, WINDOW, Job, Row, plan_of
from logs.machine_code import function

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LOOKED_AT = 4096  # bytes at once for the last line's beginning
SHORTEST_ROW = len("0 0 \n")  # a moment, a size and a URL are in every layout


class Columns(NamedTuple):
    """A value per accepted row; columns that nobody wants may have no values at all."""

    second: np.ndarray  # since 1970-01-01 00:00 UTC
    size: np.ndarray  # bytes
    extension: np.ndarray  # packed name, 0 for none
    status: np.ndarray  # HTTP status, 0 for none
    cache: np.ndarray  # packed name of the cache's result, 0 for none
    url_start: np.ndarray  # position in the block
    url_end: np.ndarray  # where the path ends, before any query string
    texts: np.ndarray  # of shape (rows, 2 * texts): where each text that is asked for begins, ends


@dataclass(frozen=True)
class ScannedBlock:
    """A block's records, and what became of its other lines."""

    file: str
    layout: Layout
    block: memoryview
    records: Columns
    texts: tuple[int, ...]  # the roles of `records.texts`
    lines: int
    rejected: np.ndarray  # rows, by position in REASONS
    first_lines: np.ndarray  # the first line of each reason, counted from 0 in the block

    @property
    def rows(self) -> int:
        """The number of records."""
        return len(self.records.second)

    def urls(self, mask: np.ndarray) -> list[str]:
        """Return the URLs of the records that `mask` selects, without query strings.

        Bytes that are not UTF-8 and control characters are percent-encoded.
        """
        return self.shown(self.records.url_start[mask], self.records.url_end[mask])

    def shown(self, starts: np.ndarray, ends: np.ndarray) -> list[str]:
        """Return the texts at these places as people see them."""
        texts = map(self.text, starts.tolist(), ends.tolist())
        if self.layout.double_encoded:
            texts = (text.replace(b"%25", b"%") for text in texts)
        return [decode(text) for text in texts]

    def text(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`, with one quote for two of a quoted field."""
        found = bytes(self.block[start:end])
        quoted = self.layout.quoting == DOUBLED and start and self.block[start - 1] == ord('"')
        return found.replace(b'""', b'"') if quoted else found


def decode(text: bytes) -> str:
    """Text of UTF-8, other bytes and control characters percent-encoded."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "backslashreplace").replace("\\x", "%")
    if decoded.isprintable():
        return decoded
    return CONTROL.sub(lambda found: quote(found[0]), decoded)


def empty_columns(
    block: memoryview, left_out: Collection[str] = (), texts: tuple[int, ...] = ()
) -> Columns:
    """Return columns for as many rows as a block can hold; those left out are of length 0."""
    rows = len(block) // SHORTEST_ROW + 1
    types = Columns(np.int64, np.int64, np.int64, np.int16, np.int64, np.int32, np.int32, np.int32)
    shapes = [0 if name in left_out else rows for name in Columns._fields[:-1]]
    return Columns(*map(np.empty, [*shapes, (rows, 2 * len(texts))], types))


def scan_block(
    file: str,
    layout: Layout,
    block: memoryview,
    columns: Columns | None = None,
    texts: tuple[int, ...] = (),
) -> ScannedBlock:
    """Scan whole lines of a file; `texts` are the roles of the texts that are asked for.

    The records lie in `columns`, if given, until those are filled again.
    """
    columns = columns or empty_columns(block, texts=texts)
    rejected, first_lines = np.zeros((2, len(REASONS)), dtype=np.int64)
    rows, lines = scan(block, layout, texts, columns, rejected, first_lines)
    records = Columns(*(column[:rows] for column in columns))
    return ScannedBlock(file, layout, block, records, texts, lines, rejected, first_lines)


def scan(
    block: memoryview,
    layout: Layout,
    texts: tuple[int, ...],
    columns: Columns,
    rejected: np.ndarray,
    first_lines: np.ndarray,
) -> tuple[int, int]:
    """Let the kernel fill columns and counts; return the numbers of rows accepted and of lines."""
    text, header = np.frombuffer(block, np.uint8), np.frombuffer(layout.header, np.uint8)
    plan, text_places = (np.array(it, dtype=np.int64) for it in plan_of(layout, texts))
    cut = start_of_last_lines(block)
    rest = np.zeros(len(block) - cut + WINDOW, dtype=np.uint8)
    rest[: len(block) - cut] = text[cut:]
    edges = np.zeros(plan_of(layout, texts)[0].last + 2 + WINDOW, dtype=np.int64)
    names, lines = np.zeros(2 * NAMES, dtype=np.int64), np.zeros(1, dtype=np.int64)
    places = np.array([address(getattr(columns, name)) for name in Row._fields], np.int64)
    job = Job(  # of arrays that are kept until the kernel has ended
        block=address(text),
        length=len(block),
        cut=cut,
        rest=address(rest),
        header=address(header),
        header_length=len(header),
        plan=address(plan),
        edges=address(edges),
        names=address(names),
        rejected=address(rejected),
        first_lines=address(first_lines),
        lines=address(lines),
        columns=address(places),
        texts=address(columns.texts),
        text_places=address(text_places),
        text_count=len(texts),
    )
    numbers = np.array(job, dtype=np.int64)
    return function("scan")(address(numbers)), int(lines[0])


def start_of_last_lines(block: memoryview) -> int:
    """Return where the lines begin after which there may be less than a window of memory."""
    stop = max(len(block) - WINDOW, 0)
    while stop:
        start = max(stop - LOOKED_AT, 0)
        if found := bytes(block[start:stop]).rfind(b"\n") + 1:
            return start + found
        stop = start
    return 0


def address(array: np.ndarray) -> int:
    """Return where the values of an array are; 0 if it has none."""
    return array.ctypes.data if array.size else 0
