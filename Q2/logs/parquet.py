"""Parquet files: pyarrow reads the columns that a row needs, some rows at a time.

Their values become lines of fields that the kernel judges, so that one set of rules holds for all
formats.
"""

from common.command import UserError

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from logs.fields import DATE, EPOCH, FIELDS, MOMENT, REASONS, URL, Layout, LayoutOptions
from logs.layouts.rows import MOMENT_SAMPLE, OPTIONAL, own_fields, row_layout

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

ROWS = 1 << 16  # of a piece
PER_SECOND = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}
TEXTS = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
OTHERS = ("integer", "floating", "decimal", "date", "time", "timestamp")


@dataclass(frozen=True)
class ParquetLayout(Layout):
    """The layout of the lines that rows become."""

    reasons: ClassVar[dict[str, str]] = {REASONS[FIELDS]: "row has no URL"}

    def as_text(self, rows: "pa.RecordBatch") -> memoryview:
        """Return a line of fields for each row."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        tab, newline, nothing = (pa.scalar(text, pa.large_binary()) for text in (b"\t", b"\n", b""))
        parts = []
        for role, column in zip(self.roles, rows.columns, strict=True):
            text = as_bytes(column, role)
            missing = b"-" if role in OPTIONAL else b""
            parts += [text if role == URL else pc.fill_null(text, missing), tab]
        lines = pc.binary_join_element_wise(*parts[:-1], newline, nothing)
        lines = pc.fill_null(lines, b"-\n")  # a row without a URL
        offsets = np.frombuffer(lines.buffers()[1], np.int64)
        text = memoryview(lines.buffers()[2] or b"")
        return text[offsets[lines.offset] : offsets[lines.offset + len(lines)]]


def as_bytes(column: "pa.Array", role: int) -> "pa.Array":
    """The values of a column as the kernel reads them; moments as numbers since 1970."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_one_of(column.type, TEXTS):
        return without_breaks(column.cast(pa.large_binary()))
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32()) if role == DATE else column.cast(pa.int64())
    elif pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**53))
        numbers = pc.if_else(whole, column, 0.0).cast(pa.int64()).cast(pa.string())
        column = pc.if_else(whole, numbers, column.cast(pa.string()))
    return column.cast(pa.large_string()).cast(pa.large_binary())


def without_breaks(column: "pa.Array") -> "pa.Array":
    """The texts of a column with the bytes that end fields and lines percent-encoded."""
    import numpy as np
    import pyarrow.compute as pc

    text = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    if text.size and text.min() <= ord("\n"):  # which is rare, and the replacement takes time
        for letter, escaped in ((b"\t", b"%09"), (b"\n", b"%0A")):
            column = pc.replace_substring(column, letter, escaped)
    return column


def is_one_of(kind: "pa.DataType", names: tuple[str, ...]) -> bool:
    """Whether a type, or that of a dictionary's values, is one of these."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)


def parquet_pieces(
    raw: BinaryIO, file: str, options: LayoutOptions, rows: range | None = None
) -> Iterator[tuple[Layout, "pa.RecordBatch"]]:
    """Yield the layout of a file with some rows at a time, all or those of the groups in `rows`.

    Raises `UserError`.
    """
    with opened_file(raw, file) as opened:
        layout = layout_of_file(opened, file, options)
        columns = list(layout.names)
        starts = starts_of_groups(opened.metadata)[:-1]
        groups = [group for group, start in enumerate(starts) if rows is None or start in rows]
        # Its threads would take from those that scan.
        for batch in opened.iter_batches(ROWS, groups, columns, use_threads=False):
            yield layout, batch.select(columns)


def ranges_of_rows(raw: BinaryIO, file: str, size: int) -> list[range]:
    """The rows of a file in ranges of whole row groups, of about `size` bytes each.

    Raises `UserError`.
    """
    with opened_file(raw, file) as opened:
        metadata = opened.metadata
        starts, filled = [], size
        for group, first in enumerate(starts_of_groups(metadata)[:-1]):
            more = metadata.row_group(group).total_byte_size
            if filled + more > size:
                starts.append(first)
                filled = 0
            filled += more
        return [range(*bounds) for bounds in pairwise([*starts, metadata.num_rows])]


def starts_of_groups(metadata: "parquet.FileMetaData") -> list[int]:
    """The first row of each row group, counted from 0, and the number of rows."""
    rows = (metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    return list(accumulate(rows, initial=0))


@contextmanager
def opened_file(raw: BinaryIO, file: str) -> "Iterator[parquet.ParquetFile]":
    """Open a Parquet file; damage that is found while it is open is a `UserError`."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        yield parquet.ParquetFile(raw)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(
            f"{file}: the Parquet file is damaged or cut short ({reason}); fetch it again"
        ) from None


def layout_of_file(opened, file: str, options: LayoutOptions) -> ParquetLayout:
    """The layout of a file by the names and types of its columns. Raises `UserError`."""
    import pyarrow as pa

    kinds = {field.name: field.type for field in opened.schema_arrow}
    names = [name for name, kind in kinds.items() if is_one_of(kind, TEXTS + OTHERS)]
    first = next(opened.iter_batches(1, columns=names), None)
    sample = [
        MOMENT_SAMPLE if pa.types.is_timestamp(kinds[name]) else text_of(first, name)
        for name in names
    ]
    layout, _ = row_layout(names, sample, file, options)
    if MOMENT in layout.roles:
        kind = kinds[layout.names[layout.roles.index(MOMENT)]]
        if pa.types.is_timestamp(kind):
            layout = replace(layout, moment=EPOCH, per_second=PER_SECOND[kind.unit])
    return ParquetLayout(**own_fields(layout))


def text_of(rows: "pa.RecordBatch | None", name: str) -> str:
    """The first value of a column as text; nothing where there is none."""
    value = rows[name][0].as_py() if rows is not None and len(rows) else None
    return "" if value is None else str(value)
