"""The daily job's arithmetic as tasks of a Dask cluster, by the functions that run without one.

The held-out fold and the fit are a task each, and so is each block of 1,024 users, which takes
with it what these users play: a worker holds the model and the blocks under way, however many
users there are. Dask takes the fitted model to each worker once, and makes it again if all are
lost that hold it. So the answers are the same bit for bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from listening.play_counts import PlayCounts
from recommender.blocks import Asked, Part, parts_of_users, recommended_block
from recommender.lists import Block
from recommender.methods import Recommender
from recommender.popularity import Popularity
from recommender.tasks import completed, sent
from store.protocol import Writer

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 256  # blocks on the cluster at a time: 0.5 MB each as a task, 0.7 as a result


@dataclass(frozen=True)
class Written:
    """A block that a worker has written to the store itself: its users, and their rules."""

    users: list[str]
    rules: list[str]


def blocks_on(
    client: "Client",
    recommender: "Future",
    plays: PlayCounts,
    popularity: Popularity,
    asked: Asked,
    writer: Writer,
) -> Iterator[Block | Written]:
    """Yield the blocks of all users as they are ready.

    recommender: fitted on the workers. A writer that can be sent there writes there; a file has
    one writer, here.
    """
    there = sent(client, writer) if writer.writes_on_workers else None
    shared = recommender, sent(client, popularity), asked
    submit = partial(client.submit, block_of_part, there, *shared, pure=False)
    for _, block in completed(map(submit, parts_of_users(plays)), ahead=AHEAD):
        yield block


def block_of_part(
    writer: Writer | None,
    recommender: Recommender,
    popularity: Popularity,
    asked: Asked,
    part: Part,
) -> Block | Written:
    """The block of some users, or what is left to report if `writer` has written it."""
    block = recommended_block(recommender, popularity, asked, part)
    if writer is None:
        return block
    writer.write(block)
    return Written(block.users, block.rules)
