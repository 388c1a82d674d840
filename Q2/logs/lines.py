"""The lines of a plain file where they are, and text of other encodings as UTF-8."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from logs.fields import LONGEST_LINE

CHUNK = 8 << 20  # bytes
BYTE_ORDER_MARK = codecs.BOM_UTF8
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def whole_lines(raw: BinaryIO) -> Iterator[tuple[int, memoryview]]:
    """Blocks of whole lines and where they begin in the file; of a long line, its end alone."""
    start, rest = 0, b""
    while chunk := raw.read(CHUNK):
        text = rest + chunk
        cut = text.rfind(b"\n") + 1
        if cut:
            yield start, memoryview(text)[:cut]
        start, rest = start + cut, text[cut:]
        if len(rest) > LONGEST_LINE:
            # No header is so long: what it begins with is forgotten but for a letter.
            start, rest = start + len(rest) - 1, b"x"
    if rest:
        yield start, memoryview(rest + b"\n")


def is_utf_16(head: bytes) -> bool:
    """Whether a file with these first bytes is in UTF-16."""
    return head.startswith(UTF_16_MARKS)


class Utf8Stream(io.RawIOBase):
    """The text of a stream in UTF-16 as UTF-8; what cannot be decoded becomes U+FFFD."""

    def __init__(self, inner: BinaryIO):
        self.inner, self.rest = inner, b""
        self.decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self.rest:
            data = self.inner.read(1 << 16)
            self.rest = self.decoder.decode(data, final=not data).encode("utf-8", "replace")
            if not data:
                break
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


def as_utf_8(stream: BinaryIO, whole: bool) -> BinaryIO:
    """The stream after its byte order mark, if it has one; a whole file in UTF-16 is decoded."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
    head = buffered.peek(len(BYTE_ORDER_MARK))
    if head.startswith(BYTE_ORDER_MARK):
        buffered.read(len(BYTE_ORDER_MARK))
    return Utf8Stream(buffered) if whole and is_utf_16(head) else buffered
