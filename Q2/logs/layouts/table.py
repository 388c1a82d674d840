"""Tables: fields separated by tabs, commas, semicolons or bars, with or without a header.

Values may be quoted as spreadsheets and pandas do it. A line is a row: no value contains a newline.
"""

from common.command import UserError

import csv
import re
from functools import partial

from logs.fields import (
    DATE,
    DOUBLED,
    MOMENT,
    REPEATED,
    SINGLE,
    SIZE,
    SKIP,
    TIME,
    URL,
    Layout,
    LayoutOptions,
)
from logs.layouts.columns import MEANINGS, ROLE_OF, layout_of
from logs.layouts.whole import WholeFormat

SEPARATOR_NAMES = {"tab": "\t", "\\t": "\t", "space": " "}
SEPARATORS = "\t,;|"
PLAIN = ("date", "time", "size", "url")
DAY = r"\d{4}-\d\d-\d\d"
CLOCK = r"\d\d:\d\d:\d\d\S*"
# The values of a row without a header, whose meaning nothing else can have.
PLAIN_ROWS = {
    (DATE, TIME, SIZE, URL): (DAY, CLOCK, r"\s*[\d-]*\s*", ".*"),
    (SKIP, DATE, TIME, SIZE, URL): (r"\d+", DAY, CLOCK, r"\s*[\d-]*\s*", ".*"),
    (MOMENT, SIZE, URL): (rf"{DAY}[T ]{CLOCK}(?: \S+)?", r"\s*[\d-]+\s*", ".*"),
}


def layout_for(
    separators: str, lines: list[bytes], file: str, options: LayoutOptions, named: bool
) -> Layout | None:
    """The layout of a table with one of these separators; see `logs.layouts.whole.WholeFormat`."""
    separators = options.delimiter or separators
    if options.fields:
        return layout_by_hand(lines, file, options)
    first_line = next((line for line in lines if line.strip()), b"")
    header = first_line.decode("utf-8", "replace")
    known = {name.lower() for _, name in options.columns} | ROLE_OF.keys()
    separator = max(separators, key=lambda it: len(known & {*names_in(header, it)}))
    names = values(header, separator)
    if needed(names_in(header, separator), options):
        row = next((line for line in lines[1:] if line.strip()), b"").decode("utf-8", "replace")
        base = table_layout(separator, first_line)
        return layout_of(names, base, f"{file}:1", options.columns, values(row, separator))
    return plain_layout(separators, lines) or (table_layout(separators[0]) if named else None)


def names_in(header: str, separator: str) -> list[str]:
    """The names that a header would have with this separator."""
    return [name.strip().lower() for name in values(header, separator)]


def needed(names: list[str], options: LayoutOptions) -> bool:
    """Whether a line is a header: any field is named as one that every log has."""
    wanted = {name.lower() for _, name in options.columns}
    return any(
        name in wanted or ROLE_OF.get(name) in (DATE, TIME, MOMENT, SIZE, URL) for name in names
    )


def values(line: str, separator: str) -> list[str]:
    """The values of a line, none where it is not text."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def table_layout(separator: str, header: bytes = b"", roles: tuple[int, ...] = ()) -> Layout:
    """A layout of a table, of date, time, size and URL unless other roles are given."""
    return Layout(
        roles or tuple(MEANINGS[name] for name in PLAIN),
        separator.encode() * 2,
        quoting=DOUBLED,
        header=header,
        names=() if roles else PLAIN,
    )


def plain_layout(separators: str, lines: list[bytes]) -> Layout | None:
    """The layout of rows without a header, of which any line is one."""
    for line in lines:
        text = line.decode("utf-8", "replace")
        for separator in separators:
            row = values(text, separator)
            for roles, patterns in PLAIN_ROWS.items():
                if len(row) == len(patterns) and all(map(re.fullmatch, patterns, row)):
                    return table_layout(separator, roles=roles)
    return None


def layout_by_hand(lines: list[bytes], file: str, options: LayoutOptions) -> Layout:
    """The layout of --fields. Raises `UserError` where the separator is not certain."""
    rows = [line for line in lines if line.strip()][:2] or [b""]
    texts = [row.decode("utf-8", "replace") for row in rows]
    separator = options.delimiter or fitting_separator(texts[0], len(options.fields), file)
    header = b"" if any(letter.isdigit() for letter in texts[0]) else rows[0]
    repeated = REPEATED if separator == " " else SINGLE
    base = Layout((), separator.encode() * 2, quoting=DOUBLED, repeated=repeated, header=header)
    sample = values(texts[-1 if header else 0], separator)
    return layout_of(options.fields, base, "--fields", sample=sample)


def fitting_separator(row: str, fields: int, file: str) -> str:
    """The one separator that cuts a row into so many fields. Raises `UserError` without one."""
    fitting = [it for it in SEPARATORS + " " if len(values(row, it)) == fields]
    if row and len(fitting) != 1:
        raise UserError(
            f"{file}:1: --fields names {fields} fields, and the first line has not so many with "
            "any one separator; fix --fields or add --delimiter"
        )
    return (fitting or SEPARATORS)[0]


TSV = WholeFormat("date, time, size, url separated by tabs", partial(layout_for, "\t"))
CSV = WholeFormat(
    "the same separated by commas, semicolons or bars, quoted or not, in the order of a header",
    partial(layout_for, ",;|"),
)
