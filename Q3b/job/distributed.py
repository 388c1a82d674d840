"""The daily job's arithmetic as tasks of a Dask cluster, by the functions that run without one.

The held-out fold and the fit are a task each, and so is each block of 1,024 users. Only the plays
are sent out; Dask takes the fitted model to each worker once, and makes it again if all are lost
that hold it. So the answers are the same bit for bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from listening.play_counts import PlayCounts
from recommender.blocks import Asked, parts_of_users, recommended_block
from recommender.lists import Block
from recommender.methods import Recommender
from recommender.popularity import Popularity, popularity_of
from recommender.tasks import completed, sent
from store.protocol import Writer

if TYPE_CHECKING:
    from distributed import Client, Future


@dataclass(frozen=True)
class Written:
    """A block that a worker has written to the store itself: its users, and their rules."""

    users: list[str]
    rules: list[str]


def blocks_on(
    client: "Client",
    data: "Future",
    recommender: "Future",
    users: int,
    asked: Asked,
    writer: Writer,
) -> Iterator[Block | Written]:
    """Yield the blocks of all users as they are ready.

    data: the plays on the workers; recommender: fitted there. A writer that can be sent to workers
    writes there; a file has one writer, here.
    """
    submit = partial(client.submit, pure=False)
    popularity = submit(popularity_of, data)
    there = sent(client, writer) if writer.writes_on_workers else None
    made = [
        submit(block_of_part, there, recommender, data, popularity, asked, rows)
        for rows in parts_of_users(users)
    ]
    for _, block in completed(made):
        yield block


def block_of_part(
    writer: Writer | None,
    recommender: Recommender,
    plays: PlayCounts,
    popularity: Popularity,
    asked: Asked,
    rows: np.ndarray,
) -> Block | Written:
    """The block of the users `rows`, or what is left to report if `writer` has written it."""
    block = recommended_block(recommender, plays, popularity, asked, rows)
    if writer is None:
        return block
    writer.write(block)
    return Written(block.users, block.rules)
