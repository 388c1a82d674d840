"""JSON lines: an object on each line, whose keys are the columns; other keys are passed over.

Ids are texts or whole numbers. A number is read as it is written.
"""

from common.command import UserError

import io
import json
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from listening.tables.columns import NUMBERS, Kind, find_columns, has_header
from listening.tables.table import Part, Table, column_of_codes, table_of

NO_OBJECT = "not a JSON object with each key once"
NO_TEXT = "neither text nor a number"
NOT_WHOLE = "a number with a point or an exponent; write it as text"


class Fraction(str):
    """A number that is written with a point or an exponent, as it is written."""


def read_json_lines(
    path: Path,
    stream: BinaryIO,
    kind: Kind,
    named: dict[str, str] | None,
    extra: Sequence[str],
) -> Table:
    """Read the wanted keys of a stream. Raises UserError if the first object lacks one."""
    if not has_header(named):
        raise UserError(f"{path}: its columns have names: use them in {kind.option}")
    uses: dict[str, str] = {}
    codes, index, lines, bad = [], [], array("q"), {}
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="\n")
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        record = parsed(line)
        if record is not None and not uses:
            uses = keys_of(path, number, kind, list(record), named, extra)
            codes, index = [array("i") for _ in uses], [{} for _ in uses]
        values, reason = row_of(record, uses)
        if reason:
            bad[reason] = bad.get(reason, (0, 0))[0] + 1, bad.get(reason, (0, number))[1]
            continue
        lines.append(number)
        for value, into, known in zip(values, codes, index, strict=True):
            into.append(known.setdefault(value, len(known)))
    if not uses:
        raise UserError(f"{path}: no line is a JSON object with each key once")
    columns = [column_of_codes(*pair) for pair in zip(codes, index, strict=True)]
    return table_of(path, kind.what, list(uses), [Part(columns, np.array(lines, np.int64), bad)])


def keys_of(
    path: Path,
    number: int,
    kind: Kind,
    keys: list[str],
    named: dict[str, str] | None,
    extra: Sequence[str],
) -> dict[str, str]:
    """The key of each use, of the keys of the first object, on the line `number`."""
    try:
        return {use: place.title for use, place in find_columns(kind, keys, named, extra).items()}
    except UserError as error:
        raise UserError(f"{path}:{number}: {error}") from None


def parsed(line: str) -> dict | None:
    """The object on a line, with numbers as they are written; None if there is none."""
    try:
        found = json.loads(
            line, object_pairs_hook=with_each_key_once, parse_int=str, parse_float=Fraction
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def with_each_key_once(pairs: list[tuple[str, object]]) -> dict:
    """An object. Raises ValueError for one with two values of a key: either may be meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def row_of(record: dict | None, uses: dict[str, str]) -> tuple[list[str], str]:
    """The texts of a row, "" for null and for missing keys; and why it is not one, or ""."""
    if record is None:
        return [], NO_OBJECT
    values = []
    for use, key in uses.items():
        value = record.get(key)
        if value is None:
            value = ""
        elif not isinstance(value, str):
            return [], f"{use} is {NO_TEXT}"
        elif isinstance(value, Fraction) and use not in NUMBERS:
            return [], f"{use} is {NOT_WHOLE}"
        values.append(value)
    return values, ""
