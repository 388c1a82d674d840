"""Q2 against five lines of plain Python: any log, in any format, in blocks of any size."""

from common.command import UserError

import gzip
import io
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logs.blocks import blocks
from logs.fields import LayoutOptions
from logs.layouts import FORMATS
from logs.packs import Piece
from logs.scanner import scan_block
from logs.sources import Source
from traffic.account import RowAccount, account_for
from traffic.answer import answer
from traffic.groups import name_groups, sum_of_groups
from traffic.question import Question
from traffic.summary import summarise

NAMES = st.text("abJPG019-_é%~", min_size=0, max_size=5)
ENDINGS = st.sampled_from(
    ["", ".jpg", ".JPG", ".jpeg", ".tar.gz", ".", ".jpg/", ".a-very-long-one"]
)
QUERIES = st.sampled_from(["", "?", "?v=1.jpg", "?a=/b.css", "?x?y"])
REQUESTS = st.builds(
    lambda second, size, name, ending, query: (
        datetime(2017, 8, 23, tzinfo=UTC) + timedelta(seconds=second),
        size,
        f"/{name}{ending}{query}",
    ),
    st.integers(0, 4 * 86_400),
    st.integers(0, 10**12),
    NAMES,
    ENDINGS,
    QUERIES,
)


def reference(requests, first: date, last: date, ending: str) -> tuple[int, int]:
    """Requests and bytes."""
    counted = [
        size
        for time, size, url in requests
        if first <= time.date() <= last and urlsplit(url).path.lower().endswith(ending)
    ]
    return len(counted), sum(counted)


def as_tsv(time, size, url) -> str:
    return f"{time:%Y-%m-%d\t%H:%M:%S}\t{size}\t{url}"


def as_cloudfront(time, size, url) -> str:
    path, _, query = url.partition("?")
    return f"{time:%Y-%m-%d\t%H:%M:%S}\tHKG62\t{size}\t{path}\t000\t{query or '-'}\tHit"


def as_iis(time, size, url) -> str:
    path, _, query = url.partition("?")
    return f"{path} {query or '-'} {time:%H:%M:%S %Y-%m-%d} {size}\r"


def as_combined(time, size, url) -> str:
    local = time + timedelta(hours=5, minutes=30)
    return f'::1 - - [{local:%d/%b/%Y:%H:%M:%S} +0530] "GET {url} HTTP/1.1" 200 {size} "-" "-"'


FIELDS = "#Version: 1.0\n#Fields: "
WRITERS = {
    "tsv": ("", as_tsv),
    "cloudfront": (
        FIELDS + "date time x-edge-location sc-bytes cs-uri-stem sc-status cs-uri-query "
        "x-edge-result-type\n",
        as_cloudfront,
    ),
    "iis": (FIELDS + "cs-uri-stem cs-uri-query time date sc-bytes\n", as_iis),
    "combined": ("", as_combined),
}
LOG_FORMATS = {"cloudfront": "w3c", "iis": "w3c"}


@pytest.mark.parametrize("name", WRITERS)
@given(requests=st.lists(REQUESTS), bad=st.integers(0, 3), packed=st.booleans())
def test_every_format_agrees_with_the_reference(name, requests, bad, packed):
    head, write = WRITERS[name]
    lines = [write(*request) for request in requests]
    lines[len(lines) // 2 : len(lines) // 2] = ["rubbish"] * bad
    data = (head + "\n".join(lines) + "\n").encode("utf-8")
    data = gzip.compress(data) if packed else data
    first, last = date(2017, 8, 24), date(2017, 8, 25)
    found = answer(
        [Source("log", lambda: io.BytesIO(data))],
        Question(first, last, ("jpg",)),
        layout=LayoutOptions(LOG_FORMATS.get(name, name)),
    )
    assert (found.requests, found.bytes) == reference(requests, first, last, ".jpg")
    assert found.account.rows_read == len(requests) + bad
    assert found.account.rows_rejected == bad


@given(requests=st.lists(REQUESTS), size=st.integers(1, 200))
def test_blocks_of_any_size_give_the_same_groups(requests, size):
    text = "".join(as_tsv(*request) + "\n" for request in requests).encode("utf-8")
    question = Question(by=("date",))
    parts, account = [], RowAccount()
    for layout, block in FORMATS["tsv"].pieces(
        blocks(io.BytesIO(text), size), "log", LayoutOptions()
    ):
        scanned = scan_block("log", layout, layout.as_text(block))
        account.add(account_for(scanned, Piece(("log",), (0,), layout, block)))
        parts.append(summarise(scanned, question))
    expected = {}
    for time, sent, _ in requests:
        day = time.date().isoformat()
        expected[day] = expected.get(day, 0) + sent
    if parts:
        groups = name_groups(sum_of_groups(parts), question)
        assert {group.names[0]: group.sums[1] for group in groups} == expected
    assert (account.accepted, account.lines) == (len(requests), len(requests))


@example(data=b"#Fields:\n", name="w3c")
@example(data=b"date\n", name="tsv")
@given(data=st.binary(max_size=300), name=st.sampled_from([*FORMATS]))
def test_no_bytes_crash_the_scanner(data, name):
    account = RowAccount()
    with suppress(UserError):  # a header that does not name the columns
        for layout, block in FORMATS[name].pieces(
            blocks(io.BytesIO(data), 64), "log", LayoutOptions()
        ):
            piece = Piece(("log",), (0,), layout, block)
            account.add(account_for(scan_block("log", layout, layout.as_text(block)), piece))
    lines = data.split(b"\n")
    assert account.rows_read <= len(lines)
