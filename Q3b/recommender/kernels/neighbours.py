"""Exact nearest neighbours of sparse rows: the compiled inner loops.

The idea. Only rows that share a column have a product, so the columns are turned into an
inverted index (column -> the rows that hold it, with their values). For one query row, a pass
over the postings of its columns adds up its products with every candidate in a dense array; a
second pass finds the k best keys, of equals the smaller row number:

    key = |y|^2 / 2 - x.y     distance^2 = |x|^2 + 2 key

A sample of the keys gives a limit that about k of them keep; a vectorised comparison skips the
rest, and Hoare's FIND picks the k best. If the limit was too low the pass is made again without
it, so the result is exact. Rows are in order of their group (a user's country); another group
adds `penalty` to the key. Candidates come in blocks of at most 65,536 rows, so that their local
numbers fit in 16 bits and the keys in the processor's second-level cache. Nothing of size rows x
rows exists, nor a dense rows x columns.

All compiled loops of the search are in this one file, because numba's cache on disk notices only
changes of the file in which a function stands.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

MAXIMUM_BLOCK = 65_536  # rows whose local numbers fit in uint16
CHUNK = 64  # candidates compared at once: a few vector registers
STRIDE = 32  # one candidate in so many is in the sample that gives a first limit
BUFFER = 4  # candidates held before the k best are picked out, in multiples of k
EMPTY = -1  # the row number where nothing was found


class Rows(NamedTuple):
    """All rows, as CSR and one dense column, in the order of the search. n rows, z entries."""

    starts: np.ndarray  # (n + 1,) int64
    columns: np.ndarray  # (z,) uint32
    values: np.ndarray  # (z,) float
    dense: np.ndarray  # (n,) float: a column that every row has
    offsets: np.ndarray  # (n,) float: the part of the key that the candidate alone decides
    numbers: np.ndarray  # (n,) int32: the caller's row numbers, which break ties
    group_begins: np.ndarray  # (n,) int64: first row of the row's group
    group_ends: np.ndarray  # (n,) int64: one past its last row


class Block(NamedTuple):
    """The inverted index of the candidates first..last."""

    first: int
    last: int
    starts: np.ndarray  # (n_columns + 1,) int64
    rows: np.ndarray  # (postings,) uint16: row - first
    weights: np.ndarray  # (postings,) float


class Best(NamedTuple):
    """The k best (key, number) of each row, under the caller's row numbers; the worst last."""

    keys: np.ndarray  # (n, k) float
    numbers: np.ndarray  # (n, k) int32


@njit(cache=True)
def squared_norms(starts, values, dense):
    """Return |x|^2 of each row, (n,), added up in the order in which `search` adds products."""
    norms = dense * dense
    for row in range(norms.size):
        for value in values[starts[row] : starts[row + 1]]:
            norms[row] += value * value
    return norms


@njit(cache=True, nogil=True)
def accumulate(columns, values, block, products):
    """Add the products of one row (columns, values) with a block's rows to `products`."""
    for position in range(columns.size):
        value = values[position]
        begin = block.starts[columns[position]]
        end = block.starts[columns[position] + 1]
        for posting in range(np.uint64(begin), np.uint64(end)):
            products[block.rows[posting]] += value * block.weights[posting]


@njit(cache=True, nogil=True)
def multiply_into(products, factor, column, penalty):
    """Set `products` to factor * column - penalty: a loop, since an expression would allocate."""
    for slot in range(products.size):
        products[slot] = factor * column[slot] - penalty


@njit(cache=True, nogil=True)
def subtract_from(offsets, products):
    """Set `products` to offsets - products."""
    for slot in range(products.size):
        products[slot] = offsets[slot] - products[slot]


@njit(cache=True, nogil=True)
def candidate_keys(query, rows, block, penalty, keys):
    """Set `keys` (block,) to the keys of a block's rows for the row `query`; its own is infinite.

    Every norm and product is added up in the same order, the dense column first, so that equal
    rows are at a distance of exactly 0.
    """
    first, last = block.first, block.last
    own = max(rows.group_begins[query] - first, 0)
    after = max(rows.group_ends[query] - first, 0)
    dense, value = rows.dense[first:last], rows.dense[query]
    multiply_into(keys[:own], value, dense[:own], penalty)
    multiply_into(keys[own:after], value, dense[own:after], penalty * 0)
    multiply_into(keys[after:], value, dense[after:], penalty)
    begin, end = rows.starts[query], rows.starts[query + 1]
    accumulate(rows.columns[begin:end], rows.values[begin:end], block, keys)
    subtract_from(rows.offsets[first:last], keys)
    if first <= query < last:
        keys[query - first] = np.inf


@njit(cache=True, nogil=True)
def comes_after(key, number, other_key, other_number):
    """Say whether (key, number) is worse than (other_key, other_number)."""
    return key > other_key or (key == other_key and number > other_number)


@njit(cache=True, nogil=True)
def keep_best(keys, numbers, k):
    """Reorder so that the k best are in front, the k-th best last of them (Hoare's FIND)."""
    low, high = 0, keys.size - 1
    while low < high:
        middle = (low + high) // 2
        key, number = keys[middle], numbers[middle]
        left, right = low, high
        while left <= right:
            while comes_after(key, number, keys[left], numbers[left]):
                left += 1
            while comes_after(keys[right], numbers[right], key, number):
                right -= 1
            if left <= right:
                keys[left], keys[right] = keys[right], keys[left]
                numbers[left], numbers[right] = numbers[right], numbers[left]
                left += 1
                right -= 1
        if right < k - 1:
            low = left
        if left > k - 1:
            high = right


@njit(cache=True, nogil=True)
def any_at_most(keys, limit):
    """Say whether any key is at most `limit`; a count, because that is vectorised."""
    found = 0
    for slot in range(keys.size):
        found += keys[slot] <= limit
    return found > 0


@njit(cache=True, nogil=True)
def append_until(limit, keys, numbers, k, buffer):
    """Append the candidates with keys up to `limit` to the buffer; return its new size.

    The buffer's first k slots are filled. When it is full, all but the k best are dropped.
    """
    size = k
    for begin in range(0, keys.size, CHUNK):
        chunk = keys[begin : begin + CHUNK]
        if not any_at_most(chunk, limit):
            continue
        for slot in range(chunk.size):
            if chunk[slot] <= limit:
                buffer.keys[size] = chunk[slot]
                buffer.numbers[size] = numbers[begin + slot]
                size += 1
        if size > buffer.keys.size - CHUNK:
            keep_best(buffer.keys[:size], buffer.numbers[:size], k)
            size = k
            limit = min(limit, buffer.keys[k - 1])
    return size


@njit(cache=True, nogil=True)
def likely_limit(keys, k):
    """Guess from a sample a key that at least k of the keys do not exceed, but not many more."""
    sample = keys[::STRIDE]
    expected = k / STRIDE
    rank = int(expected + 3 * np.sqrt(expected)) + 2
    return np.partition(sample, rank)[rank] if rank < sample.size else np.inf


@njit(cache=True, nogil=True)
def improve(keys, numbers, limit, best_keys, best_numbers, buffer):
    """Put the k best of `best` and of the candidates with keys up to `limit` into the buffer."""
    k = best_keys.size
    buffer.keys[:k] = best_keys
    buffer.numbers[:k] = best_numbers
    size = append_until(limit, keys, numbers, k, buffer)
    keep_best(buffer.keys[:size], buffer.numbers[:size], k)


@njit(cache=True, nogil=True)
def select(keys, numbers, best_keys, best_numbers, buffer):
    """Let the candidates, keys (m,) float and numbers (m,) int32, into the k best of one row.

    The worst of best_keys, best_numbers, (k,), must come last, and does so again.
    """
    k = best_keys.size
    worst, guess = best_keys[k - 1], likely_limit(keys, k)
    improve(keys, numbers, min(worst, guess), best_keys, best_numbers, buffer)
    if guess < buffer.keys[k - 1]:  # the guess was too low: again without it
        improve(keys, numbers, worst, best_keys, best_numbers, buffer)
    best_keys[:] = buffer.keys[:k]
    best_numbers[:] = buffer.numbers[:k]


@njit(cache=True, nogil=True)
def search(queries, places, rows, block, penalty, best):
    """Search a block for better neighbours of the rows `queries`, (q,) int64.

    places: (q,) the row of `best` for each query
    """
    k = best.keys.shape[1]
    keys = np.empty(block.last - block.first, rows.values.dtype)
    room = (1 + BUFFER) * k + CHUNK
    buffer = Best(np.empty(room, keys.dtype), np.empty(room, np.int32))
    numbers = rows.numbers[block.first : block.last]
    for query, row in zip(queries, places):  # noqa: B905 - numba's zip takes no `strict`
        candidate_keys(query, rows, block, penalty, keys)
        select(keys, numbers, best.keys[row], best.numbers[row], buffer)


@njit(cache=True, nogil=True)
def order_equals(keys, numbers):
    """Sort runs of equal keys, which must be ascending, by number (insertion sort)."""
    for end in range(1, keys.size):
        slot = end
        while slot > 0 and keys[slot - 1] == keys[slot] and numbers[slot - 1] > numbers[slot]:
            numbers[slot - 1], numbers[slot] = numbers[slot], numbers[slot - 1]
            slot -= 1


@njit(cache=True, nogil=True)
def sort_rows(best):
    """Sort each row of `best` in place, ascending by (key, number)."""
    for row in range(best.keys.shape[0]):
        order = np.argsort(best.keys[row])
        best.keys[row] = best.keys[row][order]
        best.numbers[row] = best.numbers[row][order]
        order_equals(best.keys[row], best.numbers[row])
