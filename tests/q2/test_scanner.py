"""Q2's scanner: what it reads out of a line, and what it rejects, row by row."""

import subprocess
import sys

import pytest

from logs.fields import CACHE, DATE, LONGEST_LINE, REASONS, SIZE, SKIP, STATUS, TIME, URL, Layout
from logs.names import pack, unpack
from logs.scanner import Columns, scan_block
from tests.conftest import ROOT, clean_environment

TSV = Layout((DATE, TIME, SIZE, URL))


def scan(text: str | bytes, layout: Layout = TSV):
    """The scan of a few lines."""
    data = text.encode("utf-8") if isinstance(text, str) else text
    return scan_block("test", layout, memoryview(data + b"\n"))


def rejects(scanned) -> dict[str, int]:
    return {REASONS[code]: int(scanned.rejected[code]) for code in scanned.rejected.nonzero()[0]}


def test_a_padded_date_is_not_remembered_as_a_shorter_one():
    scanned = scan(" 2017-08-24\t00:00:00\t1\t/a\n 2017-08-2\t00:00:00\t1\t/b")
    assert (scanned.rows, rejects(scanned)) == (1, {"no date YYYY-MM-DD from 1970 to 2199": 1})


@pytest.mark.parametrize(
    "url, extension",
    [
        ("/a.jpg", "jpg"),
        ("/a.JPG", "jpg"),
        ("/a.jpeg", "jpeg"),
        ("/a.jpg?b=c.png", "jpg"),
        ("/a.jpg#b.png", "jpg"),
        ("/a.b.jpg", "jpg"),
        ("/a.jpg/", ""),
        ("/a.jpg/b", ""),
        ("/a?b=/c.jpg", ""),
        ("/", ""),
        ("-", ""),
        ("", ""),
        (".jpg", "jpg"),
        ("/a.", ""),
        ("/a.jp_g", ""),
        ("/a.jpgé", ""),
        ("/a%2520b.jpg", "jpg"),
        ("/site.webmanifest", "webmanifest"),
        ("/a.abcdefghijkl", "abcdefghijkl"),
        ("/a.abcdefghijklm", ""),
        ("http://cdn.example.com/a.jpg", "jpg"),
        ("https://cdn.example.com", ""),
        ("https://cdn.example.com?a.jpg", ""),
        ("/to/http://x.com/a.jpg", "jpg"),
    ],
)
def test_extension_of_url(url, extension):
    # twice, for the second time it is remembered
    records = scan(f"2017-08-24\t00:00:00\t1\t{url}\n" * 2).records
    assert [unpack(code) for code in records.extension] == [extension] * 2


def test_extension_of_a_long_url():
    urls = [
        pair
        for length in range(200)
        for pair in (
            (f"/{'a' * length}.jpg", "jpg"),
            (f"/{'.' * length}.jpg?{'.' * length}/.", "jpg"),
            (f"/{'/' * length}.css#.jpg", "css"),
            (f"/.jpg/{'a' * length}", ""),
            (f"http://{'a' * length}.com", ""),
            (f"http://{'a' * length}.com/a.js", "js"),
        )
    ]
    records = scan("\n".join(f"2017-08-24\t00:00:00\t1\t{url}" for url, _ in urls)).records
    assert [unpack(code) for code in records.extension] == [name for _, name in urls]


def test_names_do_not_pass_for_remembered_ones():
    names = ["js", "js\0", "\0js", "jsx", "j", "", *(f"e{number}" for number in range(500)), "js"]
    records = scan("\n".join(f"2017-08-24\t00:00:00\t1\t/a.{name}" for name in names)).records
    expected = ["" if "\0" in name else name for name in names]
    assert [unpack(code) for code in records.extension] == expected


@pytest.mark.parametrize(
    "row, reason",
    [
        ("2017-08-24\t00:00:00\t1", "wrong number of fields"),
        ("2017-08-24\t00:00:00\t1\t/a\t/b", "wrong number of fields"),
        ("rubbish", "wrong number of fields"),
        ("2017-02-29\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2017-13-01\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2017-00-01\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("1969-12-31\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2200-01-01\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2017-08-241\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2017/08/24\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("\0" * 10 + "\t00:00:00\t1\t/a", "no date YYYY-MM-DD from 1970 to 2199"),
        ("2017-08-24\t" + "\0" * 8 + "\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:00.x\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:00\t1x\t/a", "size is not a whole number"),
        ("2017-08-24\t00:00:00\t1234567:\t/a", "size is not a whole number"),
        ("2017-08-24\t00:00:00\t\xff\t/a", "size is not a whole number"),
        ("2017-08-24\t24:00:00\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:60:00\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:60\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:00+0a:00\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:00Zulu\t1\t/a", "no time HH:MM:SS"),
        ("2017-08-24\t00:00:00\t\t/a", "size is not a whole number"),
        ("2017-08-24\t00:00:00\t1.5\t/a", "size is not a whole number"),
        ("2017-08-24\t00:00:00\t1e3\t/a", "size is not a whole number"),
        ("2017-08-24\t00:00:00\t-5\t/a", "size is negative"),
        ("2017-08-24\t00:00:00\t1000000000001\t/a", "size is above 10^12 bytes"),
        (f"2017-08-24\t00:00:00\t{2**64 + 1}\t/a", "size is above 10^12 bytes"),
        (f"2017-08-24\t00:00:00\t1\t/{'a' * LONGEST_LINE}", "line is longer than 1 MiB"),
    ],
)
def test_broken_row_is_rejected_for_its_reason(row, reason):
    good = "2017-08-24\t00:00:00\t1\t/a"
    scanned = scan(f"{good}\n{row}\n{good}\n{row}")
    assert rejects(scanned) == {reason: 2}
    assert scanned.first_lines[REASONS.index(reason)] == 1
    assert (scanned.rows, scanned.lines) == (2, 4)


@pytest.mark.parametrize(
    "size, value",
    [
        ("0", 0),
        ("-", 0),
        ("000012", 12),
        ("10" + "0" * 11, 10**12),
        *(("9876543210"[:length], int("9876543210"[:length])) for length in range(1, 11)),
    ],
)
def test_size(size, value):
    assert scan(f"2017-08-24\t00:00:00\t{size}\t/a").records.size.tolist() == [value]


@pytest.mark.parametrize(
    "status, value", [("200", 200), ("000", 0), ("-", 0), ("TCP_HIT/304", 304), (" 404 ", 404)]
)
def test_status(status, value):
    layout = Layout((DATE, TIME, SIZE, URL, STATUS))
    scanned = scan(f"2017-08-24\t00:00:00\t1\t/a\t{status}", layout)
    assert scanned.records.status.tolist() == [value]


@pytest.mark.parametrize("status", ["2000", "/200", "OK", "HIT/20", "HIT200", "", "-1", "20x"])
def test_what_is_not_a_status(status):
    layout = Layout((DATE, TIME, SIZE, URL, STATUS))
    scanned = scan(f"2017-08-24\t00:00:00\t1\t/a\t{status}", layout)
    assert rejects(scanned) == {"status is not a number": 1}


@pytest.mark.parametrize(
    "date, time, expected",
    [
        ("1970-01-01", "00:00:00", 0),
        ("2000-02-29", "23:59:59", 951_868_799),
        ("2017-08-24", "12:00:00.999", 1_503_576_000),
        ("2199-12-31", "00:00:00", 7_258_032_000),
    ],
)
def test_second(date, time, expected):
    assert scan(f"{date}\t{time}\t1\t/a").records.second.tolist() == [expected]


def test_blank_lines_are_no_rows_and_carriage_returns_no_data():
    scanned = scan("\n2017-08-24\t00:00:00\t1\t/a.js\r\n\r\n2017-08-24\t00:00:00\t2\t/b.jpg\r\n")
    assert scanned.records.size.tolist() == [1, 2]
    assert [unpack(code) for code in scanned.records.extension] == ["js", "jpg"]
    assert rejects(scanned) == {}
    assert scanned.lines == 5


def first_record(scanned):
    """The values of the first record."""
    return Columns(*(column[0] for column in scanned.records))


def test_fields_in_any_order_with_status_and_cache():
    layout = Layout((URL, SKIP, STATUS, SIZE, CACHE, TIME, DATE), b"\t ", comments=True)
    scanned = scan("#Fields: x\n/a.js\tx\t404 12\tRefreshHit\t00:00:01\t1970-01-01", layout)
    record = first_record(scanned)
    assert (record.second, record.size, record.status) == (1, 12, 404)
    assert unpack(record.cache) == "refreshhit"
    broken = scan(
        "/a.js\tx\tok 12\tHit\t00:00:01\t1970-01-01\n/a - 000 - Hit 00:00:01 1970-01-01", layout
    )
    assert rejects(broken) == {"status is not a number": 1}
    assert broken.rows == 1
    assert (first_record(broken).status, first_record(broken).size) == (0, 0)


def test_url_is_cut_out_before_its_query():
    block = b"2017-08-24\t00:00:00\t1\thttp://x/a.js?b\n"
    record = first_record(scan(block))
    assert block[record.url_start : record.url_end] == b"http://x/a.js"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00" * 50, b"\t\t\t", b"-", b"2017-08-2", b"\t\t\t\t"])
def test_rubbish_at_the_end_of_a_block(data):
    scanned = scan(data)
    assert scanned.rows == 0
    assert scanned.rejected.sum() == 1


def test_packed_names():
    for name in ("", "a", "jpg", "7z", "x-y", "-" * 12, "z" * 12):
        assert unpack(pack(name)) == name
    assert pack("JPG") == pack("jpg")
    assert pack("-" * 12) < 2**63
    for name in ("a.b", "é", "a" * 13, "\0", "a b"):
        with pytest.raises(ValueError):
            pack(name)


# Scans while another thread fills new memory of many sizes, all from one heap.
LITTERED = """
import threading
from logs.fields import DATE, SIZE, TIME, URL, Layout
from logs.scanner import Columns, scan_block
rows = 20_000
line = b"2017-08-24\\t10:00:00\\t%d\\t/%d.jpg\\n"
block = memoryview(b"".join(line % (number, number % 97) for number in range(rows)))
def litter():
    while threading.main_thread().is_alive():
        for size in range(1000, 2400, 16):
            bytearray(b"\\xff" * size)
threading.Thread(target=litter, daemon=True).start()
for _ in range(30):
    scanned = scan_block("test", Layout((DATE, TIME, SIZE, URL)), block)
    assert scanned.records.size.tolist() == list(range(rows)), scanned.rejected
"""


def test_the_kernel_keeps_the_memory_that_it_works_in():
    finished = subprocess.run(
        [sys.executable, "-c", LITTERED],
        cwd=ROOT / "Q2",
        env=clean_environment() | {"MALLOC_ARENA_MAX": "1"},  # of glibc: threads share a heap
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
