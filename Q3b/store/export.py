"""A whole set written as a file, JSON lines or Parquet; and users removed from such files."""

from common.command import UserError

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
from pyarrow import compute, parquet

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
            pa.list_(
                pa.struct(
                    [
                        *ARTIST,
                        ("score", pa.float64()),
                        ("because", pa.list_(REASON)),
                        ("rule", pa.string()),  # of an artist that fills up the list
                    ]
                )
            ),
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


def copy_without(path: Path, users: Collection[str], target: Path) -> int:
    """Copy an export, or another file with a column `user_id`, without the rows of the users.

    Return how many rows were left out. Raises UserError for a file that cannot be read.
    """
    copy = parquet_without if path.suffix == ".parquet" else lines_without
    return copy(path, users, target)


def lines_without(path: Path, users: Collection[str], target: Path) -> int:
    """Copy lines of JSON; the lines that stay are the same byte for byte."""
    removed = 0
    with path.open("rb") as lines, target.open("wb") as kept:
        for number, line in enumerate(lines, 1):
            try:
                user = str(orjson.loads(line)["user_id"])
            except (ValueError, TypeError, KeyError):
                raise UserError(
                    f"{path}:{number}: not a JSON object with a user_id; name a file that "
                    "export_recommendations.py wrote"
                ) from None
            if user in users:
                removed += 1
            else:
                kept.write(line)
    return removed


def parquet_without(path: Path, users: Collection[str], target: Path) -> int:
    """Copy a Parquet file; columns, their types and the file's metadata stay."""
    gone, removed = pa.array(sorted(users), pa.string()), 0
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            with parquet.ParquetWriter(target, schema, compression="zstd") as kept:
                for batch in file.iter_batches(ROWS):
                    found = compute.is_in(batch["user_id"].cast(pa.string()), gone)
                    removed += compute.sum(found).as_py() or 0
                    kept.write_batch(batch.filter(compute.invert(found)))
    except (pa.ArrowException, KeyError) as error:
        raise UserError(f"{path}: not Parquet with a column user_id: {error}") from None
    return removed
