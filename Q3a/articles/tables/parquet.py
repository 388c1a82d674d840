"""Apache Parquet, read by pyarrow: only the columns that are wanted."""

from common.command import UserError

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from articles.tables.streams import opened
from articles.tables.table import Row, Table, as_text, guarded


@contextmanager
def parquet_table(path: Path) -> Iterator[Table]:
    """Open a Parquet file. Raises UserError if it is damaged."""
    from pyarrow import parquet

    with opened(path) as binary:
        try:
            file = parquet.ParquetFile(binary)
        except Exception as error:  # whatever a damaged file makes pyarrow raise
            raise damaged(path, error) from None

        def rows(columns: Sequence[int]) -> Iterator[Row]:
            wanted = [file.schema_arrow.names[column] for column in columns]
            yield from guarded(rows_of(file, wanted), partial(damaged, path))

        yield Table(file.schema_arrow.names, rows)


def rows_of(file, names: list[str]) -> Iterator[Row]:
    """Yield the rows of a Parquet file, counted from 1."""
    number = 0
    for batch in file.iter_batches(columns=names):
        for values in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
            number += 1
            try:
                yield Row(number, tuple(map(as_text, values)))
            except ValueError as error:
                yield Row(number, (), f"unusable field: {error}")


def damaged(path: Path, error: Exception) -> UserError:
    """Return the error of a file that pyarrow cannot read."""
    return UserError(f"{path}: not a Parquet file that can be read: {error}")
