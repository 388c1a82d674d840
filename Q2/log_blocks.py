"""A stream of bytes cut into blocks of whole lines, in bounded memory."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from log_scanner import LONGEST_LINE

BLOCK = 8 << 20  # bytes: large enough to hide Python's work per block, small beside 0.5 GB


def blocks(stream: BinaryIO, size: int = BLOCK) -> Iterator[np.ndarray]:
    """Yield uint8 arrays that end with a newline, of about `size` bytes each.

    A last line without a newline gets one. Of a line longer than `LONGEST_LINE` only one byte more
    than that is kept, so that the scanner still sees that it is too long.
    """
    rest = bytearray()
    while chunk := stream.read(size):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield np.frombuffer(rest + chunk[:cut], dtype=np.uint8)
            rest = bytearray()
        rest += chunk[cut : cut + LONGEST_LINE + 1 - len(rest)]
    if rest:
        yield np.frombuffer(rest + b"\n", dtype=np.uint8)
