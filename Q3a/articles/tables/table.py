"""What each kind of file is read to: a header, and rows of text."""

from common.command import UserError

from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import NamedTuple

from articles.text import normalised

WRONG_FIELDS = "wrong number of fields"


class Row(NamedTuple):
    """A row: its line in the file, its fields, or why it cannot be read."""

    line: int  # of a workbook the row of the sheet, of Parquet the row, from 1
    fields: tuple[str, ...]
    problem: str | None = None


class Table(NamedTuple):
    """A table that is being read."""

    header: list[str]
    rows: Callable[[Sequence[int]], Iterator[Row]]  # the fields in the columns of these numbers


def guarded(rows: Iterator[Row], damaged: Callable[[Exception], UserError]) -> Iterator[Row]:
    """Yield the rows; whatever a library raises at a damaged file becomes a UserError."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except MemoryError:
            raise
        except Exception as error:
            raise damaged(error) from None
        yield row


def positions(header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return where the columns of these names are.

    A name is compared as written, then without regard to case, width and invisible characters.
    Raises UserError, without the file's name, if a column is missing or there are two of it.
    """
    return [position(header, name) for name in names]


def position(header: Sequence[str], name: str) -> int:
    """Return where the column of that name is; see `positions`."""
    for form in (str.strip, lambda text: normalised(text).casefold()):
        found = [number for number, other in enumerate(header) if form(other) == form(name)]
        if len(found) > 1:
            raise UserError(f"{len(found)} columns are named {name!r}; rename all but one")
        if found:
            return found[0]
    raise UserError(
        f"no column {name!r} among {', '.join(header)};"
        " map names with --columns, such as --columns id=index,tag=class,text=title"
    )


def has_columns(header: Sequence[str], names: Sequence[str]) -> bool:
    """Whether the header has the columns of these names."""
    try:
        positions(header, names)
    except UserError:
        return False
    return True


def as_text(value: object) -> str:
    """Return the text of a cell that has a type; an empty one is "".

    A number that is whole has no decimal point: spreadsheets and pandas have 7.0 for 7. Raises
    ValueError if it is of another type, such as a list.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).upper()
        case int() | Decimal():
            return format(value, "f" if isinstance(value, Decimal) else "d")
        case float():
            return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8")
    raise ValueError(type(value).__name__)
