"""W3C extended logs: CloudFront's standard logs and IIS. A #Fields line names the fields to come.

Sources: "Extended Log File Format", W3C Working Draft WD-logfile-960323; "Standard log file
fields", Amazon CloudFront Developer Guide; "W3C Logging", Microsoft IIS documentation.
"""

from common.command import UserError

from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from logs.fields import CACHE, DATE, SIZE, SKIP, STATUS, TIME, URL, Layout
from logs.lines import beginnings_of_lines

description = "W3C extended with a #Fields line (CloudFront, IIS)"
FIELDS = {"date": DATE, "time": TIME, "sc-bytes": SIZE, "cs-uri-stem": URL}
MORE_FIELDS = {"sc-status": STATUS, "x-edge-result-type": CACHE}
DIRECTIVE = b"#Fields:"
# CloudFront separates by tabs, IIS by spaces, and neither has the other within a value.
DELIMITERS = b"\t "
# Before the first #Fields line there can be no row.
UNANNOUNCED = Layout((), DELIMITERS, comments=True)


def recognises(lines: list[bytes]) -> bool:
    """Whether the first line is a directive and one of them names the fields."""
    return lines[0].startswith(b"#") and any(line.startswith(DIRECTIVE) for line in lines)


def layout(directive: bytes, place: str) -> Layout:
    """The layout that a #Fields line announces."""
    names = directive.removeprefix(DIRECTIVE).decode("utf-8", "replace").lower().split()
    for field in FIELDS:
        if names.count(field) != 1:
            raise UserError(
                f"{place}: #Fields must name {field} once; have the server log it (IIS: Logging, "
                "Select Fields)"
            )
    roles = tuple((FIELDS | MORE_FIELDS).get(name, SKIP) for name in names)
    return Layout(roles, DELIMITERS, comments=True, double_encoded="x-edge-location" in names)


def pieces(blocks, file, options, start=None) -> Iterator[tuple[Layout, memoryview]]:
    """Cut the blocks before each #Fields line: a server writes a new one when its fields change."""
    current, lines = start or UNANNOUNCED, 0
    for block in blocks:
        text = bytes(block)
        starts = list(directive_starts(text))
        for start, end in pairwise(sorted({0, *starts, len(text)})):
            if start in starts:
                line = lines + text.count(b"\n", 0, start) + 1
                current = layout(text[start : text.index(b"\n", start)], f"{file}:{line}")
            yield current, block[start:end]
        lines += text.count(b"\n")


def directive_starts(text: bytes) -> Iterator[int]:
    """Where the #Fields lines begin."""
    if text.startswith(DIRECTIVE):
        yield 0
    at = 0
    while at := text.find(b"\n" + DIRECTIVE, at) + 1:
        yield at


def layouts_at(raw: BinaryIO, file: str, starts: list[int], options) -> list[Layout]:
    """Return the layout of the last #Fields line before each start.

    Raises UserError for a #Fields line that lacks a field.
    """
    found, place, current = [], 0, UNANNOUNCED
    for number, (text, length) in enumerate(beginnings_of_lines(raw), 1):
        while len(found) < len(starts) and starts[len(found)] <= place:
            found.append(current)
        if text.startswith(DIRECTIVE):
            current = layout(text.rstrip(b"\n"), f"{file}:{number}")
        place += length
    return found + [current] * (len(starts) - len(found))
