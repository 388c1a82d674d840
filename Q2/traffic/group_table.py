"""Requests and bytes by whole numbers: a hash table of the groups of some rows."""

import numpy as np
from numba import njit, types

from traffic.hashing import FACTOR, SEED, compiled, mixed

NUMBERS = types.Array(types.int64, 1, "C", readonly=True)
KEYS = types.Array(types.int64, 2, "C", readonly=True)


def group_rows(keys: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count rows and add up their int64 sizes where keys, of shape (rows, keys), are equal.

    Returns the keys, requests and bytes of each group, in the order in which groups come.
    """
    first, counts, sums = sums_by_key(keys, sizes, SEED)
    return keys[first], counts, sums


@njit(forceinline=True)
def same_keys(keys, first, second):
    """Whether two rows belong to one group."""
    same = True
    for column in range(keys.shape[1]):
        same &= keys[first, column] == keys[second, column]
    return same


@compiled(types.UniTuple(types.int64[::1], 3)(KEYS, NUMBERS, types.int64))
def sums_by_key(keys, sizes, seed):
    """Return the first row, the requests and the bytes of each group."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    slots = np.full(size, -1, np.int32)
    first, group_of_last, groups = np.empty(len(keys), np.int64), -1, 0
    counts, sums = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    for row in range(len(keys)):
        group = group_of_last
        if group < 0 or not same_keys(keys, first[group], row):  # rows often follow their like
            number = seed
            for column in range(keys.shape[1]):
                number = mixed(keys[row, column] ^ number, FACTOR)
            slot = number & (size - 1)
            while slots[slot] >= 0 and not same_keys(keys, first[slots[slot]], row):
                slot = (slot + 1) & (size - 1)
            group = slots[slot]
            if group < 0:
                group = groups
                slots[slot], first[group] = group, row
                groups += 1
            group_of_last = group
        counts[group] += 1
        sums[group] += sizes[row]
    return first[:groups].copy(), counts[:groups].copy(), sums[:groups].copy()
