"""Plain logs: date, time, size and url separated by tabs, with or without a header."""

from common.command import UserError

import re
from collections.abc import Iterator
from typing import BinaryIO

from logs.fields import CACHE, DATE, SIZE, SKIP, STATUS, TIME, URL, Layout
from logs.lines import beginnings_of_lines

description = "date, time, size, url separated by tabs"
COLUMNS = {"date": DATE, "time": TIME, "size": SIZE, "url": URL}
MORE_COLUMNS = {"status": STATUS, "cache": CACHE}  # a header may name these too, and any others
ROW = re.compile(rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d[^\t]*\t[^\t]*\t[^\t]*$")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def recognises(lines: list[bytes]) -> bool:
    """Whether the first line names the columns, or any line is a row."""
    return bool(header(lines[0])) or any(ROW.match(line) for line in lines)


def header(line: bytes) -> list[str]:
    """The column names in a line, or none if it is no header."""
    names = line.decode("utf-8-sig", "replace").strip().lower().split("\t")
    return [] if COLUMNS.keys().isdisjoint(names) else names


def layout(names: list[str], file: str) -> Layout:
    """The layout for these column names; the four plain columns where there are none."""
    if not names:
        return Layout(tuple(COLUMNS.values()))
    for column in COLUMNS:
        if names.count(column) != 1:
            raise UserError(
                f"{file}:1: the header must name {column!r} once, it names: {', '.join(names)}"
            )
    return Layout(tuple((COLUMNS | MORE_COLUMNS).get(name, SKIP) for name in names))


def pieces(blocks, file, options, found=None) -> Iterator[tuple[Layout, memoryview]]:
    """Lay out a file by its header; what is left of the header is a blank line."""
    for block in blocks:
        start = 0
        if found is None:
            first_line = bytes(block).partition(b"\n")[0]
            names = header(first_line)
            found = layout(names, file)
            marked = first_line.startswith(BYTE_ORDER_MARK)
            start = len(first_line) if names else len(BYTE_ORDER_MARK) * marked
        yield found, block[start:]


def layouts_at(raw: BinaryIO, file: str, starts: list[int], options) -> list[Layout]:
    """Return the layout of the header for each start."""
    first, _ = next(beginnings_of_lines(raw))
    return [layout(header(first), file) for _ in starts]
