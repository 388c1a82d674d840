"""JSON lines: an object in each line, of which the kernel or DuckDB takes what a row needs.

They become lines of fields that the kernel judges, so that one set of rules holds for all formats.

Source of the wrapper: "JSON File logging driver", Docker documentation.
"""

from common.command import UserError

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from logs.fields import FIELDS, REASONS, URL, Layout, LayoutOptions, LogFormat
from logs.layouts.rows import OPTIONAL, own_fields, row_layout
from logs.layouts.whole import WholeFormat

# Returns the format of some lines of a file.
FormatFinder = Callable[[bytes, str, LayoutOptions], LogFormat]
DOCKER = {"log", "stream", "time"}
SAMPLE_LINES = 100
FIRST = re.compile(rb'\s*\{\s*"')
# DuckDB ends a query at the first line that is not JSON; then each line is looked at before.
ALL_SOUND = "SELECT line, false AS blank FROM lines"
SOUND_OR_NULL = (
    "SELECT CASE WHEN json_valid(line) THEN line ELSE 'null' END AS line, "
    "regexp_full_match(line, '\\s*') AS blank FROM lines"
)


class Connections(threading.local):
    """A connection to DuckDB for each thread."""

    database = None

    def get(self):
        """Return this thread's connection."""
        if self.database is None:
            import duckdb  # takes time to load, and only these formats need it

            self.database = duckdb.connect(config={"threads": 1})
            self.database.execute("SET enable_progress_bar = false")  # to standard output
        return self.database


CONNECTIONS = Connections()


@dataclass(frozen=True)
class JsonLayout(Layout):
    """The layout of the lines that JSON lines become; their fields are at these paths."""

    paths: tuple[tuple[str, ...], ...] = ()
    reasons: ClassVar[dict[str, str]] = {REASONS[FIELDS]: "line is not a JSON object with a URL"}

    def as_text(self, block: memoryview) -> memoryview:
        """Return a line of fields for each line; a blank one stays blank."""
        from logs.json_block import lines_of_fields  # compiled, and only these formats need it

        text = lines_of_fields(block, self.roles, self.paths)
        return self.text_by_duckdb(block) if text is None else text

    def text_by_duckdb(self, block: memoryview) -> memoryview:
        """Return a line of fields for each line, which DuckDB reads."""
        values = [
            f"coalesce(v[{place}], '{'-' if role in OPTIONAL else ''}')"
            for place, role in enumerate(self.roles, 1)
        ]
        url = self.roles.index(URL) + 1
        line = f"concat_ws(chr(9), {', '.join(map(without_breaks, values))})"
        return extracted(block, self.paths, f"CASE WHEN v[{url}] IS NULL THEN '-' ELSE {line} END")


@dataclass(frozen=True)
class DockerLayout(Layout):
    """A layout of lines that Docker has put into JSON objects."""

    inner: Layout | None = None
    reasons: ClassVar[dict[str, str]] = {}

    def as_text(self, block: memoryview) -> memoryview:
        """Return the lines that the objects hold."""
        return self.inner.as_text(lines_of_docker(block))


def lines_of_docker(block: memoryview) -> memoryview:
    """Return the lines in Docker's objects; one that is no such object is a lone `-`."""
    line = "replace(rtrim(v[1], chr(13) || chr(10)), chr(10), ' ')"
    return extracted(block, (("log",),), f"coalesce({line}, '-')")


def without_breaks(value: str) -> str:
    """SQL for a value without the characters that end fields and lines, percent-encoded."""
    return f"replace(replace({value}, chr(9), '%09'), chr(10), '%0A')"


def extracted(block: memoryview, paths: tuple[tuple[str, ...], ...], line: str) -> memoryview:
    """Return the lines that SQL makes of the values `v` at these paths of each line's object."""
    import duckdb

    keys = ", ".join(f"'{pointer(path)}'" for path in paths)
    values = f"SELECT json_extract_string(line, [{keys}]) AS v, blank FROM"
    query = f"SELECT CASE WHEN blank THEN '' ELSE {line} END || chr(10) FROM ({values}"  # noqa: S608
    try:
        return run_query(block, f"{query} ({ALL_SOUND}))")
    except (duckdb.Error, UnicodeDecodeError):
        return run_query(memoryview(in_utf_8(block)), f"{query} ({SOUND_OR_NULL}))")


def in_utf_8(block: memoryview) -> bytes:
    """The lines of a block, those that are not UTF-8 as `null`."""
    lines = bytes(block).split(b"\n")
    return b"\n".join(line if is_utf_8(line) else b"null" for line in lines)


def is_utf_8(line: bytes) -> bool:
    """Whether a line is UTF-8, as all JSON is."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def run_query(block: memoryview, query: str) -> memoryview:
    """Run SQL on a table `lines`; return the one column's texts, one after the other."""
    import numpy as np
    import pyarrow as pa

    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n"))
    buffers = pa.py_buffer(np.concatenate([[0], ends + 1])), pa.py_buffer(block)
    lines = pa.table({"line": pa.LargeStringArray.from_buffers(len(ends), *buffers)})
    database = CONNECTIONS.get()
    database.register("lines", lines)
    try:
        found = database.sql(query).to_arrow_table().column(0)
    finally:
        database.unregister("lines")
    found = pa.chunked_array(found.chunks, found.type).cast(pa.large_binary()).combine_chunks()
    offsets, text = found.buffers()[1:]
    ends = np.frombuffer(offsets, np.int64)
    return memoryview(text)[ends[found.offset] : ends[found.offset + len(found)]]


def pointer(path: tuple[str, ...]) -> str:
    """The JSON pointer to a value (RFC 6901), as it is written in a string of SQL."""
    escaped = (key.replace("~", "~0").replace("/", "~1").replace("'", "''") for key in path)
    return "".join(f"/{key}" for key in escaped)


def layout_for(
    find: FormatFinder, lines: list[bytes], file: str, options: LayoutOptions, named: bool
) -> Layout | None:
    """The layout of JSON lines; see `logs.layouts.whole.WholeFormat`."""
    if not named and not FIRST.match(lines[0]):
        return None
    objects = [found for line in lines[:SAMPLE_LINES] if (found := first_object(line))]
    if not objects:
        raise UserError(f"{file}:1: the line is not a JSON object; write one in each line")
    if DOCKER & set(objects[0]) == {*objects[0]} and "log" in objects[0]:
        return docker_layout(find, objects, file, options)
    keys: dict[tuple[str, ...], str] = {}
    for found in reversed(objects):
        keys |= flat(found)
    return json_layout(keys, file, options)


def json_layout(keys: dict[tuple[str, ...], str], file: str, options: LayoutOptions) -> JsonLayout:
    """The layout of objects that have values at these paths. Raises `UserError`."""
    names = [".".join(path) for path in keys]
    layout, places = row_layout(names, [*keys.values()], f"{file}:1", options)
    paths = tuple([*keys][place] for place in places)
    return JsonLayout(**own_fields(layout), paths=paths)


def docker_layout(
    find: FormatFinder, objects: list[dict], file: str, options: LayoutOptions
) -> DockerLayout:
    """The layout of the lines that Docker's objects hold. Raises `UserError`."""
    text = b"".join(str(found.get("log", "")).rstrip("\r\n").encode() + b"\n" for found in objects)
    inner = find(text, file, options._replace(log_format=None))
    layout = next(layout for layout, _ in inner.pieces([memoryview(text)], file, options))
    if layout.comments or layout.header:
        raise UserError(f"{file}:1: a log with a header cannot be read from Docker's JSON lines")
    return DockerLayout(**own_fields(layout), inner=layout)


def first_object(line: bytes) -> dict | None:
    """The object in a line, without its last values where the line was cut."""
    text = line.decode("utf-8", "replace")
    ends = [len(text), *(at for at, letter in enumerate(text) if letter == ",")][::-1]
    for end in [len(text), *ends[:20]]:
        for closing in ("", "}", "}}", "}}}"):
            try:
                found = json.loads(text[:end] + closing)
            except (ValueError, RecursionError):
                continue
            return found if isinstance(found, dict) else None
    return None


def flat(found: dict, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """The values of an object by their paths, as texts."""
    values: dict[tuple[str, ...], str] = {}
    for key, value in found.items():
        path = (*above, key)
        values |= flat(value, path) if isinstance(value, dict) else {path: str(value)}
    return values


def json_format(find: FormatFinder) -> WholeFormat:
    """The format of JSON lines; `find` finds that of the lines that Docker wraps."""
    described = "a JSON object in each line, such as a CDN's log delivery writes"
    return WholeFormat(described, partial(layout_for, find))
