"""Q2's kernel for JSON lines: what it takes from a line is what DuckDB takes, or it leaves it."""

import json
import random
import re
from datetime import UTC, datetime

import pytest

from logs.fields import CACHE, MOMENT, SIZE, STATUS, URL
from logs.json_block import lines_of_fields
from logs.layouts.json_lines import JsonLayout
from tests.q2.test_json_lines import VENDORS, drawn_rows, lines_of

LINES = 4000
PATHS = {
    MOMENT: ("ts",),
    URL: ("request", "uri"),
    STATUS: ("status",),
    CACHE: ("é", "request", "x"),
    SIZE: ("size",),
}
LAYOUT = JsonLayout(roles=(*PATHS,), paths=(*PATHS.values(),))
GOOD = {"ts": 1731622000.25, "request": {"uri": "/a.jpg"}, "status": 200, "size": 10}
KEYS = ("ts", "request", "uri", "status", "size", "é", "x", "other")
TEXTS = (
    "",
    "a",
    "/b.jpg?x=1",
    "é",
    "\u4e2d",
    "\U0001f600",
    '"',
    "\\",
    "\t\n\r\b\f/",
    "\x01",
    "\x7f",
)
NUMBERS = (
    0,
    -1,
    10**18,
    2**63 - 1,
    2**63,
    10**30,
    1731622000.9,
    1731622000.99995,
    0.5,
    1e300,
    1e-9,
)
WORDS = (None, True, False)
RAW = (
    "-0",
    "1.50",
    "1731622000.999900",
    "01",
    "1.",
    ".5",
    "1e5",
    "1E+2",
    "+1",
    "NaN",
    "nul",
    "tru",
)
RAW += (
    "9223372036854775808",
    "1731622000.12345678901234567890",
    '"\\u00e9\\/"',
    '"\\ud83d\\ude00"',
)
RAW += ('"\\u0000"', '"\\ud800"', '"\\x"', '"a', "", "[1,]", "{,}", "[[]]", '[{"a": [1, "b"]}]')
LETTERS = '{}[],:" \\\t\r\u00e9-0.eE1a/'


def drawn_value(draw: random.Random, deep: int):
    """A value of any type, one of RAW as a text that marks it."""
    kind = draw.randrange(8 if deep else 5)
    if kind == 0:
        return f"raw {draw.randrange(len(RAW))}"
    if kind <= 2:
        return "".join(draw.choices(TEXTS, k=draw.randrange(3)))
    if kind == 3:
        return draw.choice(NUMBERS)
    if kind == 4:
        return draw.choice(WORDS)
    if kind == 5:
        return [drawn_value(draw, deep - 1) for _ in range(draw.randrange(3))]
    return {draw.choice(KEYS): drawn_value(draw, deep - 1) for _ in range(draw.randrange(4))}


def drawn_line(draw: random.Random) -> bytes:
    """A line that is like GOOD but for some values, or by and by less like it."""
    found = dict(GOOD)
    for _ in range(draw.randrange(4)):
        found[draw.choice(KEYS)] = drawn_value(draw, 3)
    if draw.random() < 0.2:
        found = drawn_value(draw, 4)
    separators = draw.choice([(", ", ": "), (",", ":"), (" , ", "\t: ")])
    text = json.dumps(found, ensure_ascii=draw.random() < 0.5, separators=separators)
    for number, raw in enumerate(RAW):
        text = text.replace(f'"raw {number}"', raw)
    if draw.random() < 0.1:  # keys that are there twice
        text = text.replace('"size"', '"status"').replace('"other"', '"request"')
    if draw.random() < 0.2:
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice(["", draw.choice(LETTERS)]) + text[at + draw.randrange(3) :]
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if data and draw.random() < 0.1:  # which may not be UTF-8
        data[draw.randrange(len(data))] = draw.choice([*range(0x80, 0x100)])
    return bytes(data) + draw.choice([b"", b"", b"\r"]) + b"\n"


def by_kernel(lines: list[bytes]) -> bytes | None:
    """The lines of fields, or None if the kernel leaves the block."""
    found = lines_of_fields(memoryview(b"".join(lines)), LAYOUT.roles, LAYOUT.paths)
    return None if found is None else bytes(found)


def test_lines_are_read_as_duckdb_reads_them_or_left_to_it():
    draw = random.Random(7)  # noqa: S311 no secret
    lines = [drawn_line(draw) for _ in range(LINES)]
    expected = bytes(LAYOUT.text_by_duckdb(memoryview(b"".join(lines)))).splitlines(keepends=True)
    alone = [by_kernel([line]) for line in lines]
    for line, found, right in zip(lines, alone, fix_breaks(expected, len(lines)), strict=True):
        assert found is None or whole_seconds(found) == whole_seconds(right), line
    read = [line for line, found in zip(lines, alone, strict=True) if found is not None]
    assert LINES / 3 < len(read) < LINES
    together = by_kernel(read)  # each is cut as the one before it, if it is like that
    assert together == b"".join(found for found in alone if found is not None)


def whole_seconds(line: bytes) -> bytes:
    """A line of fields without the digits after the moment's point, which do not count."""
    return re.sub(rb"^([1-9][0-9]{0,9}[.])[0-9]+\t", rb"\1\t", line)


def fix_breaks(lines: list[bytes], count: int) -> list[bytes]:
    """The lines, of which Python takes a return alone for the end of one."""
    joined = b"".join(lines).split(b"\n")
    assert joined.pop() == b"" and len(joined) == count
    return [line + b"\n" for line in joined]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.__name__)
def test_no_vendors_lines_are_left(vendor, ascii_only):
    size, url, status = (tuple(path.split(".")) for path in VENDORS[vendor])
    layout = JsonLayout(roles=(URL, STATUS, SIZE), paths=(url, status, size))
    text = "".join(f"{line}\n" for line in lines_of(vendor, drawn_rows(300), ascii_only)).encode()
    found = lines_of_fields(memoryview(text), layout.roles, layout.paths)
    assert found is not None and bytes(found) == bytes(layout.text_by_duckdb(memoryview(text)))


def test_a_moment_may_have_digits_after_its_point_and_a_size_may_not():
    good = json.dumps(GOOD).encode() + b"\n"
    assert by_kernel([good]) == b"1731622000.25\t/a.jpg\t200\t-\t10\n"
    assert by_kernel([good.replace(b": 10}", b": 10.5}")]) is None
    seconds = datetime(2024, 11, 14, tzinfo=UTC).timestamp()
    assert by_kernel([good.replace(b"1731622000.25", f"{seconds}".encode())]) is not None


@pytest.mark.parametrize("values", [254, 255, 256, 257, 1000])
def test_lines_of_very_many_values(values):
    line = json.dumps(GOOD | {"other": list(range(values))}).encode() + b"\n"
    assert by_kernel([line] * 3) == b"1731622000.25\t/a.jpg\t200\t-\t10\n" * 3


def test_deep_objects_are_left():
    for depth, left in ((31, False), (32, True), (100_000, True)):
        deep = b"[" * depth + b"]" * depth
        line = json.dumps(GOOD).encode()[:-1] + b', "other": ' + deep + b"}\n"
        assert (by_kernel([line]) is None) == left
