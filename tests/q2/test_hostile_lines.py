"""Q2 and lines that once cost much or were lost: long garbage, repeated headers, odd ends."""

import io

import pytest

from logs.fields import NOTHING_SAID
from logs.layouts import FORMATS, format_of
from logs.scanner import scan_block
from tests.q2.conftest import FIXTURES, ask

COMBINED = '::1 - - [24/Aug/2017:23:59:{}] "GET /a.jpg HTTP/1.1" 200 10 "-" "curl"'


def write(folder, data: str | bytes):
    path = folder / "a.log"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def scan_all(data: bytes) -> int:
    """The rows of a text that its format accepts."""
    log_format = format_of(data, "log", NOTHING_SAID)
    found = log_format.pieces(iter([memoryview(data)]), "log", NOTHING_SAID)
    return sum(scan_block("log", layout, block).rows for layout, block in found)


@pytest.mark.parametrize("piece", [b" [", b' "', b"[ ", b'\\"', b'" ', b"] ", b'"[', b"]["])
def test_a_long_line_of_garbage_is_one_rejected_row(piece):
    # Work that grows with the square of the length would not end before the test's time is up.
    row = COMBINED.format("00 +0000").encode() + b"\n"
    assert scan_all((row + b"a b c" + piece * 500_000 + b"\n" + row) * 5) == 10


def test_identical_headers_do_not_cut_a_block():
    head = b"#Version: 1.0\n#Fields: date time cs-uri-stem sc-bytes\n"
    data = (head + b"2017-08-24 10:00:00 /a.jpg 7\n") * 8_000
    pieces = [*FORMATS["w3c"].pieces(iter([memoryview(data)]), "log", NOTHING_SAID)]
    assert [len(bytes(block).split(b"\n")) - 1 for _, block in pieces] == [1, 24_000 - 1]
    assert scan_all(data) == 8_000


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_headers_in_the_middle_of_a_table_are_not_rows(tmp_path, mark):
    table = mark + b"date,time,size,url\r\n2017-08-24,10:00:00,7,/a.jpg\r\n"
    answer = ask(write(tmp_path, table * 9))
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (9, 63, 9)


@pytest.mark.parametrize("name", ["plain.tsv", "iis.log", "combined.log"])
def test_lines_that_end_in_two_carriage_returns(tmp_path, name):
    data = (FIXTURES / name).read_bytes().replace(b"\r", b"")
    whole = ask(write(tmp_path, data), "--by", "extension")
    assert ask(write(tmp_path, data.replace(b"\n", b"\r\r\n")), "--by", "extension") == whole


@pytest.mark.parametrize(
    "row",
    [
        "2017-08-24\t23:59:60\t10\t/a.jpg",
        "2017-08-24\t23:59:60.5Z\t10\t/a.jpg",
        COMBINED.format("60 +0000"),
        COMBINED.format("59.123 +0000"),
    ],
)
def test_leap_seconds_and_fractions_stay_on_their_day(tmp_path, row):
    groups = ask(write(tmp_path, row + "\n"), "--by", "date")["groups"]
    assert [(group["date"], group["bytes"]) for group in groups] == [("2017-08-24", 10)]


@pytest.mark.parametrize(
    "text, hour",
    [
        ("2017-08-24T00:30:00+02:00", "2017-08-23T22:00+00:00"),
        ("2017-08-24 00:30:00 -0130", "2017-08-24T02:00+00:00"),
        ("2017-08-24T00:30:00Z", "2017-08-24T00:00+00:00"),
        ("1503534600", "2017-08-24T00:00+00:00"),
        ("1503534600999", "2017-08-24T00:00+00:00"),
        ("1503534600.5", "2017-08-24T00:00+00:00"),
        ("24/Aug/2017:00:30:00 +0100", "2017-08-23T23:00+00:00"),
    ],
)
def test_moments_are_in_utc(tmp_path, text, hour):
    log = write(tmp_path, f"timestamp,size,url\n{text},10,/a.jpg\n")
    groups = ask(log, "--by", "hour")["groups"]
    assert [group["hour"] for group in groups] == [hour]


def test_two_quotes_are_one_only_within_quotes(tmp_path):
    rows = ['2017-08-24,10:00:00,1,"/a""b.jpg"', '2017-08-24,10:00:00,2,/c""d.jpg']
    groups = ask(write(tmp_path, "\n".join(rows) + "\n"), "--by", "url")["groups"]
    assert {group["url"]: group["bytes"] for group in groups} == {'/a"b.jpg': 1, '/c""d.jpg': 2}


def test_padded_values_are_read(tmp_path):
    log = write(tmp_path, "date, time, size, url\n2017-08-24, 10:00:00,     7 , /a.jpg\n")
    answer = ask(log, "--by", "url")
    assert [(group["url"], group["bytes"]) for group in answer["groups"]] == [("/a.jpg", 7)]


def test_blocks_of_a_table_without_rows_are_empty():
    data = b"date,time,size,url\n"
    assert scan_all(data) == 0
    assert [*FORMATS["csv"].pieces(io.BytesIO(), "log", NOTHING_SAID)] == []
