"""The daily job's arithmetic as tasks of a Dask cluster: what `fitted_recommender` does, in parts.

A part is some users: their neighbours, their residual votes and their block of recommendations
are a task each, by the functions that run without a cluster, so that the answers are the same bit
for bit. Only the plays are sent out; whatever else tasks share, such as the inverted index, is made
by a task, and Dask takes it to each worker once and makes it again if its worker is lost.

cosine      part: 1,024 users in their order; the index is that of all users. The votes of all are
            put together by one task, since any user's neighbours may be anywhere.
euclidean   part: users of one country, and the index that of the country. Then the parts in which
            somebody may be nearer abroad are searched against all, and the largest distance of
            all, which the weights need, is waited for.
"""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack
from tqdm import tqdm

from job.settings import RunSettings
from listening.play_counts import PlayCounts
from recommender import residual_vote
from recommender.blocks import BLOCK, recommended_block
from recommender.features import normalised_plays, scaled_age
from recommender.kernels.neighbours import Best, Rows, sort_rows
from recommender.lists import Block
from recommender.methods import Recommender, heard_of, neighbours_of_each
from recommender.neighbours import similarities, unit_rows
from recommender.popularity import Popularity, popularity_of
from recommender.reference import similarity_weights
from recommender.residual_vote import own_votes, scaled_to_one, weights_to_compare
from recommender.search import best_of, blocks, inverted_index, ordered_rows, positions, unsettled
from recommender.sparse_rows import with_small_indices
from recommender.tasks import completed, sent
from recommender.votes import residual_rows, slices
from store.protocol import Writer

if TYPE_CHECKING:
    from distributed import Client, Future

ABROAD = 2.0  # what another country adds to the squared distance


@dataclass(frozen=True)
class Written:
    """A block that a worker has written to the store itself: its users, and their rules."""

    users: list[str]
    rules: list[str]


@dataclass(frozen=True)
class Spread:
    """A recommender on the workers.

    shared: `Recommender` of all users, without neighbours; users: (u,) ascending, of each part;
    neighbours: of each part (n, n) weights, in which only the part's users have entries
    """

    shared: "Future"
    users: list[np.ndarray]
    neighbours: "list[Future]"


def blocks_on(
    client: "Client",
    data: "Future",
    plays: PlayCounts,
    settings: RunSettings,
    writer: Writer,
) -> Iterator[Block | Written]:
    """Yield the blocks of all users as they are ready.

    data: the plays on the workers. A writer that can be sent to workers writes there; a file has
    one writer, here.
    """
    k = neighbours_of_each(plays, settings.metric, settings.neighbours)
    spread_of = euclidean_on if settings.metric == "euclidean" else cosine_on
    spread = spread_of(client, data, plays, k, settings.include_played)
    submit = partial(client.submit, pure=False)
    popularity = submit(popularity_of, data)
    there = sent(client, writer) if writer.writes_on_workers else None
    made = [
        submit(
            block_of_part,
            there,
            spread.shared,
            weights,
            data,
            popularity,
            settings.recommendations,
            users,
        )
        for users, weights in zip(spread.users, spread.neighbours, strict=True)
    ]
    watch(spread.neighbours)
    for _, block in completed(made):
        yield block


def watch(neighbours: "list[Future]") -> None:
    """Show how the search goes on until it is done.

    Raises CancelledError if the scheduler is lost: futures come to their end then, but undone.
    """
    from distributed import as_completed

    for future in tqdm(
        as_completed(neighbours), "neighbours", len(neighbours), unit=" parts", disable=None
    ):
        if future.cancelled():
            raise CancelledError


def block_of_part(
    writer: Writer | None,
    shared: Recommender,
    neighbours: csr_array,
    plays: PlayCounts,
    popularity: Popularity,
    top: int,
    users: np.ndarray,
) -> Block | Written:
    """The block of the `users`, or what is left to say of it if `writer` has written it."""
    recommender = replace(shared, neighbours=neighbours)
    block = recommended_block(recommender, plays, popularity, top, users)
    if writer is None:
        return block
    writer.write(block)
    return Written(block.users, block.rules)


def cosine_on(
    client: "Client", data: "Future", plays: PlayCounts, k: int, include_played: bool
) -> Spread:
    """Begin the default method."""
    submit, (count, columns) = partial(client.submit, pure=False), plays.matrix.shape
    settings = replace(residual_vote.Settings(), neighbours=k)
    compared = submit(compared_rows, data, settings)
    rows = submit(rows_of_cosine, compared)
    index = [submit(inverted_index, rows, columns, *ends) for ends in blocks(0, count)]
    users = [np.arange(part.start, part.stop) for part in slices(count, BLOCK)]
    best = [submit(best_of, part, rows, index, 0.0, k, 0.0) for part in users]
    neighbours = [
        submit(cosine_weights, one, part, count, settings.similarity_power)
        for one, part in zip(best, users, strict=True)
    ]
    votes = submit(own_votes_of, data, settings)
    if settings.residual:
        residual = [
            submit(residual_part, votes, weights, part, settings)
            for weights, part in zip(neighbours, users, strict=True)
        ]
        votes = submit(joined, residual)
    shared = submit(recommender_of, data, votes, compared, include_played)
    return Spread(shared, users, neighbours)


def euclidean_on(
    client: "Client", data: "Future", plays: PlayCounts, k: int, include_played: bool
) -> Spread:
    """Begin the classic method; returns when the distances of all users are there."""
    submit, (count, columns) = partial(client.submit, pure=False), plays.matrix.shape
    groups = pd.factorize(np.asarray(plays.profiles["country"]))[0]
    shares = submit(shares_of, data)
    rows = submit(rows_of_euclidean, shares, data, groups)
    users, best, ends = [], [], np.cumsum([0, *np.bincount(groups)])
    for group, (begin, end) in enumerate(pairwise(ends)):
        index = [submit(inverted_index, rows, columns, *cut) for cut in blocks(begin, end)]
        members = np.flatnonzero(groups == group)
        for part in np.split(members, range(BLOCK, len(members), BLOCK)):
            users.append(part)
            best.append(submit(best_of, part, rows, index, ABROAD, k, np.inf))
    watch(best)
    if len(ends) > 2:
        everyone = [submit(inverted_index, rows, columns, *cut) for cut in blocks(0, count)]
        left = client.gather(
            [submit(unsettled_of, one, part, rows) for one, part in zip(best, users, strict=True)]
        )
        for number, (part, abroad) in enumerate(zip(users, left, strict=True)):
            if len(abroad):
                best[number] = submit(searched_again, best[number], part, abroad, rows, everyone, k)
    best = [submit(with_distances, one, part, rows) for one, part in zip(best, users, strict=True)]
    largest = max(client.gather([submit(largest_distance, one) for one in best]))
    neighbours = [
        submit(euclidean_weights, one, part, count, largest)
        for one, part in zip(best, users, strict=True)
    ]
    return Spread(submit(recommender_of, data, shares, shares, include_played), users, neighbours)


def compared_rows(plays: PlayCounts, settings: residual_vote.Settings) -> csr_array:
    """What users are compared by, in rows of norm 1."""
    return unit_rows(weights_to_compare(plays.matrix, settings).of(plays.matrix))


def rows_of_cosine(compared: csr_array) -> Rows:
    """The rows in the order of the search, which sorts the values that it is given."""
    count = compared.shape[0]
    return ordered_rows(
        compared.copy(), np.zeros(count, compared.dtype), np.zeros(count, np.int8), False
    )


def shares_of(plays: PlayCounts) -> csr_array:
    """Shares of plays, as the classic method compares and recommends by."""
    return normalised_plays(plays.matrix).astype(np.float32)


def rows_of_euclidean(shares: csr_array, plays: PlayCounts, groups: np.ndarray) -> Rows:
    """The rows in the order of the search, by country."""
    return ordered_rows(
        shares.copy(), scaled_age(plays.profiles["age"]).astype(shares.dtype), groups, True
    )


def unsettled_of(best: Best, users: np.ndarray, rows: Rows) -> np.ndarray:
    """The places in the part of users who may have nearer neighbours abroad."""
    return unsettled(rows.offsets[positions(rows)[users]], best.keys[:, -1], ABROAD)


def searched_again(
    best: Best, users: np.ndarray, abroad: np.ndarray, rows: Rows, everyone: list, k: int
) -> Best:
    """The best of the part, those of the places `abroad` searched for among everyone."""
    found = best_of(users[abroad], rows, everyone, ABROAD, k, np.inf)
    keys, numbers = best.keys.copy(), best.numbers.copy()  # a task may run again on its input
    keys[abroad], numbers[abroad] = found
    return Best(keys, numbers)


def with_distances(best: Best, users: np.ndarray, rows: Rows) -> Best:
    """The best in order, keys turned into distances: as `nearest` and `nearest_neighbours` do."""
    best = Best(best.keys.copy(), best.numbers.copy())
    sort_rows(best)
    keys = (best.keys + rows.offsets[positions(rows)[users]][:, None]) * 2
    return Best(np.sqrt(np.maximum(keys, 0)), best.numbers)


def largest_distance(best: Best) -> np.float32:
    """The largest distance of a part."""
    return best.keys.max()


def cosine_weights(best: Best, users: np.ndarray, count: int, power: float) -> csr_array:
    """The weights of the part's neighbours."""
    best = Best(best.keys.copy(), best.numbers.copy())
    sort_rows(best)
    return in_place_of(users, scaled_to_one(similarities(best, count), power))


def euclidean_weights(best: Best, users: np.ndarray, count: int, largest: float) -> csr_array:
    """The weights of the part's neighbours, 1 - d/D with D the largest of all."""
    weights = similarity_weights(best.keys, largest).ravel()
    starts = np.arange(0, best.numbers.size + 1, best.numbers.shape[1])
    shape = (len(users), count)
    return in_place_of(
        users, normalised_plays(csr_array((weights, best.numbers.ravel(), starts), shape))
    )


def in_place_of(users: np.ndarray, part: csr_array) -> csr_array:
    """Put the rows of a part (u, n) where the users stand: (n, n), the other rows empty."""
    count = part.shape[1]
    lengths = np.zeros(count, np.int64)
    lengths[users] = np.diff(part.indptr)
    return with_small_indices(part.data, part.indices, lengths, count)


def own_votes_of(plays: PlayCounts, settings: residual_vote.Settings) -> csr_array:
    """What users give the artists that they play."""
    return own_votes(plays.matrix, settings)


def residual_part(
    votes: csr_array, neighbours: csr_array, users: np.ndarray, settings: residual_vote.Settings
) -> csr_array:
    """The residual votes (u, m) of users that follow each other."""
    rows_of = residual_rows(votes, neighbours, settings.residual, settings.predicted)
    columns, values, lengths = rows_of(slice(users[0], users[-1] + 1)).entries()
    return with_small_indices(values, columns, lengths, votes.shape[1])


def joined(parts: list[csr_array]) -> csr_array:
    """The rows of all parts, in their order."""
    return csr_array(vstack(parts, format="csr"))


def recommender_of(
    plays: PlayCounts, votes: csr_array, compared: csr_array, include_played: bool
) -> Recommender:
    """All that the blocks of any users need, but neighbours."""
    nobody = csr_array((0, 0), dtype=np.float32)
    return Recommender(nobody, votes, compared, heard_of(plays, include_played))
