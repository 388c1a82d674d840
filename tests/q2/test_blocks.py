"""Q2's blocks: whole lines, nothing lost, bounded memory."""

import io

import numpy as np
import pytest

from logs.blocks import blocks
from logs.fields import LONGEST_LINE


def cut(data: bytes, size: int) -> list[bytes]:
    return [block.tobytes() for block in blocks(io.BytesIO(data), size)]


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_blocks_are_whole_lines_and_lose_nothing(size, end):
    data = b"a\nbc\n\ndefghi\nj" + end
    parts = cut(data, size)
    assert all(part.endswith(b"\n") for part in parts)
    assert b"".join(parts) == data + (b"" if end else b"\n")


def test_blocks_that_are_kept_stay_as_they_are():
    data = b"".join(b"%d\n" % number for number in range(1000))
    assert b"".join(list(blocks(io.BytesIO(data), 100))) == data


def test_memory_of_blocks_that_are_not_kept_is_used_again():
    places = set()
    for block in blocks(io.BytesIO(b"row\n" * 1000), 100):
        places.add(np.frombuffer(block, dtype=np.uint8).ctypes.data)
    assert len(places) <= 2


def test_no_bytes_no_blocks():
    assert cut(b"", 5) == []


@pytest.mark.parametrize("size", [1 << 16, 1 << 20, 1 << 24])
def test_of_an_endless_line_only_a_piece_is_kept(size):
    data = b"a\n" + b"x" * (10 << 20) + b"\nb\n" + b"y" * (3 << 20)
    lines = b"".join(cut(data, size)).split(b"\n")
    assert lines[0] == b"a"
    assert len(lines[1]) > LONGEST_LINE
    assert lines[2] == b"b"
    assert len(lines[3]) > LONGEST_LINE
    assert lines[4:] == [b""]
    assert max(map(len, cut(data, size))) <= LONGEST_LINE + 2 + size
