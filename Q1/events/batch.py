"""Rows as events: with moments for times, nobody for an empty uid, and apart from other rows."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from events import times
from events.rows import BadRow, Rows

LONGEST_SHOWN = 60  # characters of a value in a message
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Batch(NamedTuple):
    """Events, of which only `times` are never null, and the rows that are not, in order.

    `values` are null altogether if nobody asked for them.
    """

    uids: pa.StringArray
    times: pa.TimestampArray
    event_names: pa.StringArray
    values: pa.StringArray
    bad: list[BadRow]


def batch_of(rows: Rows, time_format: str | None) -> Batch:
    """The events among some rows, whose times are in a format of strptime, or in the grammar."""
    moments = times.moments(rows.times, time_format)
    values = pa.nulls(len(moments), pa.string()) if rows.values is None else rows.values
    columns, bad = [rows.uids, moments, rows.event_names, values], rows.bad
    if moments.null_count:
        lines, valid = rows.lines(), pc.is_valid(moments)
        columns = [column.filter(valid) for column in columns]
        bad = bad + [
            BadRow(
                int(lines[row]), times.reason(rows.times[row], time_format), shown(rows.times[row])
            )
            for row in pc.indices_nonzero(pc.invert(valid)).to_pylist()
        ]
    uids, moments, event_names, values = columns
    return Batch(
        null_if_empty(uids),
        moments,
        null_if_empty(event_names),
        null_if_empty(values),
        sorted(bad, key=lambda row: row.line),
    )


def shown(time: pa.Scalar) -> str | None:
    """A time that is text or a number, for a message; else None."""
    is_shown = time.is_valid and not pa.types.is_temporal(time.type)
    return str(time.as_py())[:LONGEST_SHOWN] if is_shown else None


def null_if_empty(texts: pa.StringArray) -> pa.StringArray:
    """The texts, with null in the place of empty ones."""
    if pc.min(pc.binary_length(texts)).as_py() != 0:
        return texts
    return pc.if_else(pc.equal(texts, ""), None, texts)


def first_and_last(moments: pa.TimestampArray) -> tuple[datetime, datetime]:
    """The ends of moments, of which there is one at least."""
    ends = pc.min_max(moments.cast(pa.int64())).as_py()
    first, last = (EPOCH + timedelta(microseconds=ticks) for ticks in ends.values())
    return first, last
