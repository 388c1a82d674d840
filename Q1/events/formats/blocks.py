"""Text in blocks of whole rows, whose memory does not depend on the size of a file."""

from common.command import UserError

from collections.abc import Callable, Iterator

import numpy as np

from events.rows import BadRow, Rows, rows_of
from events.streams import Stream

LONGEST_ROW = 1 << 24  # bytes: without an end, all of a file would be kept as one row
PIECE = 1 << 16  # bytes of a block that are read with care if something is wrong with them

# Reads the rows at the start of some bytes, whose first line has this number: the rows, and how
# many bytes and lines they take. The last argument says whether these are all bytes of the file.
Taken = tuple[Rows, int, int]
Take = Callable[[bytes, int, bool], Taken]
TakeOrNot = Callable[[bytes, int, bool], Taken | None]


def rows_in_blocks(
    name: str, text: Stream, line: int, fast: TakeOrNot, careful: Take
) -> Iterator[Rows]:
    """The rows of a text from a line on: read fast, and with care where that is refused.

    A text that is damaged ends with a bad row. Raises `UserError` for a row that does not end.
    """
    data, more = b"", True
    while more:
        chunk, damage = text.chunk()
        data, more = data + chunk, bool(chunk) and not damage
        for rows, size, lines in read_block(data, line, not more and not damage, fast, careful):
            yield rows
            data, line = data[size:], line + lines
        if len(data) > LONGEST_ROW:
            raise UserError(f"{name}:{line}: a row of more than 16 MB: this is not a table")
        if damage:
            yield rows_of([], [], [BadRow(line, str(damage))])


def read_block(
    data: bytes, line: int, final: bool, fast: TakeOrNot, careful: Take
) -> Iterator[Taken]:
    """The rows of a block at once, or piece by piece, so that few of them are read with care."""
    if whole := fast(data, line, final):
        yield whole
        return
    while data:
        piece = data[:PIECE], line, final and len(data) <= PIECE
        rows, size, lines = fast(*piece) or careful(*piece)
        if not size:  # a row is longer than the piece
            rows, size, lines = careful(data, line, final)
        yield rows, size, lines
        if not size:
            return
        data, line = data[size:], line + lines


def count_line_ends(data: bytes) -> int:
    """The number of lines that end in some bytes: by a newline, a carriage return, or both."""
    # Faster than `data.count` where lines are short.
    ends = int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))
    return ends + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else ends


def end_of_lines(data: bytes, final: bool) -> int:
    """The size of the lines that are whole; at the end of a file all are."""
    if final:
        return len(data)
    # A carriage return at the very end may be the first half of a line's end.
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1


def is_clean(data: bytes) -> bool:
    """Whether PostgreSQL can store all of a text: it is UTF-8 without NUL."""
    try:
        return b"\0" not in data and (data.isascii() or bool(data.decode()))
    except UnicodeDecodeError:
        return False
