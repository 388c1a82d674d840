"""The formats of log that are known: how each is recognised, and how its blocks are laid out."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from command_line import UserError
from log_scanner import CACHE, DATE, SIZE, SKIP, STATUS, TIME, URL

HEAD_LINES = 50  # lines in which a format is looked for
NEWLINE = ord("\n")


@dataclass(frozen=True)
class Layout:
    """How the lines of a block are read: what each field holds, and what separates fields."""

    roles: tuple[int, ...]
    delimiters: bytes = b"\t"
    comments: bool = False  # whether lines that begin with # are no rows


# Whole lines of one layout; the lines of a file's pieces, put together, are those of the file.
Piece = tuple[Layout, np.ndarray]


@dataclass(frozen=True)
class LogFormat:
    """A format: `recognises` judges the first lines, `pieces` lays out the blocks of one file."""

    description: str
    recognises: Callable[[list[bytes]], bool]
    pieces: Callable[[Iterable[np.ndarray], str], Iterator[Piece]]


def first_lines(block: np.ndarray, count: int = HEAD_LINES) -> list[bytes]:
    """The first lines of a block, without their ends."""
    return block[: 1 << 16].tobytes().splitlines()[:count]


TSV_COLUMNS = {"date": DATE, "time": TIME, "size": SIZE, "url": URL}
TSV_MORE_COLUMNS = {"status": STATUS, "cache": CACHE}  # in files with a header
TSV_ROW = re.compile(rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d[^\t]*\t[^\t]*\t[^\t]*$")


def tsv_names(line: bytes) -> list[str]:
    """The column names if the line is a header; otherwise none."""
    names = line.decode("utf-8-sig", "replace").strip().lower().split("\t")
    return names if not TSV_COLUMNS.keys().isdisjoint(names) else []


def is_tsv(lines: list[bytes]) -> bool:
    """Whether a line is a row of date, time, size and url, or the first one names them."""
    return bool(tsv_names(lines[0])) or any(TSV_ROW.match(line) for line in lines)


def tsv_pieces(blocks: Iterable[np.ndarray], name: str) -> Iterator[Piece]:
    """Lay out a file whose header, if it has one, names its columns in any order."""
    layout = None
    for block in blocks:
        if layout is None:
            names = tsv_names(first_lines(block, 1)[0])
            layout = tsv_layout(names, name)
            if names:  # what is left of the header is a blank line
                block = block[np.argmax(block == NEWLINE) :]
        yield layout, block


def tsv_layout(names: list[str], name: str) -> Layout:
    """The layout for these column names; the plain four columns where there are none."""
    if not names:
        return Layout(tuple(TSV_COLUMNS.values()))
    for column in TSV_COLUMNS:
        if names.count(column) != 1:
            raise UserError(
                f"{name}:1: the header must have one column {column!r}, it has: {', '.join(names)}"
            )
    roles = TSV_COLUMNS | TSV_MORE_COLUMNS
    return Layout(tuple(roles.get(column, SKIP) for column in names))


FORMATS = {
    "tsv": LogFormat("date, time, size, url separated by tabs", is_tsv, tsv_pieces),
}


def detect(block: np.ndarray, name: str) -> LogFormat:
    """The format that recognises the first lines of a file."""
    lines = first_lines(block)
    for log_format in FORMATS.values():
        if log_format.recognises(lines):
            return log_format
    known = "; ".join(f"{key}: {value.description}" for key, value in FORMATS.items())
    raise UserError(f"{name}: none of the log formats known here ({known})")
