"""A stream of bytes cut into blocks of whole lines, in bounded memory."""

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from logs.fields import LONGEST_LINE

if TYPE_CHECKING:
    import numpy as np

BLOCK = 8 << 20  # bytes: large enough to hide the work per block, small enough for 0.5 GB


def blocks(
    stream: BinaryIO,
    size: int = BLOCK,
    pool: "list[np.ndarray] | None" = None,
    report_unfinished: Callable[[], object] | None = None,
) -> Iterator[memoryview]:
    """Yield the stream's bytes in pieces of about `size` that end with a newline.

    A last line without a newline gets one, and is reported before it is yielded. Of a line longer
    than `LONGEST_LINE` only one byte more than that is kept, so that the kernel still sees that it
    is too long. Buffers come from the `pool` and go back to it.
    """
    rest, pool = b"", [] if pool is None else pool
    while True:
        block = borrow_buffer(size + LONGEST_LINE + 1, pool)[: len(rest) + size]
        block[: len(rest)] = rest
        filled = len(rest) + fill(stream, block[len(rest) :])
        if filled == len(rest):
            break
        cut = last_newline(block[:filled]) + 1
        rest = bytes(block[cut:filled][: LONGEST_LINE + 1])
        if cut:
            yield block[:cut]
    if rest:
        if report_unfinished:
            report_unfinished()
        yield memoryview(rest + b"\n")


def borrow_buffer(size: int, pool: list["np.ndarray"]) -> memoryview:
    """Borrow a buffer of `size` bytes from the pool; it returns when its last view is released.

    New memory costs a page fault for every 4 KB.
    """
    import numpy as np

    buffer = pool.pop() if pool else np.empty(size, dtype=np.uint8)
    lent = buffer[:]
    weakref.finalize(lent, pool.append, buffer).atexit = False
    return memoryview(lent)


def fill(stream: BinaryIO, view: memoryview) -> int:
    """Read into `view` until it is full or the stream ends; return the number of bytes."""
    filled = 0
    while filled < len(view) and (count := stream.readinto(view[filled:])):
        filled += count
    return filled


def last_newline(view: memoryview) -> int:
    """Return the position of the last newline, or -1."""
    end = len(view)
    while end > 0:
        start = max(end - (1 << 16), 0)
        found = bytes(view[start:end]).rfind(b"\n")
        if found >= 0:
            return start + found
        end = start
    return -1
