"""Files of this machine that DuckDB reads as a table: Parquet, and large files of JSON lines."""

from common.command import UserError

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from logs.archives import PARQUET
from logs.fields import LONGEST_LINE, Layout, LayoutOptions
from logs.layouts import FORMATS, format_of
from logs.layouts.json_lines import JsonLayout
from logs.layouts.rows import MOMENT_SAMPLE, row_layout
from logs.layouts.whole import HEAD, first_lines
from logs.sources import Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST_JSON = 4 << 20  # bytes: smaller files are packed together, which costs less than a query each
NEWLINE_NEAR = 1 << 12  # bytes in which a newline is looked for first
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
    unfinished: tuple[str, ...]  # the file, if its last line has no newline
    kind: str  # the name of its format


def table_of(
    source: Source, raw: BinaryIO, options: LayoutOptions, rows: range | None = None
) -> Table | None:
    """Return a file as a table; None if it cannot be read as one, whatever the reason.

    Of a Parquet file `rows` selects some.
    """
    if glob.has_magic(str(source.path)):
        return None
    raw.seek(0)
    head = raw.read(HEAD)
    with suppress(UserError):  # reported where the file is read as all are
        if head.startswith(PARQUET):
            return parquet_table(source, options, rows)
        if source.size >= LEAST_JSON and head.lstrip()[:1] == b"{":
            return json_table(source, raw, head, options)
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
    return Table(source.name, database, layout, relation, columns, types, (), "parquet")


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


def json_table(source: Source, raw: BinaryIO, head: bytes, options: LayoutOptions) -> Table | None:
    """A file of JSON lines as a table; None for objects within others' text. Raises `UserError`."""
    log_format = format_of(head, source.name, options)
    if log_format is not FORMATS["json"]:
        return None
    layout = log_format.layout_for(first_lines(head), source.name, options, True)
    if not isinstance(layout, JsonLayout) or may_have_long_line(raw, source.size):
        return None
    keys: dict = {}
    for first, *more in layout.paths:
        below = keys.setdefault(first, {})
        for key in more:
            below = below.setdefault(key, {})
    columns = ", ".join(f"{literal(key)}: {literal(type_of(below))}" for key, below in keys.items())
    relation = (
        f"read_json({literal(source.path)}, format = 'newline_delimited', compression = 'none', "
        f"hive_partitioning = false, columns = {{{columns}}})"
    )
    paths = tuple(".".join(map(identifier, path)) for path in layout.paths)
    raw.seek(source.size - 1)
    unfinished = () if raw.read(1) == b"\n" else (source.name,)
    kinds = ("VARCHAR",) * len(paths)
    return Table(source.name, open_database(), layout, relation, paths, kinds, unfinished, "json")


def type_of(below: dict) -> str:
    """The type of a value that is a text, or an object with such values."""
    if not below:
        return "VARCHAR"
    parts = (f"{identifier(key)} {type_of(value)}" for key, value in below.items())
    return f"STRUCT({', '.join(parts)})"


def may_have_long_line(raw: BinaryIO, size: int) -> bool:
    """Whether a line may be longer than `LONGEST_LINE`, which would be a rejected row.

    Such a line fills a window of half that length, so a newline in each window rules it out.
    """
    windows = range(0, size, LONGEST_LINE // 2)
    return not all(any(b"\n" in part for part in parts_of(raw, start)) for start in windows)


def parts_of(raw: BinaryIO, start: int) -> Iterator[bytes]:
    """Yield the first bytes of a window, then the rest; at the end of the file, a newline."""
    raw.seek(start)
    yield raw.read(NEWLINE_NEAR)
    rest = raw.read(LONGEST_LINE // 2 - NEWLINE_NEAR)
    yield rest
    if len(rest) < LONGEST_LINE // 2 - NEWLINE_NEAR:
        yield b"\n"


def literal(value: str | os.PathLike) -> str:
    """A string of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of SQL."""
    return '"' + name.replace('"', '""') + '"'
