"""Exact nearest neighbours of sparse rows: the order of the search, its blocks and threads.

With groups the search has two passes. A row of another group is at least `apart` farther, so if
the k-th neighbour within a row's own group is nearer than that, only its group needs searching;
the rows for which it is not (those of small groups) are searched against everyone.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from recommender.kernels.neighbours import (
    EMPTY,
    MAXIMUM_BLOCK,
    Best,
    Block,
    Rows,
    search,
    sort_rows,
    squared_norms,
)
from recommender.parallel import processors

QUERIES_AT_ONCE = 512  # rows that a thread takes at a time
ROUNDING = 1e-4  # far above what float32 loses in a squared distance


def popular_columns_first(matrix: csr_array) -> csr_array:
    """Renumber the columns by the number of rows that hold them, and sort each row by column."""
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rank = np.empty(matrix.shape[1], np.int32)
    rank[np.argsort(-counts, kind="stable")] = np.arange(matrix.shape[1], dtype=np.int32)
    renumbered = csr_array((matrix.data, rank[matrix.indices], matrix.indptr), matrix.shape)
    renumbered.sort_indices()
    return renumbered


def group_ranges(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say where each row's group begins and ends, `groups` (n,) being sorted. Two (n,) int64."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(groups)) + 1, [len(groups)]])
    sizes = np.diff(edges)
    return np.repeat(edges[:-1], sizes), np.repeat(edges[1:], sizes)


def ordered_rows(matrix: csr_array, dense: np.ndarray, groups: np.ndarray) -> Rows:
    """Sort the rows by (group, norm) and the columns by popularity; see `Rows` for the result.

    Short rows come first: they are near to all, so that the k-th best distance soon falls.
    """
    matrix = popular_columns_first(matrix)
    norms = squared_norms(matrix.indptr, matrix.data, dense)
    order = np.lexsort((norms, groups))
    matrix = matrix[order]
    begins, ends = group_ranges(groups[order])
    return Rows(
        starts=matrix.indptr.astype(np.int64),
        columns=matrix.indices.astype(np.uint32),
        values=matrix.data,
        dense=dense[order],
        offsets=norms[order] / 2,
        numbers=order.astype(np.int32),
        group_begins=begins,
        group_ends=ends,
    )


def inverted_index(rows: Rows, columns: int, first: int, last: int) -> Block:
    """Index the rows first..last by column."""
    starts = rows.starts[first : last + 1]
    part = slice(starts[0], starts[-1])
    by_row = csr_array(
        (rows.values[part], rows.columns[part], starts - starts[0]), shape=(last - first, columns)
    )
    by_column = by_row.tocsc()
    return Block(
        first=first,
        last=last,
        starts=by_column.indptr.astype(np.int64),
        rows=by_column.indices.astype(np.uint16),
        weights=by_column.data,
    )


def blocks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut begin..end into even blocks of at most MAXIMUM_BLOCK rows."""
    edges = np.linspace(begin, end, -(-(end - begin) // MAXIMUM_BLOCK) + 1).astype(int).tolist()
    yield from pairwise(edges)


def nothing_yet(count: int, k: int, dtype: type) -> Best:
    """Return arrays for the k best of `count` rows, of which none is found."""
    return Best(np.full((count, k), np.inf, dtype), np.full((count, k), EMPTY, np.int32))


def search_range(
    queries: np.ndarray,
    begin: int,
    end: int,
    rows: Rows,
    columns: int,
    penalty,
    best: Best,
    pool: Executor,
) -> None:
    """Search the rows begin..end for better neighbours of the rows `queries`, (q,) int64."""
    parts = np.split(queries, range(QUERIES_AT_ONCE, len(queries), QUERIES_AT_ONCE))
    for first, last in blocks(begin, end):
        block = inverted_index(rows, columns, first, last)
        jobs = [
            pool.submit(search, part, rows.numbers[part], rows, block, penalty, best)
            for part in parts
        ]
        try:
            for job in jobs:
                job.result()
        finally:
            for job in jobs:
                job.cancel()  # does nothing to one that is done; a signal ends the others


def unsettled(offsets: np.ndarray, worst_keys: np.ndarray, apart: float) -> np.ndarray:
    """The rows whose k-th neighbour so far may be farther than a row of another group."""
    return np.flatnonzero(~(2 * (offsets + worst_keys) < apart - ROUNDING))


def search_groups(rows: Rows, columns: int, apart: float, best: Best, threads: int) -> None:
    """Search every row's group, then everyone for those whose group does not settle it."""
    penalty = rows.values.dtype.type(apart / 2)  # keys are half squared distances
    count = len(rows.numbers)
    with ThreadPoolExecutor(threads) as pool:
        for begin in np.unique(rows.group_begins):
            end = rows.group_ends[begin]
            search_range(np.arange(begin, end), begin, end, rows, columns, penalty, best, pool)
        if count and rows.group_ends[0] < count:
            left = unsettled(rows.offsets, best.keys[rows.numbers, -1], apart)
            best.keys[rows.numbers[left]] = np.inf
            best.numbers[rows.numbers[left]] = EMPTY
            search_range(left, 0, count, rows, columns, penalty, best, pool)


def nearest(
    matrix: csr_array,
    k: int,
    *,
    dense: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    apart: float = 0.0,
    threads: int | None = None,
) -> Best:
    """Find the k nearest other rows of every row of `matrix` (n, columns), float32 or float64.

    dense (n,): one more column, which every row has. groups (n,): integer labels; to be in another
    group adds `apart` to the squared distance. Returns squared distances and row numbers, (n, k),
    ascending by both, with EMPTY where fewer than k rows were found.
    """
    count, columns = matrix.shape
    dense = np.zeros(count, matrix.dtype) if dense is None else dense.astype(matrix.dtype)
    groups = np.zeros(count, np.int8) if groups is None else groups
    rows = ordered_rows(matrix, dense, groups)
    best = nothing_yet(count, k, matrix.dtype)
    search_groups(rows, columns, apart, best, threads or processors())
    sort_rows(best)
    half_norms = np.empty_like(rows.offsets)
    half_norms[rows.numbers] = rows.offsets
    best.keys[:] += half_norms[:, None]  # in place: n x k is large
    best.keys[:] *= 2
    return best
