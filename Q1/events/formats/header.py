"""The header of CSV and its like: what separates the fields, and which columns are ours."""

from common.command import UserError

import csv
import re
from dataclasses import dataclass
from functools import partial

from events.event import Headers
from events.formats.blocks import is_clean
from events.rows import locate, wanted_titles
from events.streams import Stream

DELIMITERS = (",", "\t", ";")
LONGEST_HEADER = 1_000_000  # bytes
SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t])"?(\r\n|\n|\r)', re.IGNORECASE)  # as Excel writes it


@dataclass(frozen=True)
class Layout:
    """How a file writes its rows: `positions` are those of our columns, None for a missing one."""

    delimiter: str
    width: int
    positions: list[int | None]


def read_header(name: str, text: Stream, headers: Headers) -> tuple[Layout, int]:
    """Read a header, after a line such as `sep=;`: the layout, and the line on which rows begin.

    Raises `UserError` for one that does not end, and for columns that are missing or duplicate.
    """
    line, delimiter = 1, None
    if separator := SEPARATOR_LINE.match(text.peek(len(b'"sep=;"\r\n'))):
        text.read(separator.end())
        line, delimiter = 2, separator[1].decode()
    lines = text.peek(LONGEST_HEADER).splitlines(keepends=True)
    first = next((it for it in lines if it.strip(b"\r\n")), b"")
    if not first:
        raise UserError(f"{name}: is empty; a header and rows of events are needed")
    if len(first) == LONGEST_HEADER:
        raise UserError(f"{name}:{line}: the header does not end: this is not a table")
    if not is_clean(first):
        raise UserError(f"{name}:{line}: is not UTF-8 text; convert it, for instance with iconv")
    if not delimiter:
        wanted = set(wanted_titles(headers).values())
        delimiter = max(DELIMITERS, key=partial(likelihood, first.decode(), wanted))
    reader = csv.reader((line.decode(errors="replace") for line in lines), delimiter=delimiter)
    try:
        titles = [title.strip() for title in next(filter(None, reader))]
    except csv.Error as error:
        raise UserError(f"{name}:{line}: the header cannot be read: {error}") from None
    text.read(sum(map(len, lines[: reader.line_num])))
    positions = locate(f"{name}:{line}", titles, headers)
    return Layout(delimiter, len(titles), positions), line + reader.line_num


def likelihood(header: str, wanted: set[str], delimiter: str) -> tuple[int, int]:
    """How many of our titles, and how many columns, a header has with a delimiter."""
    try:
        titles = next(csv.reader([header], delimiter=delimiter))
    except csv.Error:
        return 0, 0
    return len(wanted.intersection(title.strip() for title in titles)), len(titles)
