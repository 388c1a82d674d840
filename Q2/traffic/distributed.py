"""A question answered on a Dask cluster: a task per range of a log, added up in a tree.

By URL there is no tree, since its last table would hold every URL: parts go to the totals on the
client's disk one by one, and few tasks are ahead of it. So they do if the first broken row stops
the reading.
"""

from common.command import UserError

from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from logs import ranges as log_ranges
from logs.fields import LayoutOptions
from logs.ranges import LogRange, lay_out_range, ranges_of
from logs.sources import STANDARD_INPUT, Source
from traffic.account import BlockAccount, joined
from traffic.groups import add_up
from traffic.parts import Buffers, answer_block
from traffic.question import Question
from traffic.totals import GroupTotals, no_groups

if TYPE_CHECKING:
    from distributed import Client, Future

BRANCHES = 16  # tables that one task adds up
AHEAD = 4  # tasks for each thread of the cluster, where their tables go to the client


class Part(NamedTuple):
    """What some ranges add to the answer: accounts in the order of the logs, and groups."""

    accounts: list[BlockAccount]
    table: pd.DataFrame


def parts_on_cluster(
    client: "Client",
    sources: list[Source],
    question: Question,
    options: LayoutOptions,
    strict: bool = False,
) -> Iterator[tuple[BlockAccount, pd.DataFrame]]:
    """Yield accounts in the order of the logs, with tables that add up to all groups.

    If `strict`, as they are read, so that whoever takes them can stop.
    """
    if any(source.name == STANDARD_INPUT for source in sources):
        raise UserError("--cluster: workers cannot read our standard input; name a file")
    ranges = all_ranges(client, sources, options)
    parts = one_by_one if strict or "url" in question.by else in_a_tree
    for accounts, table in parts(client, ranges, question):
        for account in accounts[:-1]:
            yield account, no_groups(question)
        for account in accounts[-1:]:
            yield account, table


def all_ranges(client: "Client", sources: list[Source], options: LayoutOptions) -> list[LogRange]:
    """The ranges of all logs in their order, large ones cut by the workers."""
    size = log_ranges.RANGE
    planned = [
        client.submit(ranges_of, source, options, size, pure=False)
        if (source.size or 0) > size
        else [LogRange(source, options)]
        for source in sources
    ]
    return [part for ranges in client.gather(planned) for part in ranges]


def in_a_tree(client: "Client", ranges: list[LogRange], question: Question) -> Iterator[Part]:
    """Yield the one part that all ranges add up to."""
    futures = leaves = [client.submit(part_of, part, question, pure=False) for part in ranges]
    while len(futures) > 1:
        futures = [
            client.submit(merged, futures[start : start + BRANCHES], question.by, pure=False)
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


def one_by_one(client: "Client", ranges: list[LogRange], question: Question) -> Iterator[Part]:
    """Yield the part of each range, computed a few ranges ahead."""
    from tqdm import tqdm

    most = AHEAD * sum(client.ncores().values())
    waiting = deque()
    for part in tqdm(ranges, desc="reading", unit="range", disable=None):
        waiting.append(client.submit(part_of, part, question, pure=False))
        if len(waiting) > most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def part_of(part: LogRange, question: Question) -> Part:
    """What one range adds to the answer."""
    buffers, totals, accounts = Buffers(), GroupTotals(question), []
    for layout, block in lay_out_range(part):
        account, table = answer_block(part.source.name, layout, block, question, buffers)
        accounts.append(account)
        totals.add(table)
    if not accounts:
        return Part([], no_groups(question))
    return Part([reduce(joined, accounts)], add_up(totals.parts, question.by))


def merged(parts: list[Part], by: tuple[str, ...]) -> Part:
    """The sum of parts that follow one another."""
    accounts: list[BlockAccount] = []
    for account in (account for part in parts for account in part.accounts):
        if accounts and accounts[-1].file == account.file:
            accounts[-1] = joined(accounts[-1], account)
        else:
            accounts.append(account)
    return Part(accounts, add_up([part.table for part in parts], by))
