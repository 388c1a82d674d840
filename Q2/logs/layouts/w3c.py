"""W3C extended logs: CloudFront, IIS, Tomcat, Akamai. A #Fields line names the fields to come.

Sources: "Extended Log File Format", W3C Working Draft WD-logfile-960323; "Standard log file
fields", Amazon CloudFront Developer Guide; "W3C Logging", Microsoft IIS documentation; "Extended
Access Log Valve", Apache Tomcat documentation.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from logs.fields import ALIGNED, DOUBLED, SINGLE, UNQUOTED, Layout, LayoutOptions, Piece
from logs.layouts.columns import layout_of
from logs.lines import BYTE_ORDER_MARK, whole_lines

description = "W3C extended with a #Fields line (CloudFront, IIS, Tomcat, Akamai)"
DIRECTIVE = b"#Fields:"
BLANKS = b"\t "  # CloudFront has tabs, IIS blanks, and neither has the other within a value
OTHERS = b",;|"
# Before the first #Fields line there can be no row.
UNANNOUNCED = Layout((), BLANKS, comments=True)


def recognises(lines: list[bytes], file: str, options: LayoutOptions) -> bool:
    """Whether the first line is a directive and one of them names the fields."""
    return lines[0].startswith(b"#") and any(line.startswith(DIRECTIVE) for line in lines)


def announced(
    directive: bytes, following: bytes, place: str, options: LayoutOptions, before: bytes
) -> Layout:
    """The layout that a #Fields line announces.

    Its separator is the one between the names or else the one that cuts the line after it into as
    many fields; `before` holds where there is neither.
    """
    text = directive.removeprefix(DIRECTIVE).decode("utf-8", "replace").strip()
    declared = next((mark for mark in OTHERS if chr(mark) in text), None)
    names = text.split(chr(declared)) if declared else text.split()
    delimiters = bytes([declared] * 2) if declared else seen(following, len(names)) or before
    cloudfront = any(name.lower() == "x-edge-location" for name in names)  # which encodes quotes
    base = Layout(
        (),
        delimiters,
        comments=True,
        quoting=UNQUOTED if cloudfront else DOUBLED,
        repeated=ALIGNED if delimiters == BLANKS else SINGLE,
    )
    return layout_of(names, base, place, options.columns)


def seen(row: bytes, fields: int) -> bytes:
    """The separators that cut a row into so many fields; none where that is not certain."""
    if not row or row.startswith(b"#") or fields == 1:
        return b""
    others = [mark for mark in OTHERS if row.count(bytes([mark])) == fields - 1]
    return BLANKS if len(row.split()) >= fields or len(others) != 1 else bytes(others * 2)


def pieces(
    blocks: Iterable[memoryview], file: str, options: LayoutOptions, start: Layout | None = None
) -> Iterator[Piece]:
    """Cut the blocks before each #Fields line that differs from the one before it."""
    header = Header(start or UNANNOUNCED)
    for block in blocks:
        cuts = {0: header.layout} | changes(block, header, file, options)
        for begin, end in pairwise([*cuts, len(block)]):
            yield cuts[begin], block[begin:end]
        header.offset += len(block)


@dataclass
class Header:
    """The #Fields line that holds."""

    layout: Layout
    directive: bytes = b""
    offset: int = 0  # bytes before the block that is read


def changes(
    block: memoryview, header: Header, file: str, options: LayoutOptions
) -> dict[int, Layout]:
    """Where in a block another #Fields line begins, and what it announces; `header` follows."""
    found = {}
    for place in comment_places(block):
        begin = bytes(block[place : place + len(header.directive) + 1])
        same = header.directive and begin[:-1] == header.directive and begin[-1:] in b"\r\n"
        if same or not begin.startswith(DIRECTIVE[: len(begin)]):
            continue
        directive, row = two_lines(block, place)
        if directive.startswith(DIRECTIVE):
            where = place_of(block, place, header.offset, file)
            header.layout = announced(directive, row, where, options, header.layout.delimiters)
            found[place], header.directive = header.layout, directive
    return found


def begins_with_mark(block: memoryview) -> bool:
    """Whether a block begins with a byte order mark."""
    return bytes(block[: len(BYTE_ORDER_MARK)]) == BYTE_ORDER_MARK


def comment_places(block: memoryview) -> list[int]:
    """Where lines begin that begin with #, also after a byte order mark."""
    import numpy as np

    text = np.frombuffer(block, dtype=np.uint8)
    found = np.flatnonzero(text == ord("#"))
    begins = (found == 0) | (text[found - 1] == ord("\n"))
    if begins_with_mark(block):
        begins |= found == len(BYTE_ORDER_MARK)
    return found[begins].tolist()


def place_of(block: memoryview, place: int, offset: int, file: str) -> str:
    """Where a line is: its number in the first block, and its byte after that, which costs less."""
    if offset:
        return f"{file}, byte {offset + place:,}"
    line = bytes(block[:place]).count(b"\n") + 1
    return f"{file}:{line}"


def two_lines(block: memoryview, place: int) -> tuple[bytes, bytes]:
    """The line that begins at a place, and the first row after it in the block."""
    lines = bytes(block[place : place + (1 << 16)]).split(b"\n")
    rows = (line for line in lines[1:] if line.strip() and not line.startswith(b"#"))
    return lines[0].rstrip(b"\r"), next(rows, b"").rstrip(b"\r")


def layouts_at(raw: BinaryIO, file: str, starts: list[int], options: LayoutOptions) -> list[Layout]:
    """Return the layout of the last #Fields line before each start.

    Raises UserError for a #Fields line that lacks a field.
    """
    header, known = Header(UNANNOUNCED), {-1: UNANNOUNCED}
    for offset, block in whole_lines(raw):
        header.offset = offset
        found = changes(block, header, file, options)
        known |= {offset + place: layout for place, layout in found.items()}
    places = list(known)
    return [known[places[bisect_left(places, start) - 1]] for start in starts]
