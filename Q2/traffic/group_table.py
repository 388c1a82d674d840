"""Sums by whole numbers: a hash table of the groups of some rows."""

import numpy as np
from numba import njit, types

from traffic.hashing import FACTOR, SEED, compiled, mixed

NUMBERS = types.Array(types.int64, 2, "C", readonly=True)


def group_rows(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add up values where keys are equal, both int64 and of shape (rows, their number).

    Returns the keys and the sums of each group, in the order in which groups come.
    """
    first, sums = sums_by_key(keys, values, SEED)
    return keys[first], sums


@njit(forceinline=True)
def same_keys(keys, first, second):
    """Whether two rows belong to one group."""
    same = True
    for column in range(keys.shape[1]):
        same &= keys[first, column] == keys[second, column]
    return same


@compiled(types.Tuple((types.int64[::1], types.int64[:, ::1]))(NUMBERS, NUMBERS, types.int64))
def sums_by_key(keys, values, seed):
    """Return the first row and the sums of each group."""
    size = 16
    while size < 2 * len(keys):
        size *= 2
    slots = np.full(size, -1, np.int32)
    first, group_of_last, groups = np.empty(len(keys), np.int64), -1, 0
    sums = np.zeros(values.shape, np.int64)
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
        for column in range(values.shape[1]):
            sums[group, column] += values[row, column]
    return first[:groups].copy(), sums[:groups].copy()
