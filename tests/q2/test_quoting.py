"""Q2's fields between separators, quotes and brackets: the kernel against a grammar in Python."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from logs.fields import (
    DOUBLED,
    EPOCH,
    ESCAPED,
    MOMENT,
    REPEATED,
    SINGLE,
    SIZE,
    SKIP,
    URL,
    Layout,
)
from logs.scanner import scan_block

FIELDS = 5  # a number of any length, moment, size, URL, anything
QUOTED = {
    DOUBLED: re.compile(r'"(?:[^"]|"")*+"'),
    ESCAPED: re.compile(r'"(?:[^"\\]|\\.)*+"'),
}
BRACKETED = re.compile(r"\[.*?\](?=[ \r]|$)")
TEXT = st.text(' "[]\\ab', max_size=12)


def fields(line: str, quoting: int, brackets: bool, repeated: bool) -> list[str] | None:
    """The fields of a line as they are written; None for a line that is not certain."""
    found, at, quotes = [], 0, True
    line = line.rstrip("\r")
    while at <= len(line):
        if repeated:
            at += len(line[at:]) - len(line[at:].lstrip(" "))
            if at == len(line):
                break
        stop = at
        if quotes and line[at : at + 1] == '"':
            match = QUOTED[quoting].match(line, at)
            if match and line[match.end() : match.end() + 1] not in ("", " ", "\r"):
                return None
            if not match and quoting == ESCAPED:
                return None
            quotes, stop = bool(match), match.end() if match else at
        elif brackets and line[at : at + 1] == "[":
            match = BRACKETED.match(line, at)
            stop = match.end() if match else at
        end = line.find(" ", stop)
        end = len(line) if end < 0 else end
        found.append(line[at:end])
        at = end + 1
    return found


def bare(field: str, brackets: bool) -> str:
    """A field without the quotes or brackets around it."""
    pairs = ('""', "[]") if brackets else ('""',)
    return field[1:-1] if len(field) > 1 and field[0] + field[-1] in pairs else field


@example(before=60, url='"a b"', after="x", quoting=DOUBLED, brackets=False, repeated=False)
@example(before=1, url='"a"" b"', after='"', quoting=DOUBLED, brackets=True, repeated=False)
@example(before=1, url='"a\\" b"', after="x", quoting=ESCAPED, brackets=True, repeated=True)
@example(before=1, url="[a b]", after="[c]", quoting=ESCAPED, brackets=True, repeated=True)
@example(before=1, url='a"b', after='c"d', quoting=DOUBLED, brackets=False, repeated=False)
@example(
    before=45, url='"' + "\\" * 7 + '"', after="x", quoting=ESCAPED, brackets=False, repeated=False
)
@given(
    before=st.integers(1, 70),
    url=TEXT,
    after=TEXT,
    quoting=st.sampled_from([DOUBLED, ESCAPED]),
    brackets=st.booleans(),
    repeated=st.booleans(),
)  # fmt: skip
def test_fields_are_those_of_the_grammar(before, url, after, quoting, brackets, repeated):
    line = f"{'1' * before} 1731621600 5 {url} {after}"
    layout = Layout(
        (SKIP, MOMENT, SIZE, URL, SKIP),
        b"  ",
        quoting=quoting,
        brackets=brackets,
        repeated=REPEATED if repeated else SINGLE,
        moment=EPOCH,
    )
    expected = fields(line, quoting, brackets, repeated)
    scanned = scan_block("log", layout, memoryview(line.encode() + b"\n"))
    read = expected is not None and len(expected) == FIELDS
    assert scanned.rows == read, expected
    if read:
        start, end = scanned.records.url_start[0], scanned.records.url_end[0]
        assert line[start:end] == bare(expected[3], brackets).strip(" ")


def test_a_lone_quote_changes_only_its_own_line():
    rows = [
        f'1731621600 {size} /a"{size}.jpg {mark} x' for size, mark in enumerate(['"', "y", '"z"'])
    ]
    layout = Layout((MOMENT, SIZE, URL, SKIP, SKIP), b"  ", quoting=DOUBLED, moment=EPOCH)
    block = memoryview(("\n".join(rows) + "\n").encode())
    assert scan_block("log", layout, block).records.size.tolist() == [0, 1, 2]
