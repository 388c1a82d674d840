"""The plain UTF-8 bytes of a stored file: unpacked and converted as its first bytes ask for."""

from common.command import OutsideError

import bz2
import io
import lzma
import sys
from collections.abc import Callable
from functools import partial
from typing import AnyStr, BinaryIO

from isal import igzip

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_BYTES = 1 << 22  # each has its cost, and more would not stay in a processor's cache
OPENERS = {
    b"\x1f\x8b": igzip.open,
    b"\x28\xb5\x2f\xfd": zstd.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
BROKEN = (OSError, EOFError, igzip.isal_zlib.error, zstd.ZstdError, lzma.LZMAError)
UTF_8_MARK, UTF_16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


class Damaged(Exception):
    """A file that is packed or encoded and cannot be read any further."""


class Stream(io.RawIOBase):
    """Bytes from a function that is given how many are wanted; some are looked at before."""

    def __init__(self, source: Callable[[int], bytes]):
        self.source, self.head = source, b""
        self.damage: Damaged | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self.next_piece(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def next_piece(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        taken = self.head or self.take(size)
        piece, self.head = taken[:size], taken[size:]
        return piece

    def take(self, size: int) -> bytes:
        """The next bytes of the source, whose damage is met again by whoever reads on."""
        if self.damage:
            raise self.damage
        try:
            return self.source(size)
        except Damaged as damage:
            self.damage = damage
            raise

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer than `size` only at the end or before damage; they stay unread."""
        try:
            while len(self.head) < size and (more := self.take(CHUNK_BYTES)):
                self.head += more
        except Damaged:
            if not self.head:
                raise
        return self.head[:size]

    def chunk(self) -> tuple[bytes, Damaged | None]:
        """The next bytes, fewer than `CHUNK_BYTES` only at the end or before damage."""
        pieces, missing = [], CHUNK_BYTES
        try:
            while missing and (piece := self.next_piece(missing)):
                pieces.append(piece)
                missing -= len(piece)
        except Damaged as error:
            return b"".join(pieces), error
        return b"".join(pieces), None


def stored_stream(name: str, stored: BinaryIO) -> Stream:
    """The bytes of a file as they are. Raises `OutsideError` if they cannot be read."""

    def read(size: int) -> bytes:
        try:
            return stored.read(size)
        except Exception as error:  # a bucket's client has errors of its own
            raise OutsideError(f"{name}: reading failed: {error}") from None

    return Stream(read)


def unpacked(stream: Stream) -> Stream:
    """The bytes of a stream without its compression. Reading them may raise `Damaged`."""
    head = stream.peek(max(map(len, OPENERS)))
    opener = next((it for magic, it in OPENERS.items() if head.startswith(magic)), None)
    if not opener:
        return stream

    content = opener(io.BufferedReader(stream, CHUNK_BYTES))
    return Stream(partial(read_checked, content.read))


def as_utf_8(stream: Stream) -> Stream:
    """The text of a stream in UTF-8 without a mark, from UTF-16 if its mark says so.

    Reading it may raise `Damaged`. What has no mark is left as it is.
    """
    head = stream.peek(len(UTF_8_MARK))
    if head == UTF_8_MARK:
        stream.readinto(bytearray(len(UTF_8_MARK)))
    if not head.startswith(UTF_16_MARKS):
        return stream
    text = io.TextIOWrapper(io.BufferedReader(stream, CHUNK_BYTES), encoding="utf-16", newline="")

    return Stream(lambda size: read_checked(text.read, size).encode())


def read_checked(read: Callable[[int], AnyStr], size: int) -> AnyStr:
    """Read; what is broken about the content is `Damaged`."""
    try:
        return read(size)
    except UnicodeError as error:
        raise Damaged(f"cannot be read (not UTF-16: {error.reason})") from None
    except BROKEN as error:
        raise Damaged(f"cannot be unpacked ({error})") from None
