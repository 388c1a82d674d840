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
TEXT = pa.string()
NAMED = [("id", TEXT), ("name", TEXT)]
REASON = pa.struct([*NAMED, ("share", pa.float64()), ("listeners", pa.int32())])


def schema_of(run: Run) -> pa.Schema:
    """The columns of an export, a row a user."""
    fields = [(name, TEXT) for name in run.item_fields]
    why = [("score", pa.float64()), ("because", pa.list_(REASON))]
    item = pa.struct([*NAMED, *fields, *why, ("rule", TEXT)])  # the rule of one that fills up
    about = ("user_id", "rule", "version", "generated_at")
    return pa.schema([*((name, TEXT) for name in about), ("items", pa.list_(item))])


def export_set(store: Store, path: Path) -> tuple[Run, int]:
    """Write the published set, a row a user; the suffix `.parquet` or `.jsonl` selects the format.

    Return the run and how many users were written. Raises StoreError if nothing was published.
    """
    run = store.current()
    if run is None:
        raise StoreError("nothing was published yet: run recommend_daily.py")
    schema = schema_of(run)
    rows = ({name: item[name] for name in schema.names} for item in store.users(run))
    with replacing(path) as sibling:
        if path.suffix == ".parquet":
            return run, write_parquet(sibling, rows, schema)
        return run, write_lines(sibling, rows)


def write_lines(path: Path, rows: Iterator[dict]) -> int:
    """Write rows as lines of JSON; return how many."""
    written = 0
    with path.open("wb") as file:
        for written, row in enumerate(rows, 1):  # noqa: B007 - the last is how many
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return written


def write_parquet(path: Path, rows: Iterator[dict], schema: pa.Schema) -> int:
    """Write rows as Parquet; return how many."""
    written = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while part := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(part, schema))
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
