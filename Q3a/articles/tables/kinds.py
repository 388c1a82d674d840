"""What kind of table a file is, told by what is in it: its name may be any."""

from common.command import UserError

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from articles.changes import Changes
from articles.encodings import detected_encoding
from articles.tables.delimited import delimited_table
from articles.tables.json_lines import is_json_lines, json_lines_table
from articles.tables.parquet import parquet_table
from articles.tables.streams import damage_reported, opened
from articles.tables.table import Table
from articles.tables.workbook import workbook_table

WORKBOOK, PARQUET, OLD_WORKBOOK = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"


@contextmanager
def opened_table(
    path: Path, encoding: str | None, names: Sequence[str], changes: Changes
) -> Iterator[Table]:
    """Open the file, compressed or not; `names` are the columns that are wanted.

    encoding: of a text file; None to find it out. It is noted in `changes`.
    """
    with damage_reported(path):
        with opened(path) as file:
            start = file.read(8)
        if start.startswith(OLD_WORKBOOK):
            raise UserError(f"{path}: a workbook of Excel 97-2003; save it as .xlsx or CSV")
        if start.startswith(WORKBOOK):
            table = workbook_table(path, names)
        elif start.startswith(PARQUET):
            table = parquet_table(path)
        else:
            table = text_table(path, encoding, names, changes)
        with table as found:
            yield found


@contextmanager
def text_table(
    path: Path, encoding: str | None, names: Sequence[str], changes: Changes
) -> Iterator[Table]:
    """Open a text file: JSON Lines if the first line is an object, else CSV or tabs."""
    used = usable(encoding) if encoding else detected_encoding(lambda: opened(path), str(path))
    changes.decoded(path, used)
    try:
        with opened(path) as binary, io.TextIOWrapper(binary, used, newline="") as file:
            number, first = first_line(file)
            if is_json_lines(first):
                yield json_lines_table(number, first, file)
            else:
                yield delimited_table(path, number, first, file, names)
    except UnicodeError as error:
        way_out = "name another" if encoding else "name its encoding"
        raise UserError(f"{path}: {error}; {way_out} with --encoding") from None


def first_line(file: TextIO) -> tuple[int, str]:
    """Return the first line that is not empty, after a byte-order mark, and its number."""
    for number, line in enumerate(iter(file.readline, ""), 1):
        line = line.lstrip("\ufeff")
        if line.strip():
            return number, line
    return 1, ""


def usable(encoding: str) -> str:
    """Return the name of an encoding. Raises UserError if Python has none of that name for text."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)
    except (LookupError, ValueError):
        raise UserError(f"--encoding {encoding}: Python knows no such encoding") from None
    return encoding
