"""Sparse matrices put together from the lengths of their rows."""

import numpy as np
from scipy.sparse import csr_array


def row_starts(lengths: np.ndarray) -> np.ndarray:
    """(n + 1,) where the rows of a CSR matrix start, by their lengths (n,).

    int32 where that can hold them, since scipy keeps the columns in the type of the starts.
    """
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return starts.astype(np.int32) if starts[-1] <= np.iinfo(np.int32).max else starts


def with_small_indices(
    values: np.ndarray, columns: np.ndarray, lengths: np.ndarray, width: int
) -> csr_array:
    """Rows of these lengths; scipy would keep the columns in 64 bits for the sake of the starts."""
    starts = row_starts(lengths)
    columns = columns.astype(starts.dtype, copy=False)
    return csr_array((values, columns, starts), (len(lengths), width))
