"""What each kind of file is read to: columns of text, and the rows that are left out."""

import re
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from listening.bad_rows import Rejected
from listening.cleaning import keep_rows
from listening.text_columns import Column

NOT_TEXT = "not UTF-8 text"
NOT_ONE_LINE = "a control character, such as the end of a line"
OUTER_BLANKS = "blanks at its start or end"
# C0 and C1 controls, and the two separators that end lines.
CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
SURROGATE = re.compile("[\ud800-\udfff]")
BLANK = re.compile(r"\s")


class Part(NamedTuple):
    """Some rows of a file: their wanted columns, lines, and the rows that are not of the table."""

    columns: list[Column]
    lines: np.ndarray
    bad: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Table:
    """The wanted columns of a file: texts as codes, "" where there is none.

    columns: by their use
    lines: (rows,) the line or row of each, counted from 1
    bad: how many rows are not of this table, and the first line, by reason
    moments: (rows,) the times of columns that hold times, by their use
    """

    path: Path
    what: str
    columns: dict[str, Column]
    lines: np.ndarray
    bad: dict[str, tuple[int, int]] = field(default_factory=dict)
    moments: dict[str, pa.ChunkedArray] = field(default_factory=dict)

    def times(self, use: str) -> pa.ChunkedArray | pa.Array:
        """The times of a column; of texts by ISO 8601, in UTC if they name no zone."""
        if use in self.moments:
            return self.moments[use]
        column = self.columns[use]
        read = pd.to_datetime(column.values, format="ISO8601", errors="coerce", utc=True)
        return pa.array(read.as_unit("us")).take(column.codes)

    def numbers(self, use: str) -> np.ndarray:
        """(rows,) float64 numbers of a column, written with digits; NaN for what is none."""
        column = self.columns[use]
        texts = (text.strip() for text in column.values)
        found = (float(text) if NUMBER.fullmatch(text) else np.nan for text in texts)
        return column.each(np.fromiter(found, float, len(column.values)))

    def kept(self, reasons: dict[str, np.ndarray]) -> tuple[np.ndarray, Rejected]:
        """Return which rows no reason speaks against, and all rows that are left out."""
        named = {f"{self.what}: {reason}": rows for reason, rows in reasons.items()}
        keep, counts, first = keep_rows(named, len(self.lines))
        counts = {reason: rows for reason, rows in counts.items() if rows}
        first = {reason: int(self.lines[row]) for reason, row in first.items()}
        for reason, (rows, line) in self.bad.items():
            counts[f"{self.what}: {reason}"], first[f"{self.what}: {reason}"] = rows, line
        return keep, Rejected(self.path, counts, first)

    def id_reasons(self, use: str, missing: str = "") -> dict[str, np.ndarray]:
        """Return what speaks against each row's id, an exact text: `missing` ones, and odd ones."""
        column, what = self.columns[use], f"{use} id"
        reasons = {missing: column.each(column.values == "")} if missing else {}
        return reasons | {
            f"{what} is {NOT_TEXT}": each_with(column, SURROGATE),
            f"{what} has {NOT_ONE_LINE}": each_with(column, CONTROL),
            f"{what} has {OUTER_BLANKS}": each_with(column, BLANK, lambda it: it != it.strip()),
        }


def each(column: Column, test: Callable[[str], object]) -> np.ndarray:
    """For every row whether its text passes the test."""
    found = (bool(test(text)) for text in column.values)
    return column.each(np.fromiter(found, bool, len(column.values)))


def each_with(
    column: Column, character: re.Pattern, test: Callable[[str], object] | None = None
) -> np.ndarray:
    """For every row whether its text has such a character, and passes the test if there is one.

    To look for the character in all texts at once is ten times as fast, and few files have it.
    """
    if not character.search("".join(column.values)):
        return np.zeros(len(column.codes), bool)
    return each(column, test or character.search)


def table_of(path: Path, what: str, uses: Sequence[str], parts: list[Part]) -> Table:
    """Put the parts of a file together; `uses` are those of their columns."""
    columns = [joined(of_parts) for of_parts in zip(*(part.columns for part in parts), strict=True)]
    bad: dict[str, tuple[int, int]] = {}
    for part in parts:
        for reason, (rows, line) in part.bad.items():
            before, first = bad.get(reason, (0, line))
            bad[reason] = before + rows, first
    lines = np.concatenate([part.lines for part in parts])
    return Table(path, what, dict(zip(uses, columns, strict=True)), lines, bad)


def joined(parts: Sequence[Column]) -> Column:
    """The rows of several columns, one after the other."""
    codes, values = pd.factorize(np.concatenate([part.values for part in parts]))
    ends = np.cumsum([len(part.values) for part in parts])[:-1]
    of_parts = zip(np.split(codes.astype(np.int32), ends), parts, strict=True)
    return Column(np.concatenate([place[part.codes] for place, part in of_parts]), values)


def column_of_codes(codes: array, index: dict[str, int]) -> Column:
    """The column of codes that `index` gave to texts."""
    return Column(np.array(codes, np.int32), np.array(list(index), object))
