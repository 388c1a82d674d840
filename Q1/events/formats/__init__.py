"""The rows of an event file, whatever its format, which its content tells."""

from common.command import UserError

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from events.event import Headers
from events.files import EventFile
from events.rows import Rows
from events.streams import Damaged, Stream, as_utf_8, stored_stream, unpacked

PARQUET = b"PAR1"
REFUSED = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook: unpack it, or save it as CSV",
    b"Obj\x01": "is an Avro file: convert it to Parquet",
    b"[": "is one JSON array: write a row on each line, for instance with jq -c '.[]'",
}


def read_rows(file: EventFile, headers: Headers) -> Iterator[Rows]:
    """The rows of a file; `headers` maps the names of columns that differ from ours.

    Raises `UserError` for a file that is not a table of events, `OutsideError` for one that cannot
    be read.
    """
    try:
        stored = stored_stream(file.name, file.stored)
        content = unpacked(stored)
        if content.peek(len(PARQUET)) == PARQUET:
            from events.formats import parquet  # each takes time to load

            with seekable(file, content, stored) as table:
                yield from parquet.read_rows(file.name, table, headers)
            return
        text = as_utf_8(content)
        head = text.peek(1024).lstrip()
        for magic, remedy in REFUSED.items():
            if head.startswith(magic):
                raise UserError(f"{file.name}: {remedy}")
        if head.startswith(b"{"):
            from events.formats import json_lines as reader
        else:
            from events.formats import delimited as reader
        yield from reader.read_rows(file.name, text, headers)
    except Damaged as error:
        raise UserError(f"{file.name}: {error}") from None


@contextmanager
def seekable(file: EventFile, content: Stream, stored: Stream) -> Iterator[BinaryIO]:
    """A file's content as Parquet needs it, which is read from its end: as stored, or a copy."""
    if content is stored and file.stored.seekable():
        yield file.stored
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(io.BufferedReader(content), copy)
        yield copy
