"""A tab separated file as columns of codes, so that each distinct text is kept and checked once.

Quotes are plain characters and no text reads as missing: there are artists named "NA".
"""

from common.command import UserError

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

CATEGORY = pa.dictionary(pa.int32(), pa.string())
BYTES_AT_A_TIME = 1 << 24  # larger blocks repeat fewer texts, smaller ones keep both cores busy


@dataclass(frozen=True)
class Column:
    """A column of text: (rows,) int32 codes into its distinct values."""

    codes: np.ndarray
    values: np.ndarray

    def each(self, per_value: np.ndarray) -> np.ndarray:
        """For every row what `per_value` holds for the row's value."""
        return np.asarray(per_value)[self.codes]

    def select(self, keep: np.ndarray) -> "Column":
        """The rows to keep, with just the values that they hold, in ascending order."""
        codes = self.codes[keep]
        used = np.flatnonzero(np.bincount(codes))
        ascending = used[np.argsort(self.values[used])]
        place = np.empty(len(self.values), dtype=np.int32)
        place[ascending] = np.arange(len(ascending))
        return Column(place[codes], self.values[ascending])


def read_columns(
    path: Path, names: list[str], header: bool = False
) -> tuple[dict[str, Column], int]:
    """The columns of a file by name, and how many rows have another number of columns.

    Raises UserError if no row has these columns. `check_text` checks that the file is UTF-8 text.
    """
    ragged = []

    def skip(row: csv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    try:
        table = csv.read_csv(
            path,
            csv.ReadOptions(column_names=names, skip_rows=int(header), block_size=BYTES_AT_A_TIME),
            csv.ParseOptions(delimiter="\t", quote_char=False, invalid_row_handler=skip),
            csv.ConvertOptions(column_types=dict.fromkeys(names, CATEGORY)),
        )
    except pa.ArrowInvalid as error:
        raise UserError(f"{path}: {str(error).splitlines()[0]}") from error
    if not table.num_rows:
        raise UserError(f"{path}: no row has the columns {', '.join(names)} between tabs")
    return {name: as_column(table[name]) for name in names}, len(ragged)


def lines_of_rows(
    path: Path, columns: int, header: bool, rows: dict[str, int], other: str
) -> dict[str, int]:
    """Return the line, counted from 1, of each of the named `rows` that `read_columns` gave.

    rows: by name, counted from 0 among the rows that have the columns
    other: the name of the first row with another number of columns; "" if there is none
    """
    names = {row: name for name, row in rows.items()}
    row, last, lines = -1, max(names, default=-1), {}
    # Latin-1 is read in half the time of UTF-8, and its tabs and ends of lines are the same.
    with path.open(encoding="latin-1") as file:
        for line, text in enumerate(file, 1):
            if text.count("\t") == columns - 1 and line > header:
                row += 1
                if row in names:
                    lines[names[row]] = line
            elif other and line > header and other not in lines and text != "\n":
                lines[other] = line
            if row >= last and (not other or other in lines):
                break
    return lines


def as_column(chunks: pa.ChunkedArray, clean: Callable[[str], str] = str.strip) -> Column:
    """A dictionary-encoded Arrow column as a `Column` of texts, by default without outer blanks."""
    dictionary = chunks.chunk(0).dictionary
    if not all(chunk.dictionary.equals(dictionary) for chunk in chunks.chunks):
        chunks = chunks.unify_dictionaries()  # costly: it looks up every text of every chunk
        dictionary = chunks.chunk(0).dictionary
    codes, values = pd.factorize(np.array([clean(text) for text in texts(dictionary)], object))
    indices = np.concatenate([chunk.indices.to_numpy() for chunk in chunks.chunks])
    return Column(codes.astype(np.int32)[indices], values)


def texts(array: pa.Array) -> list[str]:
    """The texts of an array; bytes that are not UTF-8 become lone surrogates."""
    try:
        return array.to_pylist()
    except UnicodeDecodeError:
        return [text.decode(errors="surrogateescape") for text in array.cast("binary").to_pylist()]


def first_fields(path: Path) -> list[str]:
    """The fields of the first line."""
    with path.open("rb") as file:
        return file.readline().decode("utf-8").rstrip("\r\n").split("\t")


def check_text(path: Path) -> str:
    """The file's MD5. Raises UserError, naming the line, if it is empty or not UTF-8."""
    if not path.stat().st_size:
        raise UserError(f"{path}: the file is empty; download it again")
    decoder = codecs.getincrementaldecoder("utf-8")()
    digest = hashlib.md5(usedforsecurity=False)
    lines = 1
    with path.open("rb") as file:
        block = b" "
        while block:
            block = file.read(BYTES_AT_A_TIME)
            digest.update(block)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                raise UserError(
                    f"{path}:{line}: is not UTF-8 text; unpack the file or convert it"
                ) from error
            lines += block.count(b"\n")
    return digest.hexdigest()
