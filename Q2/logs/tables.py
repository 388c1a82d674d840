"""Parquet files of this machine as tables that DuckDB reads."""

from common.command import UserError

import glob
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from logs.archives import PARQUET
from logs.fields import Layout, LayoutOptions
from logs.layouts.rows import MOMENT_SAMPLE, row_layout
from logs.sources import Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WHOLE = {f"{sign}{kind}" for sign in ("", "U") for kind in ("TINYINT", "SMALLINT", "INTEGER")}
WHOLE |= {"BIGINT", "UBIGINT"}
TIMESTAMPS = {f"TIMESTAMP{end}" for end in ("", "_S", "_MS", "_NS", " WITH TIME ZONE")}
RENAMED = re.compile(r"(.*)_[0-9]+")


class Table(NamedTuple):
    """A file as a table of SQL, and a connection that reads it: to open one takes time."""

    file: str
    database: "DuckDBPyConnection"
    layout: Layout
    relation: str  # what to read FROM
    columns: tuple[str, ...]  # an expression of SQL for each field of the layout
    kinds: tuple[str, ...]  # their types


def table_of(
    source: Source, raw: BinaryIO, options: LayoutOptions, rows: range | None = None
) -> Table | None:
    """Return a file, or these rows of it, as a table; None if it cannot be read as one.

    Why it cannot is reported where the file is read as all are.
    """
    if glob.has_magic(str(source.path)):
        return None
    raw.seek(0)
    if raw.read(len(PARQUET)) != PARQUET:
        return None
    with suppress(UserError):
        return parquet_table(source, options, rows)
    return None


def open_database() -> "DuckDBPyConnection":
    """Open a database in memory."""
    import duckdb  # takes time to load, and only these files need it

    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")  # it would go to standard output
    return database


def parquet_table(source: Source, options: LayoutOptions, rows: range | None) -> Table | None:
    """A Parquet file as a table; None for one that is left to pyarrow. Raises `UserError`."""
    import duckdb

    database = open_database()
    relation = parquet_relation(source)
    try:
        described = database.execute(f"DESCRIBE FROM {relation}").fetchall()
        kinds = {name: kind for name, kind, *_ in described}
        sample = first_values(database, relation, kinds)
    except duckdb.Error:  # such as for damage, which is reported where the file is read as all are
        return None
    if has_renamed(kinds):
        return None
    layout, _ = row_layout([*kinds], sample, source.name, options)
    columns = tuple(map(identifier, layout.names))
    types = tuple(kinds[name] for name in layout.names)
    if rows is not None:
        numbered = relation.replace(
            "hive_partitioning", "file_row_number = true, hive_partitioning"
        )
        wanted = f"file_row_number >= {rows.start} AND file_row_number < {rows.stop}"
        relation = f"(SELECT * FROM {numbered} WHERE {wanted})"  # noqa: S608 numbers
    return Table(source.name, database, layout, relation, columns, types)


def parquet_relation(source: Source, *more: str) -> str:
    """What to read a Parquet file FROM; `hive_partitioning` would take columns from its folders."""
    settings = ", ".join((literal(source.path), "hive_partitioning = false", *more))
    return f"read_parquet({settings})"


def first_values(database: "DuckDBPyConnection", relation: str, kinds: dict[str, str]) -> list[str]:
    """The first row's texts and whole numbers, an empty text for the rest, by which it is laid out.

    A column of another type than `logs.plain_rows` reads makes the file one for the kernel.
    """
    read = [name for name, kind in kinds.items() if kind == "VARCHAR" or kind in WHOLE]
    query = f"SELECT {', '.join(map(identifier, read))} FROM {relation} LIMIT 1"  # noqa: S608
    rows = read and database.execute(query).fetchall()
    values = {name: MOMENT_SAMPLE for name, kind in kinds.items() if kind in TIMESTAMPS}
    if rows:
        texts = ("" if value is None else str(value) for value in rows[0])
        values |= zip(read, texts, strict=True)
    return [values.get(name, "") for name in kinds]


def has_renamed(names: Sequence[str]) -> bool:
    """Whether a name may be DuckDB's own, for a column named like another in small letters."""
    lower = {name.lower() for name in names}
    return any((found := RENAMED.fullmatch(name)) and found[1] in lower for name in lower)


def literal(value: str | os.PathLike) -> str:
    """A string of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of SQL."""
    return '"' + name.replace('"', '""') + '"'
