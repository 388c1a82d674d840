"""Weighted sums of users' votes for artists, for all users: blocks, threads and sparse results."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array

from recommender.kernels.votes import Table, best_votes, summed_votes
from recommender.parallel import in_order, processors
from recommender.sparse_rows import row_starts

BLOCK = 1024  # users that a thread takes at a time


def table_of(matrix: csr_array) -> Table:
    """Hand a CSR matrix to the compiled loops; its arrays are shared where they can be."""
    return Table(
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False).view(np.uint32),
        matrix.data.astype(np.float32, copy=False),
    )


def slices(length: int, size: int = BLOCK) -> Iterator[slice]:
    """Yield slices of at most `size` that cover range(length)."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


class RowBuffer:
    """A buffer for the entries of u rows: columns and values (u, width), lengths (u,)."""

    def __init__(self, rows: int, width: int):
        self.columns = np.empty((rows, width), np.int32)
        self.values = np.empty((rows, width), np.float32)
        self.lengths = np.empty(rows, np.int64)

    def entries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The columns and values of all rows in one, and the lengths."""
        filled = np.arange(self.columns.shape[1]) < self.lengths[:, None]
        return self.columns[filled], self.values[filled], self.lengths


def by_blocks(
    rows_of: Callable[[slice], RowBuffer], shape: tuple[int, int], most: int, threads: int | None
) -> csr_array:
    """The rows that `rows_of` makes of each slice of users, as one matrix.

    most: no fewer than the entries of all rows. The result is filled as blocks are ready, so
    that the entries never exist twice.
    """
    columns, values = np.empty(most, np.int32), np.empty(most, np.float32)
    lengths, filled = np.empty(shape[0], np.int64), 0
    threads = threads or processors()
    with ThreadPoolExecutor(threads) as pool:
        blocks = in_order(pool, lambda rows: rows_of(rows).entries(), slices(shape[0]), threads)
        for rows, (block_columns, block_values, block_lengths) in zip(
            slices(shape[0]), blocks, strict=True
        ):
            part = slice(filled, filled + len(block_columns))
            columns[part], values[part], lengths[rows] = block_columns, block_values, block_lengths
            filled = part.stop
    return csr_array((values[:filled], columns[:filled], row_starts(lengths)), shape)


def best_artists(
    weights_of: Callable[[slice], csr_array],
    votes: csr_array,
    heard: csr_array,
    top: int = 20,
    threads: int | None = None,
) -> csr_array:
    """The `top` unheard artists of each user with the highest scores above 0.

    weights_of: gives the weights (b, voters) of the voters for a slice of the rows of `heard`
    (users, artists); votes: (voters, artists). The result is (users, artists), its rows by
    falling score, of equals the lower column first, and shorter than `top` where fewer artists
    have a score. Blocks of users run in `threads`, by default one a processor.
    """
    table = table_of(votes)

    def best_of(users: slice) -> RowBuffer:
        block = RowBuffer(users.stop - users.start, top)
        best_votes(
            table_of(weights_of(users)),
            table,
            table_of(heard[users]),
            heard.shape[1],
            block.columns,
            block.values,
            block.lengths,
        )
        return block

    return by_blocks(best_of, heard.shape, heard.shape[0] * top, threads)


def votes_of_voters(voters: csr_array, votes: csr_array, threads: int | None = None) -> csr_array:
    """Return voters @ votes, (r, artists), its columns in no order.

    voters: (r, users) weights, none below 0; votes: (users, artists), all above 0
    """
    counted = np.diff(votes.indptr)[voters.indices]
    most = np.diff(np.concatenate([[0], np.cumsum(counted)])[voters.indptr])
    most = np.minimum(most, votes.shape[1])
    table = table_of(votes)

    def rows_of(rows: slice) -> RowBuffer:
        block = RowBuffer(rows.stop - rows.start, int(most[rows].max()))
        summed_votes(
            table_of(voters[rows]),
            table,
            votes.shape[1],
            block.columns,
            block.values,
            block.lengths,
        )
        return block

    return by_blocks(rows_of, (voters.shape[0], votes.shape[1]), int(most.sum()), threads)
