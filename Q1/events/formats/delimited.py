"""CSV and its like: a header, then rows, with commas, tabs or semicolons between the fields.

Arrow reads a block whose quotes are all in their place, and Python's csv module any other, in which
it finds the rows that are broken, with their lines. They agree on what both read.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from events.event import Headers
from events.formats.blocks import (
    LONGEST_ROW,
    Taken,
    count_line_ends,
    end_of_lines,
    is_clean,
    rows_in_blocks,
)
from events.formats.header import Layout, read_header
from events.rows import BadRow, Rows, is_storable, rows_of, why_not_storable
from events.streams import Stream

WIDTH = "not as many columns as the header"
QUOTING = "broken quoting"


def read_rows(name: str, text: Stream, headers: Headers) -> Iterator[Rows]:
    """The rows of a text. Raises `UserError` for one that has no header with our columns."""
    csv.field_size_limit(2**31 - 1)
    layout, line = read_header(name, text, headers)
    readers = partial(read_neat, layout), partial(read_any, layout)
    yield from rows_in_blocks(name, text, line, *readers)


def read_neat(layout: Layout, data: bytes, line: int, final: bool) -> Taken | None:
    """The rows at the start of some bytes, if all have neat quotes and the columns of the header.

    Fields in neat quotes have them around, and doubled within, and nowhere else.
    """
    block = data[: end_of_neat_rows(data, layout.delimiter, final)]
    columns = columns_of(block, layout) if block and is_clean(block) else None
    if not columns:
        return None
    lines = partial(lines_of, layout, block, line, len(columns[0]))
    uids, times, event_names, *values = columns
    rows = Rows(uids, times, event_names, lines, values=next(iter(values), None))
    return rows, len(block), count_line_ends(block)


def end_of_neat_rows(data: bytes, delimiter: str, final: bool) -> int:
    """The size of the rows that are whole, if quotes are only around fields or doubled; else 0."""
    size = end_of_lines(data, final)
    if data.find(b'"', 0, size) < 0:
        return size
    characters = np.frombuffer(data, np.uint8, size)
    quotes = np.flatnonzero(characters == ord('"'))
    if not final:  # to the last line that ends outside quotes
        ends = np.flatnonzero(characters == ord("\n"))
        outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
        size = int(outside[-1]) + 1 if len(outside) else 0
        quotes = quotes[quotes < size]
    return size if are_neat(characters[:size], quotes, delimiter) else 0


def are_neat(characters: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """Whether every other of these quotes begins a field, the next ends it, or two are one."""
    if len(quotes) % 2:
        return False
    around = np.frombuffer(f"{delimiter}\r\n".encode(), np.uint8)
    padded = np.concatenate([around[-1:], characters, around[-1:]])
    begins = np.isin(padded[quotes[::2]], around)
    ends = np.isin(padded[quotes[1::2] + 2], around)
    doubled = quotes[1:-1:2] + 1 == quotes[2::2]
    begins[1:] |= doubled
    ends[:-1] |= doubled
    return bool(begins.all() and ends.all())


def columns_of(block: bytes, layout: Layout) -> list[pa.Array] | None:
    """Our columns of whole rows with neat quotes; None if one has another number of columns."""
    names = [str(position) for position in dict.fromkeys(layout.positions) if position is not None]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=len(block) + 1,
                column_names=[str(position) for position in range(layout.width)],
            ),
            arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=b'"' in block),
            arrow_csv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.string()),
                check_utf8=False,  # the block is clean
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [
        pa.nulls(len(table), pa.string())
        if position is None
        else table[str(position)].combine_chunks()
        for position in layout.positions
    ]


def lines_of(layout: Layout, block: bytes, line: int, rows: int) -> Sequence[int]:
    """The lines on which the rows of a block begin."""
    lines = count_line_ends(block) + (block[-1:] not in b"\r\n")
    if lines == rows and b'"' not in block:
        return range(line, line + rows)
    return read_any(layout, block, line, True)[0].lines()


class Lines:
    """The lines of some bytes as texts; `next` is the number of the next one, and may be changed.

    Bytes that are not UTF-8 become lone surrogates.
    """

    def __init__(self, data: bytes):
        self.stored = data.splitlines(keepends=True)
        self.next = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.next == len(self.stored):
            raise StopIteration
        self.next += 1
        return self.stored[self.next - 1].decode(errors="surrogateescape")


def read_any(layout: Layout, data: bytes, line: int, final: bool) -> Taken:
    """The rows at the start of some bytes, whatever is wrong with them.

    After a row whose quotes are broken, the next line is the next row.
    """
    whole = data[: end_of_lines(data, final)]
    lines = Lines(whole)
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    positions, width, clean = layout.positions, layout.width, is_clean(whole)
    events, places, bad = [], [], []
    while True:
        start = lines.next
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            at_end = lines.next == len(lines.stored)
            if at_end and not final and (start or len(data) <= LONGEST_ROW):
                lines.next = start  # it may end in what follows
                break
            bad.append(BadRow(line + start, QUOTING))
            lines.next = start + 1
            continue
        if len(row) == width and (clean or is_storable("".join(row))):
            events.append(tuple(None if at is None else row[at] for at in positions))
            places.append(line + start)
        elif row:  # an empty line is not a row
            reason = WIDTH if len(row) != width else why_not_storable("".join(row))
            bad.append(BadRow(line + start, reason))
    size = sum(map(len, lines.stored[: lines.next]))
    return rows_of(events, places, bad), size, lines.next
