"""Byte ranges of large plain logs, each read as if it were a file of its own."""

from common.command import UserError

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from logs.fields import NOTHING_SAID, Layout, LayoutOptions
from logs.layouts import format_of, name_of
from logs.layouts.whole import HEAD
from logs.lines import is_utf_16
from logs.reader import count_nothing, lay_out
from logs.sources import Source
from logs.streams import MeteredStream, opener_for

RANGE = 256 << 20  # bytes: seconds of work, against milliseconds to hand it out
CHUNK = 1 << 16  # bytes in which the end of a line is looked for


class LogRange(NamedTuple):
    """The lines of a log that begin within [start, stop), or the whole log where stop is None."""

    source: Source
    options: LayoutOptions = NOTHING_SAID
    start: int = 0
    stop: int | None = None
    layout: Layout | None = None  # that holds at the start of a later range

    @property
    def size(self) -> int | None:
        """Bytes, None if not known."""
        return self.source.size if self.stop is None else self.stop - self.start


def ranges_of(source: Source, options: LayoutOptions, size: int) -> list[LogRange]:
    """Cut a plain log into ranges of `size` bytes; a small or a compressed one stays whole."""
    if source.size is None or source.size <= size:
        return [LogRange(source, options)]
    with source.open() as raw:
        head = raw.read(HEAD)
        if opener_for(head) or is_utf_16(head):
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


def lay_out_range(part: LogRange) -> Iterator[tuple[Layout, memoryview]]:
    """The pieces of a range."""
    try:
        raw = part.source.open()
    except FileNotFoundError:
        raise UserError(
            f"{part.source.name}: a worker does not find it; name a place that every worker "
            "reaches, such as s3://"
        ) from None
    with raw:
        stream = MeteredStream(raw, part.source.name, count_nothing)  # the client shows progress
        if part.stop is not None:
            stream = LinesOfRange(stream, raw, part)
        yield from lay_out(stream, part.source.name, part.options, part.layout)


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
