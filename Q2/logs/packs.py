"""Pieces of logs, and small files packed into one piece: each costs the same, however small."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from logs.blocks import BLOCK, borrow_buffer
from logs.fields import LONGEST_LINE, Layout

if TYPE_CHECKING:
    import numpy as np

SMALL = 1 << 20  # bytes of a file that is packed with others


class Piece(NamedTuple):
    """Whole lines of one layout, of one file or of small files that follow one another."""

    files: tuple[str, ...]
    starts: tuple[int, ...]  # the first line of each file in the block, counted from 0
    layout: Layout | None  # None: the file cannot be read
    block: memoryview  # of a Parquet file, a batch of rows, which are not packed
    unfinished: tuple[str, ...] = ()  # files whose last line has no newline
    reason: str = ""  # why the file cannot be read
    answered: object = None  # what a whole file adds to the answer, where no line is to be read
    before: int = 0  # lines of the file that an earlier run counted


def packed(pieces: Iterable[Piece], pool: list["np.ndarray"]) -> Iterator[Piece]:
    """Yield the pieces in their order, those of small files together, as far as one layout goes."""
    pack, file = Pack(pool), WaitingFile()
    for piece in pieces:
        if piece.files[0] != file.name:
            yield from pack.add_all(file.pieces)
            file = WaitingFile(piece.files[0])
        file.add(piece)
        if file.is_large:
            yield from pack.flush()
            yield from file.take()
        elif piece.reason or piece.answered:
            yield piece
            file.pieces.clear()
    yield from pack.add_all(file.pieces)
    yield from pack.flush()


class WaitingFile:
    """The pieces of a file that may turn out to be small."""

    def __init__(self, name: str | None = None):
        self.name, self.size, self.pieces = name, 0, []

    def add(self, piece: Piece) -> None:
        is_alone = piece.before or not isinstance(piece.block, memoryview)
        self.size += SMALL + 1 if is_alone else len(piece.block)
        self.pieces.append(piece)

    @property
    def is_large(self) -> bool:
        return self.size > SMALL

    def take(self) -> list[Piece]:
        """Return the pieces so far, and keep none of them."""
        pieces, self.pieces = self.pieces, []
        return pieces


class Pack:
    """Pieces of one layout, copied into one block."""

    def __init__(self, pool: list["np.ndarray"]):
        self.pool, self.block, self.size = pool, None, 0

    def add_all(self, pieces: list[Piece]) -> Iterator[Piece]:
        """Add the pieces of a whole file; yield the packs that are full or of another layout."""
        for piece in with_comments(pieces):
            if self.block and (
                piece.layout != self.layout or self.size + len(piece.block) > len(self.block)
            ):
                yield from self.flush()
            self.add(piece)

    def add(self, piece: Piece) -> None:
        """Add a piece for which there is space."""
        if not self.block:
            # As long as the blocks of files, whose pool it is
            self.block = borrow_buffer(BLOCK + LONGEST_LINE + 1, self.pool)[:BLOCK]
            self.layout = piece.layout
            self.size, self.lines, self.files, self.unfinished = 0, 0, {}, {}
        self.block[self.size : self.size + len(piece.block)] = piece.block
        self.size += len(piece.block)
        self.files.setdefault(piece.files[0], self.lines)
        self.lines += count_lines(piece.block)
        self.unfinished |= dict.fromkeys(piece.unfinished)

    def flush(self) -> Iterator[Piece]:
        """Yield the pack, if there is anything in it, and begin a new one."""
        if self.block:
            names, starts = tuple(self.files), tuple(self.files.values())
            block, self.block = self.block[: self.size], None
            yield Piece(names, starts, self.layout, block, tuple(self.unfinished))


def with_comments(pieces: list[Piece]) -> Iterator[Piece]:
    """Yield the pieces, those of comments alone in the layout of the piece that follows."""
    for piece, then in pairwise([*pieces, None]):
        follows = then and then.layout.comments and piece.layout.comments
        lines = bytes(piece.block).splitlines() if follows and not piece.layout.roles else [b""]
        alone = all(line.startswith(b"#") for line in lines)
        yield piece._replace(layout=then.layout) if alone else piece


def count_lines(block: memoryview) -> int:
    """Return the number of newlines."""
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")))
