"""JSON Lines: an object per line, whose keys are the columns (jsonlines.org)."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from articles.tables.table import WRONG_FIELDS, Row, Table, as_text


def is_json_lines(first_line: str) -> bool:
    """Whether a file that begins with this line has an object per line."""
    return isinstance(parsed(first_line), dict)


def json_lines_table(number: int, first_line: str, file: TextIO) -> Table:
    """Return the table of the first line, which has the columns, and of the file's other lines.

    number: of the first line.
    """
    header = list(parsed(first_line))

    def rows(columns) -> Iterator[Row]:
        keys = [header[column] for column in columns]
        for place, line in enumerate(chain([first_line], file), number):
            if line.strip():
                yield row(place, line, keys)

    return Table(header, rows)


def row(number: int, line: str, keys: list[str]) -> Row:
    """Return the row of one line. A key that is missing is a missing field; null is empty."""
    record = parsed(line)
    if not isinstance(record, dict):
        return Row(number, (), "not a JSON object")
    if not all(key in record for key in keys):
        return Row(number, (), WRONG_FIELDS)
    try:
        fields = [as_text(record[key]) for key in keys]
    except ValueError as error:
        return Row(number, (), f"unusable field: {error}")
    return Row(number, tuple(fields))


def parsed(line: str) -> object:
    """Return the JSON value, with numbers as they are written; None if it is none."""
    try:
        as_written = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), str)
        return json.loads(line, object_pairs_hook=with_each_key_once, **as_written)
    except (ValueError, RecursionError):
        return None


def with_each_key_once(pairs: list[tuple[str, object]]) -> dict:
    """Return an object; one with two values of a key is none, for either may be meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found
