"""`--check` agrees in all formats, and on files as they should not be."""

import bz2
import csv
import gzip
import io
import json
import lzma
import math
import random
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sql import main
from tests.conftest import Finished, assert_one_line_error, run_here
from tests.q1.test_check import NAMES, Event, assert_same, drawn_events

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Cells of hostile files, by column; the last column is not asked for.
CELLS = {
    "uid": ["a", "b", "c", "d", "", "é", " a", "1", "NULL", "\\N"],
    "time": [
        "2017-04-01", "2017-04-02 10:00", "2017-04-02T10:00:00Z", "2017-04-01T23:59:59.9999999Z",
        "2017-04-02 23:59:59,9999999", "2017/04/02", "20170402", "20170402T100000Z",
        "2017-04-02 10:00:00.5-0330", "1491004800", "1491091199.9999999", "1491004800000", "1e9",
        "1491004800000000", "1.4910048e9", "42826.5", "now", "epoch", "infinity", "04/02/17", "",
        "2017-04-01 10:00 PM", "2017-04-02 10:00 IST", "2017-04-02 24:00:00", "2017-04-01 23:59:60",
        " 2017-04-02",
    ],
    "event_name": [*["FIRST_INSTALL"] * 3, "OPEN", "", "x,y", "a\nb", 'q"q'],
    "title": ["t", '5" screen', '"', "", "it's", "a,b", "tab\there"],
}  # fmt: skip


def spelled(number: int, time: str) -> str:
    """A time, which is in ISO 8601 with a zone, in one of the ways that are read."""
    moment = datetime.fromisoformat(time)
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (moment.resolution)
    seconds = f"{microseconds // 10**6}.{microseconds % 10**6:06}"
    ways = (
        time, f"{moment:%Y/%m/%d %H:%M:%S.%f}9", f"{moment:%Y%m%dT%H%M%S,%f}Z", seconds,
        f"{microseconds // 1000}", f"{microseconds}", f"{microseconds}999",
    )  # fmt: skip
    return ways[number % len(ways)]


def as_csv(events: list[Event], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([NAMES, *events])
    return text.getvalue()


def as_json(events: list[Event]) -> str:
    return "".join(f"{json.dumps(dict(zip(NAMES, event, strict=True)))}\n" for event in events)


def as_parquet(events: list[Event]) -> bytes:
    columns = [list(column) for column in zip(*events, strict=True)]
    columns[1] = [datetime.fromisoformat(time) for time in columns[1]]
    file = io.BytesIO()
    pq.write_table(pa.table(dict(zip(NAMES, columns, strict=True))), file)
    return file.getvalue()


FORMATS = {
    "csv": lambda events: as_csv(events).encode(),
    "tsv": lambda events: as_csv(events, "\t").encode("utf-8-sig"),
    "semicolon.csv": lambda events: b"sep=;\r\n" + as_csv(events, ";").encode(),
    "utf-16.tsv": lambda events: as_csv(events, "\t").encode("utf-16"),
    "jsonl": lambda events: as_json(events).encode(),
    "csv.gz": lambda events: gzip.compress(as_csv(events).encode()),
    "csv.zst": lambda events: zstd.compress(as_csv(events).encode()),
    "jsonl.bz2": lambda events: bz2.compress(as_json(events).encode()),
    "csv.xz": lambda events: lzma.compress(as_csv(events).encode("utf-16")),
}


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("check") / "log.csv"


@pytest.mark.parametrize("name", [*FORMATS, "parquet"])
def test_drawn_events_in_every_format(postgres_url, tmp_path, name):
    """Times are written in all ways, row by row."""
    events = drawn_events(date(2017, 10, 29), seed=name, number=2000)
    ways = [(uid, spelled(number, time), event) for number, (uid, time, event) in enumerate(events)]
    path = tmp_path / f"events.{name}"
    path.write_bytes(as_parquet(events) if name == "parquet" else FORMATS[name](ways))
    given = ("--dsn", postgres_url, "--events", path, "--time-zone", "Europe/Berlin", "--check")
    assert_same(run_here(main, *given, "--cohorts"))
    assert_same(run_here(main, *given, "--users", "--install-date", "2017-10-29"))


def test_times_of_a_format_of_ones_own(postgres_url, tmp_path):
    events = drawn_events(date(2017, 10, 29), seed=0, number=300)
    spell: Callable = "{:%m/%d/%Y %I:%M:%S %p}".format
    own = [(uid, spell(datetime.fromisoformat(time)), event) for uid, time, event in events]
    (tmp_path / "events.csv").write_text(as_csv(own), encoding="utf-8", newline="")
    given = ("--dsn", postgres_url, "--events", tmp_path / "events.csv", "--cohorts", "--check")
    assert_same(run_here(main, *given, "--time-format", "%m/%d/%Y %I:%M:%S %p"))


def in_parquet(uids: pa.Array | None = None, times: pa.DataType | None = None) -> bytes:
    """Two users, of whom the first comes back on the next day; times are of a type."""
    days = pa.array([datetime(2017, 4, day) for day in (1, 2, 3)]).cast(times or pa.timestamp("us"))
    names = ["FIRST_INSTALL", "OPEN", "FIRST_INSTALL"]
    uids = pa.array(["a", "a", "b"]) if uids is None else uids
    file = io.BytesIO()
    pq.write_table(pa.table({"uid": uids, "time": days, "event_name": names}), file)
    return file.getvalue()


def in_json(*uids: str) -> bytes:
    """Users, as JSON writes them, of whom all but the first open the app the next day."""
    names = ["FIRST_INSTALL", *["OPEN"] * len(uids)]
    line = '{{"uid": {}, "time": "2017-04-0{}", "event_name": "{}"}}\n'.format
    rows = enumerate(zip(uids, names, strict=False))
    return "".join(line(uid, 1 + min(row, 1), name) for row, (uid, name) in rows).encode()


US = "%m/%d/%Y"  # which no time below is written in
TWO = b"uid,time,event_name\na,2017-04-01,FIRST_INSTALL\na,2017-04-02,OPEN\n"
# A file, the users of it who come back on the next day, and --time-format.
FOUND = {
    "Parquet timestamps": (in_parquet(), ["a"], US),
    "Parquet timestamps of a zone": (in_parquet(times=pa.timestamp("ms", "Asia/Tokyo")), ["a"], US),
    "Parquet dates": (in_parquet(times=pa.date32()), ["a"], US),
    "Parquet floats": (
        in_parquet(pa.array([0.1, 0.1, 3], pa.float32())), ["0.10000000149011612"], None,
    ),
    "Parquet doubles": (in_parquet(pa.array([1e16, 1e16, 5.0])), ["10000000000000000"], None),
    "Parquet small doubles": (in_parquet(pa.array([1e-7, 1e-7, 5.0])), ["0.0000001"], None),
    "Parquet whole doubles": (in_parquet(pa.array([5.0, 5.0, math.nan])), ["5"], None),
    "Parquet decimals": (
        in_parquet(pa.array([1, 1, 2], pa.decimal128(30, 2))), ["1"], None,
    ),
    "Parquet zeros": (in_parquet(pa.array([-0.0, 0.0, 5.0])), ["0"], None),
    "JSON 5.0": (in_json("5", "5.0"), ["5"], None),
    "JSON 1e3": (in_json("1e3", "1000"), ["1000"], None),
    "JSON 1e23": (in_json("1e23", "100000000000000000000000"), ["100000000000000000000000"], None),
    "JSON -0.0": (in_json("-0.0", "0"), ["0"], None),
    "JSON -0": (in_json("-0", "0"), ["0"], None),
    "JSON text": (in_json('"5.0"', "5", '"5.0"'), ["5.0"], None),
    "line ends in cells": (
        b'uid,time,event_name\r\n"a\rb",2017-04-01,FIRST_INSTALL\r\n"a\nb",2017-04-02,OPEN\n'
        b'"a\r\nb",2017-04-01,FIRST_INSTALL\r\n"a\rb",2017-04-02,"say ""x"",\r"\n',
        ["a\rb"],
        None,
    ),
    "SEP=": (b"SEP=;\r\n" + TWO.replace(b",", b";").replace(b"\n", b"\r\n"), ["a"], None),
    "Sep= quoted, empty lines": (b'"Sep=;"\n\n\n' + TWO.replace(b",", b";"), ["a"], None),
    "empty lines first": (b"\n\n" + TWO, ["a"], None),
    "empty lines of Windows first": (b"\r\n\r\n" + TWO.replace(b"\n", b"\r\n"), ["a"], None),
    "Z of a format": (
        TWO.replace(b"-01", b"-01 23:59:59Z").replace(b"-02", b"-03 00:00:01+00:30"),
        ["a"],
        "%Y-%m-%d %H:%M:%S%z",
    ),
    "a small t in a format": (
        TWO.replace(b"-01", b"-01t23:59").replace(b"-02", b"-02T00:00"), ["a"], "%Y-%m-%dT%H:%M",
    ),
    "seven decimals of a format": (
        TWO.replace(b"-01", b"-01 23:59:59.9999999").replace(b"-02", b"-02 23:59:59.9999999"),
        ["a"],
        "%Y-%m-%d %H:%M:%S.%f",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_the_same_users_are_found(postgres_url, tmp_path, name):
    content, uids, time_format = FOUND[name]
    (tmp_path / "log").write_bytes(content)
    given = ["--dsn", postgres_url, "--events", tmp_path / "log", "--users", "--format", "json"]
    own = ["--time-format", time_format] if time_format else []
    finished = run_here(main, *given, *own, "--active-to", "2017-04-02", "--check")
    assert_same(finished)
    assert json.loads(finished.stdout)["uids"] == uids


def hostile_log(generator: random.Random) -> bytes:
    """A file in which any row may be broken in any way."""
    delimiter = generator.choice(",;\t")
    columns = list(CELLS)[: generator.choice((3, 4))]
    generator.shuffle(columns)
    lines = [delimiter.join(columns)]
    for _ in range(generator.randrange(1, 14)):
        row = [quoted(generator, generator.choice(CELLS[name]), delimiter) for name in columns]
        count = generator.choice((*[len(row)] * 20, len(row) - 1))
        more = generator.choice((*[[]] * 20, ["more"], [""]))
        lines += [delimiter.join(row[:count] + more), *generator.choice([[]] * 20 + [[""]])]
    text = generator.choice("\n\n\r").replace("\r", "\r\n").join([*lines, ""]).encode()
    return text.replace(b"a", b"\xff", 1) if generator.random() < 0.05 else text


def quoted(generator: random.Random, cell: str, delimiter: str) -> str:
    """A cell, as a rule quoted if it has to be."""
    needed = delimiter in cell or "\n" in cell or cell.startswith('"')
    quotes = generator.random() < (0.97 if needed else 0.05)
    return '"{}"'.format(cell.replace('"', '""')) if quotes else cell


@settings(max_examples=min(100, settings().max_examples))
@given(st.randoms(use_true_random=False))
def test_files_as_they_should_not_be(postgres_url, log, generator):
    """Both leave out the same rows, or the file is refused, and then nothing is checked."""
    log.write_bytes(hostile_log(generator))
    question = generator.choice((("--active-from", "2017-04-01"), ("--cohorts",)))
    given = ("--dsn", postgres_url, "--events", log, "--check", *question)
    skipped = run_here(main, *given, "--on-bad-row", "skip")
    if skipped.returncode != 2 or "--check: " in skipped.stderr:
        assert_same(skipped)
    assert_stops_at_the_first(run_here(main, *given), skipped)


def assert_stops_at_the_first(stopped: Finished, skipped: Finished) -> None:
    """Assert that a run ends at the first of the rows that another left out, if there are any."""
    places = re.findall(r"rows? rejected, first (.+:([0-9]+): .+)", skipped.stderr)
    if places:
        first, _ = min(places, key=lambda place: int(place[1]))
        assert_one_line_error(stopped, 2, first)
        assert not stopped.stdout
    else:
        assert (stopped.returncode, stopped.stdout) == (skipped.returncode, skipped.stdout)
