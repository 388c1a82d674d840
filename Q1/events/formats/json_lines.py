"""JSON lines: an object on each line, whose keys are the columns; other keys are passed over.

Arrow reads a block whose values are all of the types of its first row, and Python's json module any
other, in which it finds the rows that are broken.
"""

from common.command import UserError

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from events.event import NAMES, VALUE, Headers
from events.formats.blocks import Taken, is_clean, rows_in_blocks
from events.rows import (
    BadRow,
    Rows,
    is_storable,
    locate,
    rows_of,
    wanted_titles,
    why_not_storable,
)
from events.streams import CHUNK_BYTES, Stream
from events.times.arrays import expand

NO_OBJECT = "not a JSON object"
NO_OBJECTS = "no line is a JSON object with keys; write one on each line, for instance with jq -c"
TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64()}
EXACT = 2**53  # above it not every whole number is a floating-point number


def read_rows(name: str, text: Stream, headers: Headers) -> Iterator[Rows]:
    """The rows of a text. Raises `UserError` if one of our columns is not among its keys."""
    wanted = set(wanted_titles(headers).values())
    keys = {}
    for line in text.peek(CHUNK_BYTES).split(b"\n"):
        keys |= dict.fromkeys(parsed(line) or {})
        if wanted <= keys.keys():
            break
    if not keys:
        raise UserError(f"{name}:1: {NO_OBJECTS}")
    titles = list(keys)
    positions = locate(f"{name}:1", titles, headers)
    keys = [None if position is None else titles[position] for position in positions]
    yield from rows_in_blocks(name, text, 1, partial(read_alike, keys), partial(read_any, keys))


class Object(dict):
    """A JSON object that knows its duplicate keys."""

    def __init__(self, pairs: list[tuple]):
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.duplicates = {key for key, count in counts.items() if count > 1}


def parsed(line: bytes) -> Object | None:
    """The object on a line, or None."""
    try:
        found = json.loads(line.decode(), object_pairs_hook=Object)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Object) else None


def read_alike(keys: list[str], data: bytes, line: int, final: bool) -> Taken | None:
    """The rows at the start of some bytes, if each has values of the types that the first has."""
    block = whole_lines(data, final)
    columns = columns_of(block, keys) if has_object_on_each_line(block) else None
    ends = block.count(b"\n")
    count = ends + (not block.endswith(b"\n"))
    if not columns or len(columns[0]) != count:  # Arrow reads two objects on a line as two rows
        return None
    uids, times, event_names, *values = columns
    lines = partial(range, line, line + count)
    rows = Rows(uids, times, event_names, lines, values=next(iter(values), None))
    return rows, len(block), ends


def whole_lines(data: bytes, final: bool) -> bytes:
    """The lines of some bytes that are whole; at the end of a file all are."""
    return data if final else data[: data.rfind(b"\n") + 1]


def has_object_on_each_line(block: bytes) -> bool:
    """Whether each line is as Arrow needs it, which would take an object on two lines."""
    lines = block.replace(b"\r\n", b"\n").removesuffix(b"\n")
    ends = lines.count(b"\n")
    return (
        lines.startswith(b"{")
        and lines.endswith(b"}")
        and ends == lines.count(b"}\n{")
        and b"\\u0000" not in lines
        and is_clean(lines)
    )


def columns_of(block: bytes, keys: list[str]) -> list[pa.Array] | None:
    """Our columns of a block if each has values of the type that it has first, else None."""
    first = parsed(block[: block.find(b"\n")]) or {}
    types = {key: TYPES.get(type(first.get(key)), pa.string()) for key in keys if key is not None}
    uid, time, *texts = (types.get(key, pa.string()) for key in keys)
    if uid == pa.float64() or any(kind != pa.string() for kind in texts):  # may not be exact
        return None
    try:
        table = arrow_json.read_json(
            pa.BufferReader(block),
            arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            arrow_json.ParseOptions(
                explicit_schema=pa.schema(list(types.items())),
                unexpected_field_behavior="ignore",
            ),
        )
    except pa.ArrowInvalid:
        return None
    uids, times, *others = (
        pa.nulls(len(table), pa.string()) if key is None else table[key].combine_chunks()
        for key in keys
    )
    if time == pa.float64() and (pc.max(pc.abs(times)).as_py() or 0) > EXACT:
        return None
    return [uids.cast(pa.string()), times, *others]


def read_any(keys: list[str], data: bytes, line: int, final: bool) -> Taken:
    """The rows at the start of some bytes, whatever is wrong with them."""
    block = whole_lines(data, final)
    events, places, bad = [], [], []
    for number, text in enumerate(block.split(b"\n"), start=line):
        if not text.strip():
            continue
        try:
            events.append(event_of(text, keys))
            places.append(number)
        except ValueError as error:
            bad.append(BadRow(number, str(error)))
    return rows_of(events, places, bad), len(block), block.count(b"\n")


def event_of(line: bytes, keys: list[str]) -> tuple[str | None, ...]:
    """Uid, time and event name on a line. Raises ValueError, which says why it is not an event."""
    if not is_clean(line):
        raise ValueError(why_not_storable(line))
    found = parsed(line)
    if found is None:
        raise ValueError(NO_OBJECT)
    if found.duplicates.intersection(keys):
        raise ValueError("duplicate key")
    names = (*NAMES, VALUE)[: len(keys)]
    return tuple(text_of(name, found.get(key)) for name, key in zip(names, keys, strict=True))


def text_of(name: str, value: object) -> str | None:
    """A value as text, None for null. Raises ValueError for what is neither text nor a number."""
    if isinstance(value, bool | dict | list):
        raise ValueError(f"a value of {name} that is neither text nor a number")
    if value is None or value != value:  # NaN, as pandas writes what is missing
        return None
    if isinstance(value, float):
        return expand(repr(value + 0.0)).removesuffix(".0")  # zero without a sign
    text = str(value)
    if not is_storable(text):
        raise ValueError(why_not_storable(text))
    return text
