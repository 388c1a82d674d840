"""Plays of the app's own, in any kind of file: exact ids, counted bad rows, nothing guessed."""

from common.command import UserError

import bz2
import csv
import gzip
import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from listening.maximum_age import maximum_age
from listening.plays import read_own_plays
from listening.source import read_listening
from listening.tables import delimited
from listening.tables.columns import PLAYS, named_columns

NAMED = {"user": "account_id", "item": "track_id", "name": "title", "plays": "count"}
TITLES = list(NAMED.values())
ROWS = [
    ("007", "42", "Alien", "3"),
    ("007", "042", "Alien", "1"),  # another film of that name
    ("7", "42", "Alien", "2"),
    ("Zoë", "a/b?c=d", 'the 12" mix, live', "2.5"),
    ("007", "42", "Alien", "4"),
]
TOTALS = {
    ("007", "42"): 7,
    ("007", "042"): 1,
    ("7", "42"): 2,
    ("Zoë", "a/b?c=d"): 2.5,
}


def delimited_text(rows, delimiter=",", header=True) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([TITLES] * header + list(rows))
    return stream.getvalue().encode()


def tabs(rows) -> bytes:
    return "".join("\t".join(row) + "\n" for row in [TITLES, *rows]).encode()


def json_lines(rows) -> bytes:
    records = (dict(zip(TITLES, row, strict=True)) for row in rows)
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def in_parquet(rows) -> bytes:
    stream = io.BytesIO()
    columns = dict(zip(TITLES, map(list, zip(*rows, strict=True)), strict=True))
    columns["count"] = list(map(float, columns["count"]))
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


KINDS = {
    "plays.csv": delimited_text(ROWS),
    "excel.csv": b"\xef\xbb\xbf" + delimited_text(ROWS, ";").replace(b"\n", b"\r\n"),
    "plays.tsv": tabs(ROWS),
    "plays.jsonl": json_lines(ROWS),
    "plays.parquet": in_parquet(ROWS),
    "plays.csv.gz": gzip.compress(delimited_text(ROWS)),
    "plays.tsv.bz2": bz2.compress(tabs(ROWS)),
    "plays.ndjson.zst": pa.compress(json_lines(ROWS), "zstd", asbytes=True),
}


def totals(plays) -> dict[tuple[str, str], float]:
    users, items = plays.matrix.nonzero()
    pairs = zip(plays.users[users], plays.artists[items], strict=True)
    return dict(zip(pairs, plays.matrix.data.tolist(), strict=True))


def written(folder, name: str, content: bytes):
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_same_plays_by_exact_ids(tmp_path, name):
    plays, rejected = read_own_plays(written(tmp_path, name, KINDS[name]), NAMED, fractions=True)
    assert totals(plays) == TOTALS
    names = dict(zip(plays.artists, plays.artist_names, strict=True))
    assert names == {"42": "Alien", "042": "Alien", "a/b?c=d": 'the 12" mix, live'}
    assert not rejected.counts


def test_integers_of_parquet_and_json_are_their_decimal_text(tmp_path):
    large = 2**63 - 1
    table = pa.table({"user": [large, 7], "item": [1, 1], "plays": [1, 2]})
    parquet.write_table(table, tmp_path / "plays.parquet")
    lines = f'{{"user": {large}, "item": "1", "plays": 1}}\n{{"user": 7, "item": 1, "plays": 2}}'
    written(tmp_path, "plays.jsonl", lines.encode())
    expected = {(str(large), "1"): 1, ("7", "1"): 2}
    for name in ("plays.parquet", "plays.jsonl"):
        assert totals(read_own_plays(tmp_path / name)[0]) == expected


@pytest.mark.parametrize("kind", [pa.float64(), pa.bool_(), pa.binary(), pa.timestamp("s")])
def test_parquet_ids_that_are_neither_texts_nor_whole_numbers_are_refused(tmp_path, kind):
    user = pa.array([1, 0]).cast(pa.string() if kind == pa.binary() else pa.int64()).cast(kind)
    parquet.write_table(
        pa.table({"user": user, "item": [1, 2], "plays": [1, 2]}), tmp_path / "p.parquet"
    )
    with pytest.raises(UserError, match=r"p\.parquet: its column user is of type"):
        read_own_plays(tmp_path / "p.parquet")


BAD_ROWS = [
    ('"",1,a,1', "plays: no user id"),
    ("u,,,1", "plays: neither item id nor name"),
    ("u,,42,1", "plays: no item id, and the name is another item's id"),
    (" u,42,a,1", "plays: user id has blanks at its start or end"),
    ("u,42 ,a,1", "plays: item id has blanks at its start or end"),
    ("u\0,42,a,1", "plays: user id has a control character, such as the end of a line"),
    ('"u\nv",42,a,1', "plays: user id has a control character, such as the end of a line"),
    ("u,42,a,0", "plays: count is not above zero"),
    ("u,42,a,-1e3", "plays: count is not above zero"),
    ("u,42,a,2.5", "plays: count is not a whole number"),
    ("u,42,a,1e400", "plays: count is not a number"),
    ('u,42,a,"1,5"', "plays: count is not a number"),
    ("u,42,a,0x10", "plays: count is not a number"),
    ("u,42,a,", "plays: count is not a number"),
    ("u,42,a", "plays: not as many columns as the first line"),
    (b"\xff,42,a,1", "plays: user id is not UTF-8 text"),
    (b"u,42,\xe9,1", "plays: name is not UTF-8 text"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS, ids=str)
def test_a_bad_row_is_counted_by_its_reason_and_line(tmp_path, row, reason):
    row = row.encode() if isinstance(row, str) else row
    content = b"user,item,name,plays\n\nv,42,a,1\n" + row + b"\n" + row + b"\nv,43,b,1"
    path = written(tmp_path, "plays.csv", content)
    plays, rejected = read_own_plays(path)
    assert totals(plays) == {("v", "42"): 1, ("v", "43"): 1}
    assert rejected.counts == {reason: 2}
    assert rejected.places() == {reason: f"{path}:4"}
    with pytest.raises(UserError, match=r"plays\.csv:4: .*; fix the row or pass --on-bad-row skip"):
        read_own_plays(path, on_bad_row="stop")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "plays: not a JSON object with each key once"),
        ('{"user": "u", "user": "v", "item": "1", "plays": 1}',
         "plays: not a JSON object with each key once"),
        ('{"user": 7.0, "item": "1", "plays": 1}',
         "plays: user is a number with a point or an exponent; write it as text"),
        ('{"user": true, "item": "1", "plays": 1}', "plays: user is neither text nor a number"),
        ('{"user": "\\ud800", "item": "1", "plays": 1}', "plays: user id is not UTF-8 text"),
        ('{"user": "u", "item": "1", "plays": NaN}', "plays: plays is neither text nor a number"),
        ('{"user": "u", "item": null, "plays": 1}', "plays: neither item id nor name"),
    ],
)  # fmt: skip
def test_a_bad_line_of_json_is_counted_by_its_reason(tmp_path, line, reason):
    sound = '{"user": "v", "item": 42, "plays": 1}'
    path = written(tmp_path, "plays.jsonl", f"{sound}\n{line}\n\n{sound}".encode())
    plays, rejected = read_own_plays(path)
    assert totals(plays) == {("v", "42"): 2}
    assert (rejected.counts, rejected.first) == ({reason: 1}, {reason: 2})


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.csv", "1,2,3\n", r"a\.csv:1: none of its columns '1', '2', '3' is known to be user"),
        ("a.csv", "user,item,track_id,plays\n", "'item' or 'track_id' may be its column item"),
        ("a.csv", "user,user,item,plays\n", "'user' or 'user' may be its column user"),
        ("a.csv", "user,item,rating\n", "none of its columns .* is known to be plays"),
        ("a.csv", 'user,item,plays\n"a"b,1,2\n', r"a\.csv:2: .* check its quotes"),
        ("a.csv", 'user,item,plays\na,1,"2\n', r"a\.csv:2: .* check its quotes"),
        ("a.csv", "user,item,plays\n", "no row"),
        ("a.csv", "\n\n", "the file is empty"),
        ("a.xlsx", "user,item,plays\n", "name it by what it is"),
        ("a.csv.gz", "user,item,plays\na,1,2\n", "cannot be read"),
        ("a.jsonl", "1\n", "no line is a JSON object"),
        ("a.parquet", "PAR1", "cannot be read as Parquet"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(tmp_path, name, content, complaint):
    with pytest.raises(UserError, match=complaint):
        read_own_plays(written(tmp_path, name, content.encode()))


def test_fields_in_quotes_between_tabs_are_not_guessed_at(tmp_path):
    content = 'user\titem\tname\tplays\na\t1\t"x"\t1\na\t2\t"x\t2\n'
    plays, rejected = read_own_plays(written(tmp_path, "plays.tsv", content.encode()))
    assert plays.artist_names.tolist() == ['"x']
    (reason,) = rejected.counts
    assert "a field in quotes" in reason


def test_columns_without_a_header_are_named_by_number_and_rows_count_once(tmp_path):
    path = written(tmp_path, "likes.csv", b"1,ann,9\n1,bob,8\n1,ann,7\n")
    plays, _ = read_own_plays(path, named_columns(PLAYS, "user=#2,item=#1"))
    assert totals(plays) == {("ann", "1"): 2, ("bob", "1"): 1}


@pytest.mark.parametrize(
    "text",
    ["", "user=a", "user=a,item=b,user=c", "user=a,thing=b", "user=#1,item=b", "user=,item=b"],
)
def test_other_names_of_columns_are_refused(text):
    with pytest.raises(UserError, match="--columns"):
        named_columns(PLAYS, text)


def test_tab_separated_files_with_our_titles_are_not_those_of_lastfm(tmp_path):
    path = written(tmp_path, "plays.tsv", b"user\titem\tplays\nann\t1\t2\nbob\t1\t3\n")
    assert read_listening(path, None).plays.users.tolist() == ["ann", "bob"]
    unnamed = written(tmp_path, "unnamed.tsv", b"ann\t1\tx\t2\n")
    with pytest.raises(UserError, match=r"sha1.*--columns"):
        read_listening(unnamed, None)


def test_old_plays_are_left_out_by_the_times_of_a_text_file(tmp_path):
    rows = "a,1,1,2999-01-01T00:00:00Z\na,2,1,1999-01-01\na,3,1,\n"
    path = written(tmp_path, "plays.csv", f"user,item,plays,last_played_at\n{rows}".encode())
    plays, rejected = read_own_plays(path, max_age=maximum_age("5y"), on_bad_row="stop")
    assert totals(plays) == {("a", "1"): 1}
    assert rejected.counts == {"plays: older than --max-age": 2}


FIELDS = st.sampled_from(["a", "b", "007", "é", 'q"', "x,y", "", " s", "1", "2.5", "\u2028", "\0"])


@given(rows=st.lists(st.tuples(*[FIELDS] * 4), max_size=8), ends=st.sampled_from(["\n", "\r\n"]))
def test_arrow_and_the_csv_module_read_alike(tmp_path_factory, rows, ends):
    """The csv module alone, Arrow wherever it can, and both by turns in small blocks."""
    content = delimited_text([("u", "i", "n", "1"), *rows]).replace(b"\n", ends.encode())
    path = written(tmp_path_factory.mktemp("drawn"), "plays.csv", content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "read_plain", lambda *_: None)
        slow, slow_rejected = read_own_plays(path, NAMED)
    fast, fast_rejected = read_own_plays(path, NAMED)
    assert totals(fast) == totals(slow)
    assert (fast_rejected.counts, fast_rejected.first) == (
        slow_rejected.counts,
        slow_rejected.first,
    )
    for size in (40, 64):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "BYTES_AT_A_TIME", size)
            assert totals(read_own_plays(path, NAMED)[0]) == totals(slow)


@pytest.mark.parametrize("name", ["filmtrust/ratings.csv", "citeulike/likes.csv"])
def test_real_ratings_are_what_pandas_reads(real_data, name):
    path, columns = real_data / "q3b" / name, {"user": "u", "item": "i", "plays": "r"}
    plays, rejected = read_own_plays(path, columns, fractions=True)
    sums = pd.read_csv(path, dtype={"u": str, "i": str}).groupby(["u", "i"])["r"].sum()
    assert totals(plays) == sums.to_dict()
    assert not rejected.counts
    assert plays.matrix.dtype == np.float32
