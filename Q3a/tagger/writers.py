"""Files of tags: CSV for programs, or for spreadsheets, in which no cell becomes a formula."""

from common.command import UserError

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from common.output import replacing

ENCODINGS = ("utf-8", "utf-8-sig")  # the second one is for spreadsheets
# What a spreadsheet takes for the beginning of a formula (owasp.org, "CSV Injection").
FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")
CELL, ROWS = 32_767, 1_048_576  # the most characters and rows that Excel has
# XML has no such characters: in a workbook they are written as _x0001_, and so is what looks so.
ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

Append = Callable[[pd.DataFrame], None]


@contextmanager
def writer(path: Path, encoding: str) -> Iterator[Append]:
    """Yield a function that appends a table to the file, whose suffix says what it is."""
    kind = workbook_writer(path) if is_workbook(path) else csv_writer(path, encoding)
    with kind as append:
        yield append


def is_workbook(path: Path) -> bool:
    """Whether the file is to be an Excel workbook."""
    return path.suffix.lower() == ".xlsx"


@contextmanager
def csv_writer(path: Path, encoding: str) -> Iterator[Append]:
    """Write CSV, batch by batch: there may be more than memory holds.

    With the encoding of spreadsheets, an apostrophe keeps cells from becoming formulas.
    """
    changed = harmless if encoding == "utf-8-sig" else filled
    written = False
    with replacing(path) as sibling, sibling.open("w", encoding=encoding, newline="") as file:
        usual = csv.writer(file, lineterminator="\n")
        quoting = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

        def append(table: pd.DataFrame) -> None:
            nonlocal written
            for row in rows_of(table, header=not written):
                # The csv module does not always quote a carriage return, which would end the row.
                broken = any("\r" in value for value in row if isinstance(value, str))
                (quoting if broken else usual).writerow(map(changed, row))
            written = True

        yield append


def rows_of(table: pd.DataFrame, header: bool) -> Iterator[Sequence]:
    """Yield the rows of a table, after those of its header if it is wanted."""
    if header:
        yield list(table)
    yield from table.itertuples(index=False, name=None)


def filled(value: object) -> object:
    """Return the value; an empty text for NaN."""
    return "" if value != value else value


def harmless(value: object) -> object:
    """Return the value; a text that a spreadsheet would take for a formula after an apostrophe."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else filled(value)


@contextmanager
def workbook_writer(path: Path) -> Iterator[Append]:
    """Write a workbook with one sheet, in which every text is a string, whatever it begins with.

    A text that is too long for a cell ends in "…". Raises UserError if there are too many rows.
    """
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("tags")
    written = 0

    def append(table: pd.DataFrame) -> None:
        nonlocal written
        for row in rows_of(table, header=not written):
            written += 1
            if written > ROWS:
                raise UserError(f"--output {path}: more than {ROWS:,} rows; write CSV")
            sheet.append([cell(sheet, value) for value in row])

    try:
        yield append
    finally:
        sheet.close()  # else openpyxl complains when it is collected
    with replacing(path) as sibling:
        book.save(sibling)


def cell(sheet, value: object) -> object:
    """Return what openpyxl is to write: a text as a string, never as a formula; None for NaN."""
    if not isinstance(value, str):
        return None if value != value else value
    from openpyxl.cell import WriteOnlyCell

    text = ESCAPED.sub(lambda match: f"_x{ord(match[0]):04X}_", value)
    found = WriteOnlyCell(sheet, text if len(text) <= CELL else text[: CELL - 1] + "…")
    found.data_type = "s"
    return found
