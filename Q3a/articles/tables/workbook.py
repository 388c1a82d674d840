"""Excel workbooks, read by openpyxl: one sheet has the columns."""

from common.command import UserError

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from articles.tables.streams import opened
from articles.tables.table import WRONG_FIELDS, Row, Table, as_text, guarded, has_columns

LEADING_ZEROS = re.compile("0+")  # format of a number, such as an id that is shown as 007


@contextmanager
def workbook_table(path: Path, names: Sequence[str]) -> Iterator[Table]:
    """Open the sheet that has the columns. Raises UserError if several have, or it is damaged."""
    import openpyxl

    with opened(path) as binary:
        try:
            book = openpyxl.load_workbook(binary, read_only=True, data_only=True)
            tables = {sheet.title: sheet_table(sheet, path) for sheet in book.worksheets}
        except UserError:
            raise
        except Exception as error:  # whatever a damaged file makes zipfile or openpyxl raise
            raise damaged(path, error) from None
        found = [title for title, table in tables.items() if has_columns(table.header, names)]
        if len(found) > 1:
            sheets = ", ".join(map(repr, found))
            raise UserError(f"{path}: several sheets have articles: {sheets}; leave one of them")
        yield tables[found[0]] if found else next(iter(tables.values()), Table([], None))


def sheet_table(sheet, path: Path) -> Table:
    """Return the table of a sheet, whose header is the first row that is not empty."""
    sheet.reset_dimensions()  # which other programs get wrong
    cells = enumerate(sheet.iter_rows(), 1)
    header = next((names for _, row in cells if (names := without_blanks(row))), [])

    def rows(columns: Sequence[int]) -> Iterator[Row]:
        read = (sheet_row(number, row, len(header), columns) for number, row in cells)
        yield from guarded(filter(None, read), partial(damaged, path))

    return Table(header, rows)


def without_blanks(cells: Sequence) -> list[str]:
    """Return the texts of a header's cells, without the empty ones at its end."""
    texts = [str(cell.value or "") for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    return texts


def sheet_row(number: int, cells: Sequence, fields: int, columns: Sequence[int]) -> Row | None:
    """Return a row of a sheet, or None if it is empty."""
    filled = [column for column, cell in enumerate(cells) if cell.value not in (None, "")]
    if not filled:
        return None
    if filled[-1] >= fields:
        return Row(number, (), WRONG_FIELDS)
    try:
        found = (cell_text(cells[column]) if column < len(cells) else "" for column in columns)
        return Row(number, tuple(found))
    except ValueError as error:
        return Row(number, (), f"unusable field: {error}")


def cell_text(cell) -> str:
    """Return what a cell holds. Raises ValueError if it is an error such as #N/A."""
    from openpyxl.utils.escape import unescape

    value = cell.value
    if isinstance(value, str):
        if cell.data_type == "e":
            raise ValueError(value)
        return unescape(value)
    if type(value) is int and LEADING_ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return as_text(value)


def damaged(path: Path, error: Exception) -> UserError:
    """Return the error of a file that openpyxl cannot read."""
    return UserError(f"{path}: not a workbook that can be read: {type(error).__name__} {error}")
