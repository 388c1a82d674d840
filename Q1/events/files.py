"""Event files as users have them: CSV or TSV with a header, plain or gzip, a path or stdin.

A file's *layout* is read from its first two rows; then, as a rule, COPY reads the file as it is.
`parsed_rows` is the slow way, for a file that COPY refuses: it names the rows that are not events.
"""

from common.command import UserError

import csv
import glob
import gzip
import io
import os
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

NAMES = ("uid", "time", "event_name")  # what every file must have, under these or mapped headers
DELIMITERS = (",", "\t", ";")
LONGEST_HEADER = 1_000_000  # characters: without an end, all of a file would be read as its header
YEARS = range(2, 9999)  # their moments have a day that Python knows in every time zone
WRONG_TIME = "not ISO 8601 or epoch time of the years 2 to 9998"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 1e11  # a larger number is milliseconds: as seconds it is the year 5138
# A day may be written like 20240309, which as seconds would be a moment of 1970.
NUMBER = re.compile(r"(?!(19|2\d)\d{6}$)[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|(19|2\d)\d{6})"
    r"([T ](?P<clock>\d\d:\d\d(:\d\d(\.\d+)?)?))?"
    r"( ?(Z|UTC|(?P<offset>[+-]\d\d(:?\d\d)?)))?"
)


@dataclass(frozen=True)
class EventFile:
    """An open file that can be read from its start more than once."""

    name: str
    stored: BinaryIO

    def content(self) -> BinaryIO:
        """Its bytes from the start, unpacked if they are gzip."""
        self.stored.seek(0)
        packed = self.stored.read(2) == b"\x1f\x8b"
        self.stored.seek(0)
        return gzip.GzipFile(fileobj=self.stored) if packed else self.stored


@dataclass(frozen=True)
class Layout:
    """How a file writes its events: `columns[i]` is uid, time, event_name or None (not used)."""

    columns: tuple[str | None, ...]
    delimiter: str
    time_format: str  # "iso", "epoch", or "unknown" when the first row shows neither


@dataclass(frozen=True)
class BadRow:
    """A row that is not an event."""

    line: int
    reason: str


@contextmanager
def opened(name: str) -> Iterator[EventFile]:
    """Open a path, or stdin for `-`; what cannot be read twice is kept in a temporary file."""
    if name == "-" and sys.stdin is None:  # closed by `<&-`
        raise UserError("stdin: is closed: there is nothing to read for -")
    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as stream:
        if stream.seekable() and name != "-":
            yield EventFile(name, stream)
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            yield EventFile("stdin" if name == "-" else name, copy)


def files_named(name: str) -> list[str]:
    """The files of a name or, if no file has it, of a pattern; `-` is standard input.

    Raises `UserError` if there are none.
    """
    if name == "-" or Path(name).exists():
        return [name]
    matching = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - it may be absolute
    found = [path for path in matching if not Path(path).is_dir()]
    if not found:
        raise UserError(f"--events {name}: no such file, nor a file that it matches as a pattern")
    return found


def opened_in_turn(names: Iterable[str]) -> Iterator[EventFile]:
    """The files of these names, each once and open until the next one is asked for."""
    once = {}
    for name in names:
        once.setdefault(name if name == "-" else os.path.realpath(name), name)
    for name in once.values():
        with opened(name) as file:
            yield file


def read_layout(file: EventFile, headers: dict[str, str]) -> Layout:
    """Find the columns of `NAMES` by their headers (`headers` maps those that differ).

    Raises `UserError` for an empty file, for a header without an end, and for a column that is
    missing or there twice.
    """
    with text_of(file) as text:
        try:
            first = text.readline(LONGEST_HEADER)
            if len(first) == LONGEST_HEADER:
                raise UserError(f"{file.name}:1: the header does not end: this is not a table")
            delimiter = max(DELIMITERS, key=first.count)
            text.seek(0)
            rows = csv.reader(text, delimiter=delimiter)
            header = next(rows, [])
            sample = next((row for row in rows if row), None)
        except (OSError, EOFError, csv.Error, zlib.error) as error:
            raise UserError(f"{file.name}: cannot be read: {error}") from None
    if not header:
        raise UserError(f"{file.name}: is empty; a header and rows of events are needed")
    if not writable(first):
        raise UserError(f"{file.name}:1: is not UTF-8 text; convert it, for instance with iconv")
    columns = located(file.name, header, headers)
    value = sample[columns.index("time")] if sample and len(sample) == len(columns) else ""
    return Layout(columns, delimiter, time_format(value))


def located(name: str, header: list[str], headers: dict[str, str]) -> tuple[str | None, ...]:
    """For each header of a file, which of `NAMES` it is, or None."""
    header = [cell.strip() for cell in header]
    titles = {wanted: headers.get(wanted, wanted) for wanted in NAMES}
    if len(set(titles.values())) < len(NAMES):
        raise UserError(f"{name}: one column cannot be two of {', '.join(NAMES)}: see --columns")
    wrong = {wanted: title for wanted, title in titles.items() if header.count(title) != 1}
    if wrong:
        problems = (
            f"the column {title!r} is {'there twice' if title in header else 'missing'}"
            for title in wrong.values()
        )
        raise UserError(
            f"{name}:1: {', '.join(problems)} (there are: {', '.join(header)}); "
            f"name with --columns {','.join(f'{wanted}=HEADER' for wanted in wrong)}"
        )
    ours = {title: wanted for wanted, title in titles.items()}
    return tuple(ours.get(title) for title in header)


def time_format(value: str) -> str:
    """Which of the formats a time is written in."""
    if NUMBER.fullmatch(value):
        return "epoch"
    return "iso" if ISO.fullmatch(value) else "unknown"


def parsed_time(value: str) -> datetime | None:
    """The moment that an ISO 8601 text (UTC unless it says otherwise) or an epoch number names.

    None if it names none in `YEARS`.
    """
    try:
        if NUMBER.fullmatch(value):
            seconds = float(value)
            seconds = seconds if abs(seconds) < MILLISECONDS_FROM else seconds / 1000
            moment = EPOCH + timedelta(seconds=seconds)
        elif parts := ISO.fullmatch(value):
            date, clock, offset = parts["date"], parts["clock"] or "00:00", parts["offset"] or "Z"
            moment = datetime.fromisoformat(f"{date}T{clock}{offset}").astimezone(UTC)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def parsed_rows(file: EventFile, layout: Layout) -> Iterator[tuple[str, ...] | BadRow]:
    """Every row after the header: (uid, time, event name) as texts for COPY, or what is wrong."""
    uid, time, event_name = (layout.columns.index(name) for name in NAMES)
    with text_of(file) as text:
        for line, row in numbered_rows(text, layout.delimiter):
            if isinstance(row, str):
                yield BadRow(line, row)
            elif len(row) != len(layout.columns):
                yield BadRow(line, "another number of columns than the header")
            elif not writable("".join(row)):
                yield BadRow(line, "not UTF-8 text")
            elif not (moment := parsed_time(row[time])):
                yield BadRow(line, "no time" if not row[time] else WRONG_TIME)
            else:
                yield row[uid], moment.isoformat(), row[event_name]


def numbered_rows(text: io.TextIOBase, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows after the header with the line each begins on; a text says why one is unreadable."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    with suppress(csv.Error):  # of a header that `read_layout` has read, less strictly
        next(reader)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, "broken quoting"
            continue
        except (EOFError, OSError, zlib.error) as error:
            yield line, f"cannot be unpacked ({error})"
            return
        if row:  # an empty line is not a row
            yield line, row


def writable(text: str) -> bool:
    """Whether PostgreSQL can store a text: no byte that was not UTF-8, no NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


@contextmanager
def text_of(file: EventFile) -> Iterator[io.TextIOWrapper]:
    """A file's text from its start; bytes that are not UTF-8 become lone surrogates."""
    csv.field_size_limit(2**31 - 1)
    text = io.TextIOWrapper(
        file.content(), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    try:
        yield text
    finally:
        text.detach()  # leaves the file open
