"""A question answered on a Dask cluster: a task per range of a log, added up in a tree.

Sums by URL or another text are not added up in a tree, since its last table would hold every text:
parts go to the totals on the client's disk one by one, and few tasks are ahead of it. So they do if
the first broken row stops the reading.
"""

from common.command import UserError

from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from functools import reduce
from typing import TYPE_CHECKING

from logs import ranges as log_ranges
from logs.ranges import LogRange, lay_out_range, ranges_of
from logs.reader import Reading
from logs.sources import STANDARD_INPUT, Source
from traffic.account import BlockAccount, joined
from traffic.parts import Buffers, Part, answer_piece, whole_files
from traffic.question import Question
from traffic.totals import MOST_PARTS, no_groups, sum_of_parts

if TYPE_CHECKING:
    from distributed import Client, Future

BRANCHES = 16  # tables that one task adds up
AHEAD = 4  # tasks for each thread of the cluster, where their tables go to the client


def parts_on_cluster(
    client: "Client",
    sources: list[Source],
    question: Question,
    reading: Reading,
    strict: bool = False,
) -> Iterator[Part]:
    """Yield accounts in the order of the logs, with tables that add up to all groups.

    If `strict`, as they are read, so that whoever takes them can stop.
    """
    if any(source.name == STANDARD_INPUT for source in sources):
        raise UserError("--cluster: workers cannot read our standard input; name a file")
    ranges = all_ranges(client, sources, reading)
    parts = one_by_one if strict or question.is_of_texts else in_a_tree
    yield from parts(client, ranges, question, reading)


def all_ranges(client: "Client", sources: list[Source], reading: Reading) -> list[LogRange]:
    """The ranges of all logs in their order, large ones cut by the workers."""
    size = log_ranges.RANGE
    planned = [
        client.submit(planned_ranges, source, reading, size, pure=False)
        if (source.size or 0) > size
        else [LogRange(source, reading.options)]
        for source in sources
    ]
    return [part for ranges in client.gather(planned) for part in ranges]


def planned_ranges(source: Source, reading: Reading, size: int) -> list[LogRange]:
    """The ranges of a log; a bad one that is to be skipped is one, whose task reports why.

    So is a Parquet file then, any row group of which may be damaged.
    """
    whole = [LogRange(source, reading.options)]
    try:
        ranges = ranges_of(source, reading.options, size)
    except (UserError, OSError):
        if not reading.skip_bad_files:
            raise
        return whole
    return whole if reading.skip_bad_files and ranges[0].rows else ranges


def in_a_tree(
    client: "Client", ranges: list[LogRange], question: Question, reading: Reading
) -> Iterator[Part]:
    """Yield the one part that all ranges add up to."""
    futures = leaves = [
        client.submit(part_of, part, question, reading, pure=False) for part in ranges
    ]
    while len(futures) > 1:
        futures = [
            client.submit(merged, futures[start : start + BRANCHES], question, pure=False)
            for start in range(0, len(futures), BRANCHES)
        ]
    show_progress(leaves)
    yield futures[0].result()


def show_progress(futures: "list[Future]") -> None:
    """Show how many ranges are read until all are. Raises CancelledError for a lost scheduler."""
    from distributed import as_completed
    from tqdm import tqdm

    finished = as_completed(futures)
    for future in tqdm(finished, "reading", len(futures), unit="range", disable=None):
        if future.cancelled():
            raise CancelledError


def one_by_one(
    client: "Client", ranges: list[LogRange], question: Question, reading: Reading
) -> Iterator[Part]:
    """Yield the part of each range, computed a few ranges ahead."""
    from tqdm import tqdm

    most = AHEAD * sum(client.ncores().values())
    waiting = deque()
    for part in tqdm(ranges, desc="reading", unit="range", disable=None):
        waiting.append(client.submit(part_of, part, question, reading, pure=False))
        if len(waiting) > most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def part_of(part: LogRange, question: Question, reading: Reading) -> Part:
    """What one range adds to the answer."""
    buffers, tables, account = Buffers(), [no_groups(question)], BlockAccount()
    pieces = lay_out_range(part, reading)
    parts = (answer_piece(piece, question, buffers) for piece in pieces)
    for lines, table in whole_files(parts) if reading.skip_bad_files else parts:
        account = joined(account, lines)
        tables.append(table)
        if len(tables) > MOST_PARTS:
            tables = [sum_of_parts(tables, question)]
    return account, sum_of_parts(tables, question)


def merged(parts: list[Part], question: Question) -> Part:
    """The sum of parts that follow one another."""
    accounts, tables = zip(*parts, strict=True)
    return reduce(joined, accounts), sum_of_parts(list(tables), question)
