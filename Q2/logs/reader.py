"""From sources to results: one thread reads and inflates, all cores scan, results come in order."""

from common.command import WRONG_FILE, UserError

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from io import RawIOBase
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from logs.archives import files_of_source
from logs.blocks import blocks
from logs.fields import NOTHING_SAID, Layout, LayoutOptions
from logs.layouts import format_of, name_of
from logs.layouts.whole import HEAD
from logs.lines import CHUNK, as_utf_8
from logs.packs import Piece, packed
from logs.sources import Source
from logs.streams import MeteredStream
from logs.tables import Table, table_of

if TYPE_CHECKING:
    import numpy as np

Result = TypeVar("Result")
SKIPPING = "or leave out such files with --on-bad-file skip"


@dataclass
class Reading:
    """How files are read: in which format, what they must have, and what becomes of bad ones."""

    options: LayoutOptions = NOTHING_SAID  # what is not said is found in each file
    # Raises UserError for a layout of a file in a format of this name
    check: Callable[[Layout, str, str], object] = lambda layout, file, kind: None
    skip_bad_files: bool = False
    # Returns what a whole file adds to the answer, or None where its lines must be read
    answer_table: Callable[[Table], object] | None = None
    rows: range | None = None  # of a Parquet file, those of whole row groups; None for all
    pool: list["np.ndarray"] = field(default_factory=list)  # of buffers


def read_pieces(sources: list[Source], reading: Reading) -> Iterator[Piece]:
    """Yield the pieces of all sources, those of small files packed together.

    Progress by bytes read, of compressed files the compressed ones, is shown on a terminal.
    """
    sizes = [source.size for source in sources]
    total = None if None in sizes else sum(sizes)
    with progress_bar(total) as bar:
        yield from packed(pieces_of_sources(sources, reading, bar), reading.pool)


def pieces_of_sources(sources: list[Source], reading: Reading, bar) -> Iterator[Piece]:
    """Yield the pieces of each source. A `UserError` about one of several names --on-bad-file."""
    for source in sources:
        if bar:
            bar.set_description(source.name[-40:], refresh=False)
        try:
            yield from pieces_of_source(source, reading, bar.update if bar else count_nothing)
        except UserError as error:
            others = f"; {SKIPPING}" if len(sources) > 1 else ""
            raise UserError(f"{error.message}{others}") from None


def pieces_of_source(
    source: Source, reading: Reading, report: Callable[[int], object]
) -> Iterator[Piece]:
    """Yield the pieces of each file of a source, and for a bad one, if those are skipped, why."""
    try:
        with source.open() as raw:
            if answered := answered_piece(source, raw, reading):
                report(source.size)
                yield answered
                return
            if source.start:
                report(source.start)
                yield from new_lines(source, raw, reading, report)
                return
            for file in files_of_source(raw, source.name, report):
                try:
                    lay = lay_out_parquet if file.is_parquet else lay_out
                    yield from lay(file.open(), file.name, reading)
                except (UserError, OSError) as error:
                    yield bad_file(file.name, error, reading)
    except (UserError, OSError) as error:
        yield bad_file(source.name, error, reading)


def answered_piece(source: Source, raw: BinaryIO, reading: Reading) -> Piece | None:
    """Return the one piece of a source that is answered as a table. Raises `UserError`."""
    if not reading.answer_table or not source.path:
        return None
    table = table_of(source, raw, reading.options, reading.rows)
    if table:
        reading.check(table.layout, table.file, "parquet")
        answered = reading.answer_table(table)
        if answered:
            return Piece((table.file,), (0,), table.layout, memoryview(b""), answered=answered)
    raw.seek(0)
    return None


def bad_file(name: str, error: UserError | OSError, reading: Reading) -> Piece:
    """Return why a file cannot be read. Raises the error if bad files end the run."""
    outside = isinstance(error, OSError) and error.errno not in WRONG_FILE
    if outside or not reading.skip_bad_files:
        raise error
    reason = error.strerror if isinstance(error, OSError) else error.format_message()
    reason = reason.removeprefix(f"{name}:").lstrip()
    line, colon, rest = reason.partition(": ")
    reason = f"line {line}: {rest}" if colon and line.isdigit() else reason
    return Piece((name,), (0,), None, memoryview(b""), reason=reason)


def progress_bar(total: int | None) -> AbstractContextManager:
    """Return a progress bar of `total` bytes on a terminal, elsewhere a context of None."""
    if not sys.stderr.isatty():
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=total, unit="B", unit_scale=True, delay=1, leave=False)


def count_nothing(count: int) -> None:
    """Take the number of bytes read where no progress is shown."""


def new_lines(
    source: Source, raw: BinaryIO, reading: Reading, report: Callable[[int], object]
) -> Iterator[Piece]:
    """Yield the pieces of a text file from the start that its source has. Raises UserError."""
    raw.seek(0)
    head = raw.read(HEAD)
    log_format = format_of(head, source.name, reading.options)
    raw.seek(0)
    (layout,) = log_format.layouts_at(raw, source.name, [source.start], reading.options)
    before = newlines_before(raw, source.start)
    raw.seek(source.start)
    # New lines may begin with anything: nothing is recognised anew.
    named = reading.options._replace(log_format=name_of(log_format, reading.options))
    stream = MeteredStream(raw, source.name, report)
    for piece in lay_out(stream, source.name, replace(reading, options=named), layout):
        yield piece._replace(before=before)
        before = 0


def newlines_before(raw: BinaryIO, stop: int) -> int:
    """Return how many newlines are in the first bytes of a file."""
    raw.seek(0)
    chunks = iter(lambda: raw.read(min(CHUNK, stop - raw.tell())), b"")
    return sum(chunk.count(b"\n") for chunk in chunks)


def lay_out(
    stream: RawIOBase, file: str, reading: Reading, layout: Layout | None = None
) -> Iterator[Piece]:
    """Yield the pieces of one file, or of a range of it that begins in `layout`.

    There are none of an empty file. Raises UserError.
    """
    unfinished = []
    rest = blocks(
        as_utf_8(stream, whole=layout is None),
        pool=reading.pool,
        report_unfinished=lambda: unfinished.append(file),
    )
    first = next(rest, None)
    if first is None:
        return
    log_format = format_of(first, file, reading.options)
    kind = name_of(log_format, reading.options)
    for found, block in log_format.pieces(chain([first], rest), file, reading.options, layout):
        reading.check(found, file, kind)
        yield Piece((file,), (0,), found, block, tuple(unfinished))


def lay_out_parquet(raw: BinaryIO, file: str, reading: Reading) -> Iterator[Piece]:
    """Yield the pieces of a Parquet file, whose blocks are rows. Raises UserError."""
    from logs.parquet import parquet_pieces  # takes time to load, and few logs need it

    for layout, rows in parquet_pieces(raw, file, reading.options, reading.rows):
        reading.check(layout, file, "parquet")
        yield Piece((file,), (0,), layout, rows)


def in_order(work: Callable[..., Result], tasks: Iterable) -> Iterator[Result]:
    """Yield `work(task)` in the order of the tasks, computed on all cores, few of them ahead."""
    cores = os.cpu_count() or 1
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(work, task))
                if len(waiting) > cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
