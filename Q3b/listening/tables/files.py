"""A table by the name of its file, whose ends tell its kind and compression."""

from common.command import UserError

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from listening.tables.columns import Kind
from listening.tables.delimited import read_delimited
from listening.tables.json_lines import read_json_lines
from listening.tables.parquet import read_parquet
from listening.tables.table import Table

PACKED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
DELIMITERS = {".csv": ",;", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"


def read_table(
    path: Path, kind: Kind, named: dict[str, str] | None = None, extra: Sequence[str] = ()
) -> Table:
    """Read the columns of a kind of table, and those of the titles `extra`, as texts.

    named: titles by use, as `named_columns` reads them; None for those with usual titles
    Raises UserError for a file that is missing or damaged, and if it is not certain which column
    is which.
    """
    suffix = suffix_of(path)
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if suffix == PARQUET:
        return read_parquet(path, kind, named, extra)
    try:
        with path.open("rb") as stored, unpacked(path, stored) as stream:
            if suffix in JSON_LINES:
                return read_json_lines(path, stream, kind, named, extra)
            return read_delimited(path, stream, kind, named, extra, DELIMITERS[suffix])
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None


def unpacked(path: Path, stored: BinaryIO) -> BinaryIO:
    """The bytes of a file before compression."""
    packed = PACKED.get(path.suffix.lower())
    return pa.CompressedInputStream(stored, packed) if packed else stored


def suffix_of(path: Path) -> str:
    """The end of a name that tells the kind of file. Raises UserError for one that does not."""
    kinds = (*DELIMITERS, *JSON_LINES, PARQUET)
    packed = path.suffix.lower() in PACKED
    suffix = Path(path.stem).suffix.lower() if packed else path.suffix.lower()
    if suffix not in kinds or (packed and suffix == PARQUET):
        raise UserError(
            f"{path}: name it by what it is: {', '.join(kinds)}; all but the last may end in "
            f"{', '.join(PACKED)}"
        )
    return suffix
