"""CSV and its like: the rows that Python's csv reads, wherever blocks end, and the bad ones."""

import csv
import io
from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import streams
from events.formats import blocks, delimited
from events.formats.delimited import QUOTING, WIDTH, Layout, columns_of, lines_of, read_any
from events.formats.delimited import end_of_neat_rows as end_of_neat
from events.rows import NOT_TEXT, NUL
from events.streams import Stream

HEADER = "uid,time,event_name,title\n"
STRAY = """\
u1,2017-04-01 10:00,FIRST_INSTALL,a
u1,2017-04-02 10:00,OPEN,5" screen
u2,2017-04-01 11:00,FIRST_INSTALL,b
u2,2017-04-02 10:00,OPEN,c
u3,2017-04-01 11:00,FIRST_INSTALL,6" screen
u3,2017-04-02 11:00,OPEN,d
"""
Found = tuple[list[tuple[int, tuple[str, ...]]], list[tuple[int, str]]]


@pytest.fixture(params=[7, 64, 1 << 20], ids="chunks of {} bytes".format)
def read(request, monkeypatch):
    """Read a text in chunks of some bytes: (line, row) of each row, (line, reason) of bad ones."""
    monkeypatch.setattr(streams, "CHUNK_BYTES", request.param)
    monkeypatch.setattr(blocks, "PIECE", request.param // 2)
    return read_text


def read_text(text: str | bytes) -> Found:
    content = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    rows, bad = [], []
    for block in delimited.read_rows("log", Stream(content.read), {}):
        columns = (block.uids, block.times, block.event_names)
        fields = zip(*(column.to_pylist() for column in columns), strict=True)
        rows += zip(block.lines(), fields, strict=True)
        bad += [(row.line, row.reason) for row in block.bad]
    return rows, bad


def numbered(text: str, delimiter: str = ",") -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line and the first three fields of each row, as Python's csv reads a text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    next(reader)
    line = reader.line_num + 1
    for row in reader:
        if row:
            yield line, tuple(row[:3])
        line = reader.line_num + 1


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_stray_quotes_belong_to_their_fields(read, tmp_path, delimiter):
    """As Python's csv, pandas and DuckDB have it."""
    text = (HEADER + STRAY).replace(",", delimiter)
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    rows, bad = read(text)
    assert bad == []
    assert rows == list(numbered(text, delimiter))
    assert len(rows) == 6
    fields = [row for _, row in rows]
    assert fields == [
        *pd.read_csv(path, sep=delimiter).iloc[:, :3].itertuples(index=False, name=None)
    ]
    query = "SELECT uid, time, event_name FROM read_csv(?, sep=?, header=true, all_varchar=true)"
    assert fields == duckdb.execute(query, [str(path), delimiter]).fetchall()


FIELDS = st.text('ab"\n\r,;é', max_size=4)


@given(
    rows=st.lists(st.tuples(FIELDS, FIELDS, FIELDS, FIELDS), max_size=8),
    written=st.sampled_from(
        [
            (csv.QUOTE_MINIMAL, "\r\n"),
            (csv.QUOTE_ALL, "\r\n"),
            (csv.QUOTE_ALL, "\n"),
            (csv.QUOTE_ALL, "\r"),
        ]
    ),
    size=st.sampled_from([3, 20, 1 << 20]),
)
def test_rows_written_by_a_csv_writer_are_read_with_their_lines(rows, written, size):
    quoting, end = written
    text = io.StringIO(newline="")
    text.write(HEADER)
    writer = csv.writer(text, quoting=quoting, lineterminator=end)
    expected = []
    for row in rows:
        begun = text.getvalue()
        expected.append((len(io.StringIO(begun, newline="").readlines()) + 1, row[:3]))
        writer.writerow(row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "CHUNK_BYTES", size)
        assert read_text(text.getvalue()) == (expected, [])


HOSTILE = st.lists(
    st.sampled_from(
        ['"', '""', ",", "\n", "\r\n", "\r", "a", "é", "b,c,d", '"x",', "\0", "1,2,3,4\n"]
    ),
    max_size=30,
).map("".join)


@given(HOSTILE, st.sampled_from([2, 5, 11]), st.sampled_from([3, 8, 1000]))
@example('1,2,3,4\n"a,2,3,4\n5,6,7,8\n', 5, 1000)
def test_any_text_is_read_alike_wherever_blocks_and_pieces_end(text, size, piece):
    whole = read_text(HEADER + text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "CHUNK_BYTES", size)
        patch.setattr(blocks, "PIECE", piece)
        assert read_text(HEADER + text) == whole


@given(HOSTILE)
def test_arrow_reads_what_python_reads(text):
    """Of all that has its quotes in place, and lines with it."""
    layout = Layout(",", 4, [0, 1, 2])
    data = text.replace("\0", "").encode()
    size = end_of_neat(data, ",", final=True)
    block = data[:size]
    columns = columns_of(block, layout) if block else None
    rows, taken, _ = read_any(layout, data, 1, True)
    if columns:
        assert taken == size
        assert not rows.bad
        assert [it.to_pylist() for it in columns] == [
            it.to_pylist() for it in (rows.uids, rows.times, rows.event_names)
        ]
        assert [*lines_of(layout, block, 1, len(columns[0]))] == [*rows.lines()]


def test_only_what_is_near_a_bad_row_is_read_with_care(monkeypatch):
    read_with_care = []

    class Noted(delimited.Lines):
        def __init__(self, data: bytes):
            super().__init__(data)
            read_with_care.append(len(data))

    monkeypatch.setattr(blocks, "PIECE", 1000)
    monkeypatch.setattr(delimited, "Lines", Noted)
    good = "a,2017-04-01,OPEN,\n" * 5000
    rows, bad = read_text(HEADER + good + "b,2\n" + good)
    assert (len(rows), bad) == (10_000, [(5002, WIDTH)])
    assert rows[5000] == (5003, ("a", "2017-04-01", "OPEN"))
    assert 0 < sum(read_with_care) <= 1000


def test_rows_after_broken_quoting_are_read(read):
    text = HEADER + 'a,1,x,"never ends\nb,2,y,\nc,3,z,"b"ad\nd,4,w,"good"\ne,5,v,"\n'
    rows, bad = read(text)
    assert bad == [(2, QUOTING), (4, QUOTING), (6, QUOTING)]
    assert rows == [(3, ("b", "2", "y")), (5, ("d", "4", "w"))]


def test_ragged_rows_are_bad_and_empty_lines_are_none(read):
    rows, bad = read(HEADER + "\na,1,x\r\n\r\nb,2,y,\n\n \nc,3,z,,\nd,4,w,")
    assert bad == [(3, WIDTH), (7, WIDTH), (8, WIDTH)]
    assert rows == [(5, ("b", "2", "y")), (9, ("d", "4", "w"))]


def test_bytes_that_are_not_text_are_bad_wherever_they_are(read):
    rows, bad = read(HEADER.encode() + b"a,1,x,\xff\nb,2,y,\0\nc,3,z,\xc3\xa9\n")
    assert bad == [(2, NOT_TEXT), (3, NUL)]
    assert rows == [(4, ("c", "3", "z"))]


def test_a_row_that_does_not_end_is_no_table(monkeypatch):
    monkeypatch.setattr(streams, "CHUNK_BYTES", 64)
    monkeypatch.setattr(blocks, "LONGEST_ROW", 1000)
    monkeypatch.setattr(delimited, "LONGEST_ROW", 1000)
    with pytest.raises(Exception, match="log:3: a row of more than"):
        read_text(HEADER + "a,1,x,\n" + "b" * 5000)


def test_a_quoted_row_that_does_not_end_is_one_bad_row(monkeypatch):
    monkeypatch.setattr(streams, "CHUNK_BYTES", 64)
    monkeypatch.setattr(blocks, "LONGEST_ROW", 1000)
    monkeypatch.setattr(delimited, "LONGEST_ROW", 1000)
    rows, bad = read_text(HEADER + 'a,1,x,"\n' + "b,2,y,\n" * 500)
    assert bad == [(2, QUOTING)]
    assert len(rows) == 500


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nuid;time;event_name\na;1,5;x\n",
        '"sep=;"\r\nuid;time;event_name\r\na;1,5;x\r\n',
        '"uid";"time";"event_name"\na;1,5;x\n',
        '"more, and; more";uid;time;event_name\n;a;1,5;x\n',
        '\n\n"uid" \t"time"\tevent_name\na\t1,5\tx\n',
    ],
)
def test_headers_are_found(text):
    (row,), bad = read_text(text)
    assert (row[1], bad) == (("a", "1,5", "x"), [])
    assert row[0] == text.count("\n")


def test_damage_ends_the_rows_with_its_line():
    content = io.BytesIO((HEADER + "a,1,x,\nb,2,y,\nc,3").encode())

    def take(size: int) -> bytes:
        if data := content.read(size):
            return data
        raise streams.Damaged("cut short")

    (first, last) = delimited.read_rows("log", Stream(take), {})
    assert first.uids.to_pylist() == ["a", "b"]
    assert [(row.line, row.reason) for row in last.bad] == [(4, "cut short")]
