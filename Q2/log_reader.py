"""From sources to scanned blocks: reading on one thread, scanning on all cores, in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
import pandas as pd
from command_line import UserError
from log_blocks import blocks
from log_formats import Layout, detect
from log_scanner import REASONS, byte_kinds, empty_columns, scan
from log_sources import Source

Result = TypeVar("Result")
SHORTEST_ROW = 2  # bytes: a character and the newline


@dataclass(frozen=True)
class ScannedBlock:
    """A block's accepted rows, one record each, and what became of its other lines."""

    file: str
    layout: Layout
    block: np.ndarray
    records: pd.DataFrame  # the columns of log_scanner.Columns
    lines: int
    rejected: np.ndarray  # rows, by position in REASONS
    first_lines: np.ndarray  # the first line of each reason, counted from 0 in the block


def scan_block(file: str, layout: Layout, block: np.ndarray) -> ScannedBlock:
    """Scan a piece of a file."""
    columns = empty_columns(len(block) // SHORTEST_ROW + 1)  # memory that is not filled is not used
    rejected, first_lines = np.zeros((2, len(REASONS)), dtype=np.int64)
    roles = np.array(layout.roles, dtype=np.int64)
    rows, lines = scan(
        block, byte_kinds(layout.delimiters), roles, layout.comments, columns, rejected, first_lines
    )
    filled = {name: column[:rows] for name, column in columns._asdict().items()}
    records = pd.DataFrame(filled, copy=False)
    return ScannedBlock(file, layout, block, records, lines, rejected, first_lines)


def read_pieces(sources: Iterable[Source]) -> Iterator[tuple[str, Layout, np.ndarray]]:
    """Each source's name with its pieces, laid out by the format found in it."""
    for source in sources:
        with source.open() as stream:
            rest = blocks(stream)
            first = next(rest, None)
            if first is None:
                raise UserError(f"{source.name}: the file is empty")
            for layout, block in detect(first, source.name).pieces(
                chain([first], rest), source.name
            ):
                yield source.name, layout, block


def in_order(work: Callable[..., Result], tasks: Iterable[tuple]) -> Iterator[Result]:
    """Yield `work(*task)` in the order of the tasks, computed on all cores, few ahead at a time."""
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
