"""Parquet files, of which only our columns are read."""

from common.command import UserError

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from events.event import NAMES, VALUE, Headers
from events.formats.blocks import is_clean
from events.rows import BadRow, Rows, locate, why_not_storable
from events.times.arrays import number_texts

BATCH_ROWS = 1 << 15
MARK = ": row "


def read_rows(name: str, file: BinaryIO, headers: Headers) -> Iterator[Rows]:
    """The rows of a file. Raises `UserError` for one without our columns, or of other types."""
    try:
        # Times of Spark and Impala (INT96) would be in nanoseconds, and wrap beyond the year 2262.
        table = parquet.ParquetFile(file, coerce_int96_timestamp_unit="us")
        schema = table.schema_arrow
        positions = locate(name, schema.names, headers)
        names = (*NAMES, VALUE)[: len(positions)]
        titles = {
            name: schema.names[position]
            for name, position in zip(names, positions, strict=True)
            if position is not None
        }
        for wanted, title in titles.items():
            check_type(name, wanted, title, schema.field(title).type)
        first = 1
        for batch in table.iter_batches(
            BATCH_ROWS, columns=list(dict.fromkeys(titles.values())), use_threads=False
        ):
            yield rows_of_batch({it: batch[title] for it, title in titles.items()}, first)
            first += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{name}: cannot be read as Parquet: {error}") from None


def check_type(name: str, wanted: str, title: str, kind: pa.DataType) -> None:
    """Raise `UserError` for a column that cannot be what is wanted of it."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    dated = wanted == "time" and (pa.types.is_timestamp(kind) or pa.types.is_date(kind))
    if not (number or dated or is_text(kind) or pa.types.is_null(kind)):
        fitting = (
            "text, a number, a timestamp or a date" if wanted == "time" else "text or a number"
        )
        raise UserError(f"{name}: the column {title!r} is {kind}; {wanted} may be {fitting}")


def is_text(kind: pa.DataType) -> bool:
    """Whether a column has texts; those of bytes are taken as UTF-8."""
    return any(
        check(kind)
        for check in (
            pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
            pa.types.is_binary, pa.types.is_large_binary,
        )
    )  # fmt: skip


def rows_of_batch(columns: dict[str, pa.Array], first: int) -> Rows:
    """The rows of a batch whose first row has this number; `columns` are by our names."""
    found, reasons, size = {}, {}, len(columns[NAMES[0]])
    for name, column in columns.items():
        found[name], not_storable = as_texts_or_numbers(column)
        reasons |= not_storable
    good = np.ones(size, bool)
    good[list(reasons)] = False
    rows = np.arange(first, first + size)
    bad = [BadRow(first + row, reason) for row, reason in sorted(reasons.items())]
    found = {it: column if it == NAMES[1] else as_names(column) for it, column in found.items()}
    if bad:
        found = {it: column.filter(pa.array(good)) for it, column in found.items()}
    uids, times = (found[it] for it in NAMES[:2])
    event_names = found.get(NAMES[2], pa.nulls(len(uids), pa.string()))
    return Rows(uids, times, event_names, lambda: rows[good], bad, MARK, found.get(VALUE))


def as_texts_or_numbers(column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """A column whose texts are strings, and by its place why a value cannot be stored."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not is_text(column.type):
        return column, {}
    stored = column.cast(pa.binary())
    try:
        texts = stored.cast(pa.string())
        if not pc.any(pc.match_substring(texts, "\0")).as_py():
            return texts, {}
    except pa.ArrowInvalid:  # not UTF-8, which Parquet does not check
        pass
    reasons = {
        place: why_not_storable(value)
        for place, value in enumerate(stored.to_pylist())
        if not (value is None or is_clean(value))
    }
    good = pa.array([place not in reasons for place in range(len(column))])
    return pc.if_else(good, stored, None).cast(pa.string()), reasons


def as_names(column: pa.Array) -> pa.StringArray:
    """A column of texts or numbers as texts; NaN, as pandas writes what is missing, is null."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    return number_texts(column)
