"""CSV and tabs. The delimiter is the one under which the header has the columns."""

from common.command import UserError

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

from articles.tables.table import WRONG_FIELDS, Row, Table, has_columns

DELIMITERS = ",;\t|"
DECLARED = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)  # a first line, for Excel
LONGEST_FIELD = 2**31 - 1  # characters: the csv module's own limit is 131,072


def delimited_table(
    path: Path, number: int, first_line: str, file: TextIO, names: Sequence[str]
) -> Table:
    """Return the table of the first line and of the file's other lines.

    Fields between tabs have no quotes, others may have double quotes. number: of the first line.
    """
    csv.field_size_limit(LONGEST_FIELD)
    declared = DECLARED.fullmatch(first_line)
    before = number if declared else number - 1  # lines
    first_line = file.readline() if declared else first_line
    delimiter = declared[1] if declared else delimiter_of(first_line, names)
    reader = csv.reader(chain([first_line], file), **dialect(delimiter))
    lines = numbered(reader, before, path)
    _, header = next(lines, (0, []))
    return Table(header, lambda columns: rows(lines, len(header), columns))


def delimiter_of(header: str, names: Sequence[str]) -> str:
    """Return the delimiter under which the header has the columns, or the most frequent one."""
    for delimiter in DELIMITERS:
        found = next(csv.reader([header], **dialect(delimiter) | {"strict": False}), [])
        if has_columns(found, names):
            return delimiter
    return max(DELIMITERS, key=header.count)


def dialect(delimiter: str) -> dict:
    """Return the csv module's settings."""
    if delimiter == "\t":
        return {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    return {"delimiter": delimiter, "strict": True}


def numbered(reader, before: int, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the records, each with its first line: a quoted field may have several.

    before: how many lines the reader was not given.
    """
    line = before + 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + before + 1
    except csv.Error as error:
        place = f"{path}:{reader.line_num + before}"
        raise UserError(f"{place}: {error}; check its quotes") from None


def rows(
    records: Iterator[tuple[int, list[str]]], fields: int, columns: Sequence[int]
) -> Iterator[Row]:
    """Yield the rows; an empty line is none."""
    for line, record in records:
        if len(record) == fields:
            yield Row(line, tuple(record[column] for column in columns))
        elif record:
            yield Row(line, (), WRONG_FIELDS)
