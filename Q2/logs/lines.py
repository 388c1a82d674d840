"""The lines of a file, of long ones no more than the kernel reads."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from logs.fields import LONGEST_LINE


def beginnings_of_lines(raw: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Each line, of a long one no more than the kernel reads, and its length in bytes."""
    file = io.BufferedReader(raw, 1 << 20)
    while line := file.readline(LONGEST_LINE):
        length = len(line)
        end = line
        while not end.endswith(b"\n") and (end := file.readline(LONGEST_LINE)):
            length += len(end)
        yield line, length
