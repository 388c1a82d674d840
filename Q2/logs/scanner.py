"""A block of log lines as records: columns with a value per request, and the rejected rows."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from logs.fields import (
    CACHE,
    DATE,
    DOUBLED,
    MOMENT,
    NO_NUMBER,
    REASONS,
    REPEATED,
    REQUEST,
    RESULT,
    SIZE,
    STATUS,
    TIME,
    URL,
    Layout,
)
from logs.kernel import scan

PLACED = {DATE, TIME, MOMENT, SIZE, URL, REQUEST, STATUS, CACHE, RESULT, NO_NUMBER}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SHORTEST_ROW = len("0 0 \n")  # a moment, a size and a URL are in every layout


class Plan(NamedTuple):
    """A layout in the numbers that the kernel works with; a place is -1 where a layout has none."""

    first_delimiter: int
    second_delimiter: int
    fields: int  # at the least
    last: int  # the number of fields up to the last one with a place
    more: int
    comments: int
    marked: int  # whether there is more to a line than separators and quotes
    quoting: int
    brackets: int
    repeated: int
    loose: int
    then_request: int  # whether the request follows the brackets after the loose field
    moment_kind: int
    per_second: int
    date: int
    time: int
    moment: int
    size: int
    url: int
    request: int  # whether the URL is that of a request
    status: int
    cache: int
    result: int
    no_number: int


@lru_cache(1000)
def plan_of(layout: Layout, texts: tuple[int, ...] = ()) -> tuple[Plan, np.ndarray]:
    """The kernel's plan for a layout, and the places of texts; 0 where there are no rows."""
    roles = layout.roles
    place = {role: position for position, role in enumerate(roles) if role in PLACED}
    text_places = [layout.place_of(role) for role in texts]
    plan = Plan(
        *layout.delimiters,
        fields=len(roles) - (NO_NUMBER in place),
        last=max([*place.values(), *text_places], default=0) + 1,
        more=layout.more,
        comments=layout.comments,
        marked=layout.brackets or layout.repeated == REPEATED or layout.loose >= 0,
        quoting=layout.quoting,
        brackets=layout.brackets,
        repeated=layout.repeated,
        loose=layout.loose,
        then_request=layout.loose >= 0 and place.get(REQUEST) == layout.loose + 2,
        moment_kind=layout.moment,
        per_second=layout.per_second,
        date=place.get(DATE, 0),
        time=place.get(TIME, 0),
        moment=place.get(MOMENT, -1),
        size=place.get(SIZE, 0),
        url=place.get(URL, place.get(REQUEST, 0)),
        request=REQUEST in place and URL not in place,
        status=place.get(STATUS, -1),
        cache=place.get(CACHE, -1),
        result=place.get(RESULT, -1),
        no_number=place.get(NO_NUMBER, -1),
    )
    return plan, np.array(text_places, dtype=np.int64)


class Columns(NamedTuple):
    """A value per accepted row; columns that nobody wants may have no values at all."""

    second: np.ndarray  # since 1970-01-01 00:00 UTC
    size: np.ndarray  # bytes
    extension: np.ndarray  # packed name, 0 for none
    status: np.ndarray  # HTTP status, 0 for none
    cache: np.ndarray  # packed name of the cache's result, 0 for none
    url_start: np.ndarray  # position in the block
    url_end: np.ndarray  # where the path ends, before any query string
    texts: np.ndarray  # of shape (rows, 2 * texts): where each text that is asked for begins, ends


@dataclass(frozen=True)
class ScannedBlock:
    """A block's records, and what became of its other lines."""

    file: str
    layout: Layout
    block: memoryview
    records: Columns
    texts: tuple[int, ...]  # the roles of `records.texts`
    lines: int
    rejected: np.ndarray  # rows, by position in REASONS
    first_lines: np.ndarray  # the first line of each reason, counted from 0 in the block

    @property
    def rows(self) -> int:
        """The number of records."""
        return len(self.records.second)

    def urls(self, mask: np.ndarray) -> list[str]:
        """Return the URLs of the records that `mask` selects, without query strings.

        Bytes that are not UTF-8 and control characters are percent-encoded.
        """
        return self.shown(self.records.url_start[mask], self.records.url_end[mask])

    def shown(self, starts: np.ndarray, ends: np.ndarray) -> list[str]:
        """Return the texts at these places as people see them."""
        texts = map(self.text, starts.tolist(), ends.tolist())
        if self.layout.double_encoded:
            texts = (text.replace(b"%25", b"%") for text in texts)
        return [decode(text) for text in texts]

    def text(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` to `end`, with one quote for two of a quoted field."""
        found = bytes(self.block[start:end])
        quoted = self.layout.quoting == DOUBLED and start and self.block[start - 1] == ord('"')
        return found.replace(b'""', b'"') if quoted else found


def decode(text: bytes) -> str:
    """Text of UTF-8, other bytes and control characters percent-encoded."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("utf-8", "backslashreplace").replace("\\x", "%")
    if decoded.isprintable():
        return decoded
    return CONTROL.sub(lambda found: quote(found[0]), decoded)


def empty_columns(
    block: memoryview, left_out: Collection[str] = (), texts: tuple[int, ...] = ()
) -> Columns:
    """Return columns for as many rows as a block can hold; those left out are of length 0."""
    rows = len(block) // SHORTEST_ROW + 1
    types = Columns(np.int64, np.int64, np.int64, np.int16, np.int64, np.int32, np.int32, np.int32)
    shapes = [0 if name in left_out else rows for name in Columns._fields[:-1]]
    return Columns(*map(np.empty, [*shapes, (rows, 2 * len(texts))], types))


def scan_block(
    file: str,
    layout: Layout,
    block: memoryview,
    columns: Columns | None = None,
    texts: tuple[int, ...] = (),
) -> ScannedBlock:
    """Scan whole lines of a file; `texts` are the roles of the texts that are asked for.

    The records lie in `columns`, if given, until those are filled again.
    """
    columns = columns or empty_columns(block, texts=texts)
    plan, places = plan_of(layout, texts)
    rejected, first_lines = np.zeros((2, len(REASONS)), dtype=np.int64)
    rows, lines = scan(
        np.frombuffer(
            block.toreadonly(), dtype=np.uint8
        ),  # one type, for which numba compiles once
        np.frombuffer(layout.header, dtype=np.uint8),
        plan,
        places,
        columns,
        rejected,
        first_lines,
    )
    records = Columns(*(column[:rows] for column in columns))
    return ScannedBlock(file, layout, block, records, texts, lines, rejected, first_lines)
