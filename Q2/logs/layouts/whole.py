"""Formats whose files have one layout from the first line to the last."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from logs.fields import Layout, LayoutOptions, Piece
from logs.lines import BYTE_ORDER_MARK

HEAD = 1 << 16  # bytes in which a format is looked for
LONGEST_SAMPLE = 4096  # bytes of a line that are looked at


def first_lines(head: bytes | memoryview) -> list[bytes]:
    """The first lines of a file, long ones cut, the last one perhaps a part."""
    text = bytes(head[:HEAD]).removeprefix(BYTE_ORDER_MARK)
    return [line.rstrip(b"\r")[:LONGEST_SAMPLE] for line in text.split(b"\n")] or [b""]


@dataclass(frozen=True)
class WholeFormat:
    """A format of which the first lines of a file say how all are read.

    `layout_for` returns the layout for the first lines of a file, None if they are not in the
    format; with `named`, where the user names the format, it always returns one.
    """

    description: str
    layout_for: Callable[[list[bytes], str, LayoutOptions, bool], Layout | None]

    def recognises(self, lines: list[bytes], file: str, options: LayoutOptions) -> bool:
        """Whether the first lines of a file are in this format."""
        return self.layout_for(lines, file, options, False) is not None

    def pieces(
        self,
        blocks: Iterable[memoryview],
        file: str,
        options: LayoutOptions,
        layout: Layout | None = None,
    ) -> Iterator[Piece]:
        """Give all blocks the layout of the first lines, or the one that holds already."""
        blocks = iter(blocks)
        first = next(blocks, memoryview(b""))
        if layout is None:
            layout = self.layout_for(first_lines(first), file, options, True)
        for block in chain([first], blocks):
            if block:
                yield layout, block

    def layouts_at(
        self, raw: BinaryIO, file: str, starts: list[int], options: LayoutOptions
    ) -> list[Layout]:
        """Return the one layout for each start."""
        layout = self.layout_for(first_lines(raw.read(HEAD)), file, options, True)
        return [layout] * len(starts)
