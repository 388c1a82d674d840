"""Events as PostgreSQL's COPY takes them in binary, which spares the server reading times.

The format is in https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
EPOCH = 946_684_800 * 10**6  # 2000-01-01 in microseconds since 1970, from which PostgreSQL counts
BEFORE_UID = np.dtype([("fields", ">i2"), ("uid_length", ">i4")])
AROUND_TIME = np.dtype([("time_length", ">i4"), ("time", ">i8"), ("name_length", ">i4")])
BEFORE_VALUE = np.dtype([("value_length", ">i4")])


def as_binary_rows(
    uids: pa.StringArray,
    times: pa.TimestampArray,
    event_names: pa.StringArray,
    values: pa.StringArray | None = None,
) -> memoryview:
    """Rows (uid text, time timestamptz, event_name text), of which no time is null.

    With `values` they have a fourth column, a text.

    Any number of them make a COPY, between `HEADER` and `TRAILER`.
    """
    before_uid = np.empty(len(uids), BEFORE_UID)
    before_uid["fields"] = 3 if values is None else 4
    before_uid["uid_length"] = lengths(uids)
    around_time = np.empty(len(uids), AROUND_TIME)
    around_time["time_length"] = 8
    around_time["time"] = times.cast(pa.int64()).to_numpy() - EPOCH
    around_time["name_length"] = lengths(event_names)
    parts = [as_bytes(before_uid), stored(uids), as_bytes(around_time), stored(event_names)]
    if values is not None:
        before_value = np.empty(len(uids), BEFORE_VALUE)
        before_value["value_length"] = lengths(values)
        parts += [as_bytes(before_value), stored(values)]
    rows = pc.binary_join_element_wise(*parts, b"")
    _, offsets, content = rows.buffers()
    ends = np.frombuffer(offsets, np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return memoryview(content)[ends[0] : ends[-1]]


def lengths(texts: pa.StringArray) -> np.ndarray:
    """The number of bytes of each text, -1 for null."""
    return pc.fill_null(pc.binary_length(texts), -1).to_numpy(zero_copy_only=False)


def stored(texts: pa.StringArray) -> pa.BinaryArray:
    """The bytes of texts, none for null."""
    return pc.fill_null(texts, "").cast(pa.binary())


def as_bytes(values: np.ndarray) -> pa.BinaryArray:
    """Each value of a structured array as its bytes."""
    kind = pa.binary(values.itemsize)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)]).cast(pa.binary())
