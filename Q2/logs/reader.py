"""From sources to results: one thread reads and inflates, all cores scan, results come in order."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from io import RawIOBase
from itertools import chain
from typing import TypeVar

from logs.blocks import blocks
from logs.fields import NOTHING_SAID, Layout, LayoutOptions
from logs.layouts import format_of
from logs.lines import as_utf_8
from logs.sources import Source
from logs.streams import MeteredStream, inflated

Result = TypeVar("Result")


def read_pieces(
    sources: list[Source], options: LayoutOptions = NOTHING_SAID
) -> Iterator[tuple[str, Layout, memoryview]]:
    """Each source's name with its pieces, laid out by the options or else by its first lines.

    Progress by bytes read, of compressed files the compressed ones, is shown on a terminal.
    """
    sizes = [source.size for source in sources]
    total = None if None in sizes else sum(sizes)
    with progress_bar(total) as bar:
        for source in sources:
            if bar:
                bar.set_description(source.name[-40:], refresh=False)
            with source.open() as raw:
                stream = MeteredStream(raw, source.name, bar.update if bar else count_nothing)
                for layout, block in lay_out(stream, source.name, options):
                    yield source.name, layout, block


def progress_bar(total: int | None) -> AbstractContextManager:
    """Return a bar for so many bytes on a terminal, otherwise None, as context managers."""
    if not sys.stderr.isatty():
        return nullcontext()
    from tqdm import tqdm

    return tqdm(total=total, unit="B", unit_scale=True, delay=1, leave=False)


def count_nothing(count: int) -> None:
    """Take the number of bytes read where no progress is shown."""


def lay_out(
    stream: RawIOBase, file: str, options: LayoutOptions, layout: Layout | None = None
) -> Iterator[tuple[Layout, memoryview]]:
    """The pieces of one file, or of a range of it that begins in `layout`; none of an empty one."""
    rest = blocks(as_utf_8(inflated(stream, file)))
    first = next(rest, None)
    if first is not None:
        reader = format_of(first, file, options)
        yield from reader.pieces(chain([first], rest), file, options, layout)


def in_order(work: Callable[..., Result], tasks: Iterable[tuple]) -> Iterator[Result]:
    """Yield `work(*task)` in the order of the tasks, computed on all cores, few of them ahead."""
    cores = os.cpu_count() or 1
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(work, *task))
                if len(waiting) > cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
