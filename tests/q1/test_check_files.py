"""What `--check` reads: the same events in every format, by a grammar of its own."""

from common.command import UserError

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import sys
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from check.files import read_files
from check.statements import database, run

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Event = tuple[str, str, str]

ROWS = [
    ("a", "2017-04-01T10:00:00Z", "FIRST_INSTALL"),
    ("a", "2017-04-02T10:00:00Z", "OPEN"),
    ("b", "2017-04-01T23:59:59.999999Z", 'IN "QUOTES"'),
    ("", "2017-04-03T10:00:00Z", "OPEN, CLOSE"),
    ("é", "2017-04-03T10:00:00Z", "\n"),
]
FOUND = {
    ("a", date(2017, 4, 1), "FIRST_INSTALL"),
    ("a", date(2017, 4, 2), "OPEN"),
    ("b", date(2017, 4, 1), 'IN "QUOTES"'),
    (None, date(2017, 4, 3), "OPEN, CLOSE"),
    ("é", date(2017, 4, 3), "\n"),
}


def events_read(folder: Path, *names: str, **parameters) -> list[tuple]:
    """What DuckDB finds in files of a folder: user, day and name."""
    files = {name: folder / name for name in names}
    copies = folder / "copies"
    copies.mkdir(exist_ok=True)
    with database(copies) as duck:
        read_files(duck, files, {}, copies)
        given = {
            "time_format": None,
            "time_zone": "UTC",
            "whole_days": False,
            "from_day": date(1, 1, 1),
            "to_day": date(9999, 12, 31),
            "install_date": date(2017, 4, 1),
            "present": datetime(2020, 1, 1, tzinfo=UTC),
            "value_is": None,
            "in_detail": False,
            "cohort_by": "install",
            "install_event": "FIRST_INSTALL",
            "return_event": [],
            "exclude_event": [],
        } | parameters
        run(duck, "events", given)
        return duck.execute("SELECT uid, day, event_name FROM events").fetchall()


def as_csv(events: list[Event], delimiter: str = ",") -> str:
    text = io.StringIO()
    rows = [("uid", "time", "event_name"), *events]
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def json_lines(events: list[Event]) -> str:
    names = ("uid", "time", "event_name")
    return "".join(f"{json.dumps(dict(zip(names, row, strict=True)))}\n" for row in events)


FORMATS = {
    "comma.csv": as_csv(ROWS).encode(),
    "tab.tsv": as_csv(ROWS, "\t").encode(),
    "semicolon.csv": as_csv(ROWS, ";").encode(),
    "sep.csv": b"sep=;\n" + as_csv(ROWS, ";").encode(),
    "bom.csv": as_csv(ROWS).encode("utf-8-sig"),
    "utf-16.csv": as_csv(ROWS).encode("utf-16"),
    "line-ends.csv": as_csv(ROWS).replace("OPEN\n", "OPEN\r\n").encode(),
    "a[b]*.csv": as_csv(ROWS).encode(),
    "gzip": gzip.compress(as_csv(ROWS).encode()),
    "twice.gz": gzip.compress(as_csv(ROWS[:2]).encode())
    + gzip.compress(as_csv(ROWS[2:]).partition("\n")[2].encode()),
    "bz2": bz2.compress(as_csv(ROWS).encode()),
    "xz": lzma.compress(as_csv(ROWS).encode("utf-16")),
    "zst": zstd.compress(as_csv(ROWS).encode()),
    "lines.jsonl": json_lines(ROWS).encode(),
    "lines.gz": gzip.compress(json_lines(ROWS).encode()),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_the_same_events(tmp_path, name):
    (tmp_path / name).write_bytes(FORMATS[name])
    found = events_read(tmp_path, name)
    assert (set(found), len(found)) == (FOUND, len(ROWS))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.timestamp("ns"), pa.timestamp("us", "Asia/Tokyo")]
)
def test_parquet_has_the_same_events(tmp_path, kind):
    uids, times, names = zip(*ROWS, strict=True)
    moments = [datetime.fromisoformat(time) for time in times]
    column = pa.array(times if kind == pa.string() else moments, kind)
    table = pa.table({"event_name": names, "other": [1] * len(ROWS), "uid": uids, "time": column})
    pq.write_table(table, tmp_path / "events.parquet")
    assert set(events_read(tmp_path, "events.parquet")) == FOUND


TIMES = {
    "2017-04-01": "2017-04-01",
    "2017/04/01 23:59": "2017-04-01",
    "20170401": "2017-04-01",
    "20170401T235959Z": "2017-04-01",
    "2017-04-01T23:59:59.9999999Z": "2017-04-01",
    "2017-04-01 23:59:59,999999999": "2017-04-01",
    "2017-04-01 23:59:59-0001": "2017-04-02",
    "2017-04-02 00:00 +05:30": "2017-04-01",
    "1491004800": "2017-04-01",
    "1491091199.9999999": "2017-04-01",
    "1491091199999": "2017-04-01",
    "1491091199999999": "2017-04-01",
    "1491091199999999999": "2017-04-01",
    "1.4910048e9": "2017-04-01",
    "-1": "1969-12-31",
    **dict.fromkeys(
        (
            "now", "epoch", "infinity", "04/02/17", "2017-04-01 10:00 PM", "2017-04-01 10:00 IST",
            "2017-04-01 24:00:00", "2017-04-01 23:59:60", "2017-02-29", "2017-04/01", "42826.4166",
            "20170401100000", "20170401.5", "", " 2017-04-01", "0001-12-31", "9999-01-01", "9e99",
        )
    ),
}  # fmt: skip


def test_times_are_read_as_the_readme_says(tmp_path):
    """The right days are written by hand; None is for texts that are refused."""
    rows = [(f"{number}", time, "x") for number, time in enumerate(TIMES)]
    (tmp_path / "times.csv").write_text(as_csv(rows), encoding="utf-8")
    found = {uid: str(day) for uid, day, _ in events_read(tmp_path, "times.csv")}
    assert {time: found.get(uid) for uid, time, _ in rows} == TIMES


def test_times_of_a_format(tmp_path):
    rows = [("a", "04/01/2017 11:59 PM", "x"), ("b", "2017-04-01", "x")]
    (tmp_path / "times.csv").write_text(as_csv(rows), encoding="utf-8")
    found = events_read(tmp_path, "times.csv", time_format="%m/%d/%Y %I:%M %p")
    assert found == [("a", date(2017, 4, 1), "x")]


def test_rows_that_are_not_events_are_left_out(tmp_path):
    """Each begins with `no`; those that begin with `yes` are events, quotes within cells too."""
    log = b"""\
uid,time,event_name,title
yes1,2017-04-01,OPEN,5" screen
no,2017-04-01,OPEN
no,2017-04-01,OPEN,a,b
no,2017-04-01,OPEN,a,
no,2017-04-01,"OP"EN,a
yes2,2017-04-01,"OP
EN","6"" screen"

no,2017-04-01,OP\xffEN,a
no,2017-04-01,OP\x00EN,a
no,soon,OPEN,a
yes3,2017-04-01,OPEN,7" screen
no,2017-04-01,"OPEN,a
no,2017-04-01,OPEN,a
"""
    (tmp_path / "log.csv").write_bytes(log)
    found = sorted((uid, name) for uid, _, name in events_read(tmp_path, "log.csv"))
    assert found == [("yes1", "OPEN"), ("yes2", "OP\nEN"), ("yes3", "OPEN")]


@pytest.mark.parametrize(
    ("limits", "uids"),
    [
        ({}, "cde"),
        ({"from_day": date(2017, 4, 2)}, "de"),
        ({"to_day": date(2017, 4, 1)}, "c"),
        ({"to_day": date(2200, 1, 1)}, "cdefg"),
        ({"install_date": date(1999, 12, 31)}, "bcde"),
        ({"from_day": date(1970, 1, 1), "to_day": date(2017, 4, 1)}, "abc"),
    ],
)
def test_events_of_wrong_clocks_are_left_out(tmp_path, limits, uids):
    """Without limits that is before 2000, or before the installs asked for, and in the future."""
    times = ("0", "1999-12-31", "2017-04-01", "2017-04-02", "2019-12-31T23:59:59.999999Z")
    rows = list(zip("abcdefg", (*times, "2020-01-01", "2106-02-07"), "xxxxxxx", strict=True))
    (tmp_path / "log.csv").write_text(as_csv(rows), encoding="utf-8")
    given = {"from_day": None, "to_day": None} | limits
    assert "".join(sorted(uid for uid, _, _ in events_read(tmp_path, "log.csv", **given))) == uids


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_can_be_read_only_once_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="can be read only once; write it into a file"):
        events_read(tmp_path, "pipe")


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "half.gz").write_bytes(FORMATS["gzip"][:-9])
    with pytest.raises(UserError, match=r"half\.gz cannot be unpacked"):
        events_read(tmp_path, "half.gz")


def test_a_file_without_the_columns_is_refused(tmp_path):
    (tmp_path / "log.csv").write_text("a,b,c\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"log\.csv: .*time, uid"):
        events_read(tmp_path, "log.csv")


@pytest.mark.parametrize("before", ["", "\r\n", "\n\r\n", "\n\r", "sep=,\r\n\n", "sep=,\n"])
def test_lines_that_end_in_different_ways(tmp_path, before):
    """Also empty ones before the header."""
    for header, other in product(("\n", "\r\n", "\r"), repeat=2):
        rows = f"uid,time,event_name{header}a,2017-04-01,x{other}b,2017-04-02,y{other}"
        (tmp_path / "log.csv").write_bytes(f"{before}{rows}".encode())
        found = events_read(tmp_path, "log.csv")
        assert sorted(found) == [("a", date(2017, 4, 1), "x"), ("b", date(2017, 4, 2), "y")]
