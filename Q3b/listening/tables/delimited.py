"""CSV and tab separated files: a header, unless columns are named by number, then rows.

CSV is read by RFC 4180, with commas or semicolons. In tab separated files a quote is a plain
character. Arrow reads blocks without quotes, and Python's csv module all that is left, in which it
finds the rows that are broken, with their lines. They agree on what both read.
"""

from common.command import UserError

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from listening.tables.columns import Kind, Place, find_columns, has_header
from listening.tables.table import Part, Table, column_of_codes, table_of
from listening.text_columns import CATEGORY, as_column

BYTES_AT_A_TIME = 1 << 24
LONGEST_FIELD = 2**31 - 1  # characters: the csv module's own limit is 131,072
BOM = b"\xef\xbb\xbf"
WRONG_FIELDS = "not as many columns as the first line"
IN_QUOTES = "a field in quotes, which tab separated files do not have: save it as .csv"


@dataclass(frozen=True)
class Layout:
    """How a file writes its rows: how many columns, and where the wanted ones are."""

    delimiter: str
    width: int
    places: dict[str, Place]

    @property
    def dialect(self) -> dict:
        """The settings of the csv module."""
        return dialect(self.delimiter)


def dialect(delimiter: str) -> dict:
    """The settings of the csv module."""
    if delimiter == "\t":
        return {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    return {"delimiter": delimiter, "strict": True}


def read_delimited(
    path: Path,
    stream: BinaryIO,
    kind: Kind,
    named: dict[str, str] | None,
    extra: Sequence[str],
    delimiters: str,
) -> Table:
    """Read the wanted columns of a stream. Raises UserError for other layouts, broken quotes."""
    csv.field_size_limit(LONGEST_FIELD)
    start = stream.read(BYTES_AT_A_TIME).removeprefix(BOM)
    layout, size, line = layout_of(path, start, kind, named, extra, delimiters)
    parts = list(parts_of(path, start[size:], stream, layout, line))
    return table_of(path, kind.what, list(layout.places), parts)


def layout_of(
    path: Path,
    start: bytes,
    kind: Kind,
    named: dict[str, str] | None,
    extra: Sequence[str],
    delimiters: str,
) -> tuple[Layout, int, int]:
    """Return the layout of a file by its first record, and the bytes and lines before its rows."""
    lines = start.splitlines(keepends=True)
    blank = next((number for number, text in enumerate(lines) if text.strip(b"\r\n")), None)
    if blank is None:
        raise UserError(f"{path}: the file is empty")
    texts = [text.decode(errors="surrogateescape") for text in lines[blank : blank + 1_000]]
    found, errors = [], []
    for delimiter in delimiters:
        titles, reader = [], csv.reader(texts, **dialect(delimiter))
        try:
            titles = next(reader)
            places = find_columns(kind, titles, named, extra)
        except (csv.Error, UserError) as error:
            errors.append((len(titles), f"{path}:{blank + 1}: {error}"))
            continue
        before = blank + reader.line_num if has_header(named) else blank
        layout = Layout(delimiter, len(titles), places)
        found.append((layout, sum(map(len, lines[:before])), before + 1))
    if len(found) > 1:
        raise UserError(f"{path}:{blank + 1}: both commas and semicolons may divide its columns")
    if not found:
        raise UserError(max(errors)[1])
    return found[0]


def parts_of(
    path: Path, data: bytes, stream: BinaryIO, layout: Layout, line: int
) -> Iterator[Part]:
    """Yield the rows of a stream, of which `data` were read, from a line on."""
    more = True
    while more:
        size = data.rfind(b"\n") + 1
        if not size or not is_plain(data, layout):
            break
        part = read_plain(data[:size], layout, line) or read_any(
            path, io.BytesIO(data[:size]), layout, line
        )
        yield part
        line += data.count(b"\n", 0, size)
        chunk = stream.read(BYTES_AT_A_TIME)
        data, more = data[size:] + chunk, bool(chunk)
    yield read_any(path, io.BufferedReader(Rest(data, stream), BYTES_AT_A_TIME), layout, line)


class Rest(io.RawIOBase):
    """What is left of a stream of which `data` were read."""

    def __init__(self, data: bytes, stream: BinaryIO):
        self._data = memoryview(data)
        self._stream = stream

    def readable(self) -> bool:
        """True: it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:
        """Read into the buffer; return the number of bytes, 0 at the end."""
        if not self._data:
            self._data = memoryview(self._stream.read(len(buffer)))
        part, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def is_plain(data: bytes, layout: Layout) -> bool:
    """Whether every line feed ends a row, and nothing else does."""
    quoted = layout.delimiter != "\t" and b'"' in data
    return not quoted and data.count(b"\r") == data.count(b"\r\n") + data.endswith(b"\r")


def read_plain(data: bytes, layout: Layout, line: int) -> Part | None:
    """The rows of whole lines without quotes, if each has the columns of the first line."""
    if layout.delimiter == "\t" and b'"' in data:
        return None
    wanted = [str(place.position) for place in layout.places.values()]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(column_names=[str(number) for number in range(layout.width)]),
            arrow_csv.ParseOptions(delimiter=layout.delimiter, quote_char=False),
            arrow_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, CATEGORY)
            ),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != data.count(b"\n"):  # there are empty lines
        return None
    columns = [as_column(table[name], clean=str) for name in wanted]
    return Part(columns, np.arange(line, line + len(table)), {})


def read_any(path: Path, stream: BinaryIO, layout: Layout, line: int) -> Part:
    """The rows of a stream whose first line has the number `line`, whatever is wrong with them."""
    text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
    reader = csv.reader(text, **layout.dialect)
    positions = [place.position for place in layout.places.values()]
    codes, lines = [array("i") for _ in positions], array("q")
    index: list[dict[str, int]] = [{} for _ in positions]
    columns = list(zip(positions, codes, index, strict=True))
    bad: dict[str, tuple[int, int]] = {}
    start, quotes = line, layout.delimiter == "\t"
    try:
        for record in reader:
            if reason := why_not(record, layout.width, quotes):
                rows, first = bad.get(reason, (0, start))
                bad[reason] = rows + 1, first
            elif record:
                lines.append(start)
                for position, into, known in columns:
                    into.append(known.setdefault(record[position], len(known)))
            start = line + reader.line_num
    except csv.Error as error:
        raise UserError(f"{path}:{start}: {error}; check its quotes") from None
    read = [column_of_codes(*pair) for pair in zip(codes, index, strict=True)]
    return Part(read, np.array(lines, np.int64), bad)


def why_not(record: list[str], width: int, quotes: bool) -> str:
    """Why a record is not a row; "" for one that is, and for an empty line."""
    if record and len(record) != width:
        return WRONG_FIELDS
    if quotes and any(len(text) > 1 and text[0] == text[-1] == '"' for text in record):
        return IN_QUOTES
    return ""
