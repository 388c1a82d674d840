"""A whole set written as a file: JSON lines, or Parquet."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
from pyarrow import parquet

from common.output import replacing
from store.protocol import Run, Store, StoreError

ROWS = 4_096  # users in memory at once
ARTIST = [("name", pa.string()), ("mbid", pa.string())]
REASON = pa.struct([*ARTIST, ("share", pa.float64()), ("listeners", pa.int32())])
SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("rule", pa.string()),
        ("version", pa.string()),
        ("generated_at", pa.string()),
        (
            "artists",
            pa.list_(pa.struct([*ARTIST, ("score", pa.float64()), ("because", pa.list_(REASON))])),
        ),
    ]
)


def export_set(store: Store, path: Path) -> tuple[Run, int]:
    """Write the published set, a row a user; the suffix `.parquet` or `.jsonl` selects the format.

    Return the run and how many users were written. Raises StoreError if nothing was published.
    """
    run = store.current()
    if run is None:
        raise StoreError("nothing was published yet: run recommend_daily.py")
    rows = ({name: item[name] for name in SCHEMA.names} for item in store.users(run))
    write = write_parquet if path.suffix == ".parquet" else write_lines
    with replacing(path) as sibling:
        return run, write(sibling, rows)


def write_lines(path: Path, rows: Iterator[dict]) -> int:
    """Write rows as lines of JSON; return how many."""
    written = 0
    with path.open("wb") as file:
        for written, row in enumerate(rows, 1):  # noqa: B007 - the last is how many
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return written


def write_parquet(path: Path, rows: Iterator[dict]) -> int:
    """Write rows as Parquet; return how many."""
    written = 0
    with parquet.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while part := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(part, SCHEMA))
            written += len(part)
    return written
