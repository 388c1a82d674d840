"""Events as PostgreSQL's COPY takes them in binary, which spares the server reading times.

The format is in https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
EPOCH = 946_684_800 * 10**6  # 2000-01-01 in microseconds since 1970, from which PostgreSQL counts
SIZES = 1 << 16  # how many of them NumPy sorts in a fraction of the time
FEWEST_ALIKE = 32  # rows of the same sizes, on average, that are worth a layout of their own


def as_binary_rows(
    uids: pa.StringArray,
    times: pa.TimestampArray,
    event_names: pa.StringArray,
    values: pa.StringArray | None = None,
) -> bytes:
    """Rows (uid text, time timestamptz, event_name text), one at least, in another order.

    No time is null. With `values` they have a fourth column, a text. Any number of such parts make
    a COPY, between `HEADER` and `TRAILER`.
    """
    texts = [uids, event_names] + ([] if values is None else [values])
    ticks = times.cast(pa.int64()).to_numpy() - EPOCH
    sizes = np.array([lengths(column) for column in texts])
    alike = rows_alike(sizes)
    if alike is None:
        return joined(texts, ticks, sizes)
    contents = [content(column) for column in texts]
    return b"".join(laid_out(contents, ticks, sizes, rows) for rows in alike)


def lengths(texts: pa.StringArray) -> np.ndarray:
    """The number of bytes of each text, -1 for null."""
    return pc.fill_null(pc.binary_length(texts), -1).to_numpy(zero_copy_only=False)


def rows_alike(sizes: np.ndarray) -> list[np.ndarray] | None:
    """The numbers of the rows of each combination of sizes; None if these are many.

    sizes: for each column of texts the size in each row.
    """
    ranges = sizes.max(axis=1, initial=0).astype(np.int64) + 2
    if np.prod(ranges, dtype=np.float64) > SIZES:
        return None
    keys = np.ravel_multi_index(tuple(sizes + 1), tuple(ranges)).astype(np.uint16)
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    return None if len(ends) * FEWEST_ALIKE > len(keys) else np.split(order, ends)


def content(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of all texts, and where each begins."""
    _, offsets, stored = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    return np.frombuffer(b"" if stored is None else stored, np.uint8), starts


def laid_out(
    contents: Sequence[tuple[np.ndarray, np.ndarray]],
    ticks: np.ndarray,
    sizes: np.ndarray,
    rows: np.ndarray,
) -> bytes:
    """Rows whose texts have the same sizes."""
    own = sizes[:, rows[0]].tolist()
    fields = [("fields", ">i2"), *text_field(0, own[0]), ("time_size", ">i4"), ("time", ">i8")]
    for number, size in enumerate(own[1:], 1):
        fields += text_field(number, size)
    table = np.empty(len(rows), fields)
    table["fields"] = len(contents) + 1
    table["time_size"], table["time"] = 8, ticks[rows]
    for number, (size, (stored, starts)) in enumerate(zip(own, contents, strict=True)):
        table[f"size_{number}"] = size
        if size > 0:
            # The text of this size at each place, of which those are taken where one begins.
            texts = np.ndarray(len(stored) - size + 1, f"V{size}", stored, strides=1)
            table[f"text_{number}"] = texts[starts[rows]]
    return table.tobytes()


def text_field(number: int, size: int) -> list[tuple[str, str]]:
    """The layout of a text: its size, and its bytes if it has any."""
    return [(f"size_{number}", ">i4")] + [(f"text_{number}", f"V{size}")] * (size > 0)


def joined(texts: Sequence[pa.StringArray], ticks: np.ndarray, sizes: np.ndarray) -> bytes:
    """Rows of any sizes."""
    moments = np.empty(len(ticks), [("time_size", ">i4"), ("time", ">i8")])
    moments["time_size"], moments["time"] = 8, ticks
    parts = [each(np.full(len(ticks), len(texts) + 1, ">i2"))]
    for column, size in zip(texts, sizes, strict=True):
        parts += [each(size.astype(">i4")), pc.fill_null(column, "").cast(pa.binary())]
        if column is texts[0]:
            parts.append(each(moments))
    rows = pc.binary_join_element_wise(*parts, b"")
    _, offsets, stored = rows.buffers()
    ends = np.frombuffer(offsets, np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return bytes(memoryview(stored)[ends[0] : ends[-1]])


def each(values: np.ndarray) -> pa.BinaryArray:
    """Each value of an array as its bytes."""
    ends = np.arange(0, values.nbytes + 1, values.itemsize, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.binary(), len(values), buffers)
