"""Files of columns without quotes, as the two data sets of GroupLens have them."""

from common.command import UserError

from pathlib import Path

import numpy as np
import pandas as pd

from listening.bad_rows import Rejected

# By column: why a row is bad, and what a number must be above.
NUMBERS = (
    ("plays", "count is not a number above zero", 0.0),
    ("time", "time is not a number", -np.inf),
)


def read_table(
    path: Path,
    kind: str,
    columns: list[str],
    *,
    separator: str,
    on_bad_row: str,
    header: bool = False,
    encoding: str = "utf-8",
) -> tuple[pd.DataFrame, Rejected]:
    """Return the first columns of a file without quotes as texts, and the rows left out.

    A row is bad that has fewer than these columns or more than the first line, that is a second
    profile of a user, or that has no number above 0 in a column `plays`, or none in a column
    `time`; both are returned as numbers. `kind`, such as "profile", begins each reason.
    """
    lines, rows = split_lines(path, separator, encoding)
    width = len(rows[0])
    if width < len(columns):
        raise UserError(f"{path}: expected the columns {', '.join(columns)}")
    lines, rows = lines[header:], rows[header:]
    sound = np.array([len(columns) <= len(row) <= width for row in rows], dtype=bool)
    cells = [row[: len(columns)] for row, good in zip(rows, sound, strict=True) if good]
    table = pd.DataFrame(cells, columns=columns, index=lines[sound], dtype=object)
    wrong = {f"{kind}: not {width} columns": lines[~sound]}
    if kind == "profile":
        repeated = table["user"].duplicated().to_numpy()
        wrong[f"{kind}: user id repeated"] = table.index[repeated]
        table = table[~repeated]
    for column, reason, least in NUMBERS:
        if column in columns:
            table[column] = as_numbers(table[column], least)
            missing = table[column].isna()
            wrong[f"{kind}: {reason}"] = table.index[missing]
            table = table[~missing]
    counts = {reason: len(bad) for reason, bad in wrong.items()}
    first = {reason: int(bad[0]) for reason, bad in wrong.items() if len(bad)}
    rejected = Rejected(path, counts, first)
    rejected.check(on_bad_row)
    if table.empty:
        raise UserError(f"{path}: no row can be used")
    return table, rejected


def as_numbers(texts: pd.Series, above: float) -> np.ndarray:
    """Texts as float64; NaN for no number, for one that is not above `above` or too large."""
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    with np.errstate(over="ignore"):  # what is endless as a float32 is rejected
        usable = np.isfinite(numbers.astype(np.float32)) & (numbers.astype(np.float32) > above)
    return np.where(usable, numbers, np.nan)


def split_lines(path: Path, separator: str, encoding: str) -> tuple[np.ndarray, list[list[str]]]:
    """Return the numbers of the lines that are not empty, from 1, and their cells."""
    try:
        with path.open(encoding=encoding) as file:
            texts = {line: text for line, text in enumerate(file, 1) if text.strip()}
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not {encoding.upper()} text: {error}") from error
    if not texts:
        raise UserError(f"{path}: the file is empty; download it again")
    cells = (text.rstrip("\n").split(separator) for text in texts.values())
    return np.fromiter(texts, int), [[cell.strip() for cell in row] for row in cells]
