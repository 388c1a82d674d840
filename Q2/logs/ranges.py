"""Ranges of large logs, bytes of plain ones and rows of Parquet, each read as if it were a file."""

from common.command import UserError

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from logs.archives import PARQUET, is_plain
from logs.fields import NOTHING_SAID, Layout, LayoutOptions
from logs.layouts import format_of, name_of
from logs.layouts.whole import HEAD
from logs.lines import is_utf_16
from logs.packs import Piece, packed
from logs.reader import Reading, count_nothing, lay_out, pieces_of_source
from logs.sources import Source
from logs.streams import MeteredStream

RANGE = 256 << 20  # bytes: seconds of work, against milliseconds to hand it out
CHUNK = 1 << 16  # bytes in which the end of a line is looked for


class LogRange(NamedTuple):
    """The lines of a log that begin within [start, stop), or the whole log where stop is None.

    Of a Parquet file the range is `rows`.
    """

    source: Source
    options: LayoutOptions = NOTHING_SAID
    start: int = 0
    stop: int | None = None
    layout: Layout | None = None  # that holds at the start of a later range
    rows: range | None = None


def ranges_of(source: Source, options: LayoutOptions, size: int) -> list[LogRange]:
    """Cut a log into ranges of `size` bytes; a small, grown or compressed one stays whole."""
    if source.size is None or source.size <= size or source.start:
        return [LogRange(source, options)]
    with source.open() as raw:
        head = raw.read(HEAD)
        if head.startswith(PARQUET):
            from logs.parquet import ranges_of_rows  # takes time to load

            ranges = ranges_of_rows(raw, source.name, size)
            parts = [LogRange(source, options, rows=rows) for rows in ranges]
            return parts or [LogRange(source, options)]
        if is_utf_16(head) or not is_plain(head):
            return [LogRange(source, options)]
        log_format = format_of(head, source.name, options)
        starts = [*range(0, source.size, size), source.size]
        raw.seek(0)
        # A range may begin with anything: workers recognise nothing anew.
        named = options._replace(log_format=name_of(log_format, options))
        layouts = log_format.layouts_at(raw, source.name, starts[:-1], options)
        return [
            LogRange(source, named, start, stop, layout)
            for (start, stop), layout in zip(pairwise(starts), layouts, strict=True)
        ]


def lay_out_range(part: LogRange, reading: Reading) -> Iterator[Piece]:
    """Yield the pieces of a range, or those of all files of a whole log."""
    reading = replace(reading, options=part.options, rows=part.rows)
    opened = replace(part.source, open=partial(open_on_worker, part.source))
    if part.stop is None:
        yield from packed(pieces_of_source(opened, reading, count_nothing), reading.pool)
        return
    with opened.open() as raw:
        stream = MeteredStream(raw, part.source.name, count_nothing)  # the client shows progress
        lines = LinesOfRange(stream, raw, part)
        yield from lay_out(lines, part.source.name, reading, part.layout)


def open_on_worker(source: Source) -> BinaryIO:
    """Open a source. Raises UserError where this worker does not find it."""
    try:
        return source.open()
    except FileNotFoundError:
        raise UserError(
            f"{source.name}: a worker does not find it; name a place that every worker "
            "reaches, such as s3://"
        ) from None


class LinesOfRange(io.RawIOBase):
    """The lines that begin in a range; the last goes on to its end."""

    def __init__(self, stream: io.RawIOBase, raw: BinaryIO, part: LogRange):
        self.stream, self.last = stream, part.stop - 1
        self.at = part.start
        if part.start:
            self.at = after_newline(raw, part.start - 1)
            raw.seek(self.at)
        self.done = self.at > self.last

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self.done:
            return 0
        count = self.stream.readinto(buffer)
        if self.at + count > self.last:
            from_last = max(self.last - self.at, 0)
            newline = bytes(buffer[from_last:count]).find(b"\n")
            if newline >= 0:
                self.done, count = True, from_last + newline + 1
        self.at += count
        return count


def after_newline(raw: BinaryIO, start: int) -> int:
    """Where the first line begins after the first newline from `start` on; else the end."""
    raw.seek(start)
    while chunk := raw.read(CHUNK):
        newline = chunk.find(b"\n")
        if newline >= 0:
            return start + newline + 1
        start += len(chunk)
    return start
