"""Event files as DuckDB reads them: CSV, JSON lines and Parquet."""

from common.command import UserError

import csv
from pathlib import Path
from typing import TextIO

import duckdb
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyConnection,
    Expression,
    FunctionExpression,
)

from check.originals import plain_file, with_equal_line_ends
from check.statements import NAMES, VALUE, first_line, run

DELIMITERS = (",", "\t", ";")
BOM = b"\xef\xbb\xbf"
NOT_THERE = "\1not there\1"  # a text that no cell has


def read_files(
    duck: DuckDBPyConnection,
    files: dict[str, Path],
    columns: dict[str, str],
    folder: Path,
    by: str | None = None,
) -> None:
    """Read event files into the table `written`; `columns` maps `NAMES` to those that differ.

    files: the path of each by the name that messages give it. Copies go to `folder`. The column
    `by`, unless it is one of `NAMES`, splits answers. Raises `UserError` for what DuckDB cannot
    read.
    """
    titles = {name: columns.get(name, name) for name in NAMES}
    if by is not None and by not in titles.values():
        titles[VALUE] = by
    for name, path in files.items():
        try:
            read_file(duck, plain_file(name, path, folder), titles, folder)
        except duckdb.Error as error:
            raise UserError(f"--check: DuckDB cannot read {name}: {first_line(error)}") from None


def read_file(duck: DuckDBPyConnection, path: Path, titles: dict[str, str], folder: Path) -> None:
    """Read a file of any of the formats, which its first bytes tell."""
    with path.open("rb") as file:
        start = file.read(1000).removeprefix(BOM).lstrip()
    if start.startswith(b"PAR1"):
        read_parquet(duck, path, titles)
    elif start.startswith(b"{"):
        pointers = {name: pointer(title) for name, title in titles.items()}
        run(duck, "read_json", {"path": str(path), VALUE: None, **pointers})
    else:
        read_csv(duck, with_equal_line_ends(path, folder / "lines"), titles)


def pointer(key: str) -> str:
    """The JSON Pointer (RFC 6901) to a key of an object."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def read_parquet(duck: DuckDBPyConnection, path: Path, titles: dict[str, str]) -> None:
    """Read a Parquet file, every value as DuckDB writes it as text."""
    rows = duck.read_parquet(str(path), hive_partitioning=False)
    found = [title for title in titles.values() if title in rows.columns]
    kinds = {title: str(rows.select(title).types[0]) for title in found}
    cells = [
        cell(titles[name], kinds[titles[name]]).alias(name)
        if titles.get(name) in kinds
        else ConstantExpression(None).cast("VARCHAR").alias(name)
        for name in (*NAMES, VALUE)
    ]
    typed = ConstantExpression(kinds[titles["time"]].startswith(("TIMESTAMP", "DATE")))
    rows.select(*cells, typed).insert_into("written")


def cell(title: str, kind: str) -> Expression:
    """A column as text; numbers with a point are written as the others are."""
    column = ColumnExpression(title)
    if kind in ("FLOAT", "DOUBLE"):
        return FunctionExpression("number_text", column.cast("DOUBLE").cast("VARCHAR"))
    text = column.cast("VARCHAR")
    if kind.startswith("DECIMAL"):
        whole, digits = ConstantExpression(r"^(-?\d+)\.0*$"), ConstantExpression(r"\1")
        return FunctionExpression("regexp_replace", text, whole, digits)
    return text


def read_csv(duck: DuckDBPyConnection, path: Path, titles: dict[str, str]) -> None:
    """Read a CSV file, or one with tabs or semicolons, every cell as a text."""
    needed = {title for name, title in titles.items() if name != NAMES[2]}  # it may be missing
    lines_before, delimiter, header = layout(path, needed)
    ours = {title: name for name, title in titles.items()}
    named = [ours.get(title, f"other_{number}") for number, title in enumerate(header)]
    missing = [name for name in (*NAMES, VALUE) if name not in named]
    parameters = {
        "path": str(path),
        "delimiter": delimiter,
        "lines_before": lines_before,
        "columns": dict.fromkeys([*named, "surplus", *missing], "VARCHAR"),
        "width": len(header),
        "not_there": NOT_THERE,
    }
    run(duck, "read_csv", parameters)


def layout(path: Path, needed: set[str]) -> tuple[int, str, list[str]]:
    """The number of lines before the header, the delimiter, and the header with all titles needed.

    Raises `duckdb.InvalidInputException` if there is no such header.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        lines_before = count_lines_before_header(text)
        for delimiter in DELIMITERS:
            text.seek(0)
            for _ in range(lines_before):
                text.readline()
            header = [cell.strip() for cell in next(csv.reader(text, delimiter=delimiter), [])]
            if needed <= set(header):
                return lines_before, delimiter, header
    raise duckdb.InvalidInputException(f"no header has all of {', '.join(sorted(needed))}")


def count_lines_before_header(text: TextIO) -> int:
    """How many lines of a file come before its header: empty ones, after one such as `sep=;`."""
    for number, line in enumerate(text):
        separator = number == 0 and line.strip().strip('"').lower().startswith("sep=")
        if line.strip("\r\n") and not separator:
            return number
    return 0
