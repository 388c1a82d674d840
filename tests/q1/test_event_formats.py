"""One log in every format: PostgreSQL gets the same events, as its table of truth says."""

from common.command import OutsideError, UserError

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import fsspec
import pandas as pd
import psycopg2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer
from pyarrow import parquet

from events.files import EventFile, files_named, opened_in_turn
from events.load import CREATE, LoadedEvents, load_rows, rows_in_turn
from events.streams import zstd
from sql import main
from tests.conftest import assert_one_line_error, free_port, run_here, run_script

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("uid", "time", "event_name")
LOG = [
    ("u1", datetime(2017, 4, 1, tzinfo=UTC), "FIRST_INSTALL"),
    ("u1", datetime(2017, 4, 2, 10, 0, 0, 250_000, UTC), "OPEN"),
    (None, datetime(2017, 4, 1, 23, 59, 59, 999_999, UTC), None),
    ("拜登🏀", datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), 'a "quoted", name'),
    ("00123", datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC), "首次安裝"),
]
Event = tuple[str | None, datetime, str | None]


@pytest.fixture(scope="module")
def server(postgres_url):
    """A connection, for which the table is whole: partitions would not keep the order of rows."""
    whole = CREATE.partition(" PARTITION BY")[0]
    with (
        pytest.MonkeyPatch.context() as patch,
        closing(psycopg2.connect(postgres_url)) as connection,
    ):
        patch.setattr("events.load.CREATE", whole)
        connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        yield connection


def load(server, *contents: bytes, headers: dict[str, str] | None = None) -> LoadedEvents:
    """Load files of these contents; bad rows are skipped."""
    server.rollback()
    files = [EventFile(f"log-{number}", io.BytesIO(it)) for number, it in enumerate(contents)]
    return load_rows(server, rows_in_turn(files, headers or {}), skip_bad_rows=True)


def stored(server) -> list[Event]:
    """What is in the table, in the order of loading."""
    with server.cursor() as cursor:
        cursor.execute("SELECT uid, time, event_name FROM pg_temp.piwik_track_1 ORDER BY ctid")
        return cursor.fetchall()


def ticks(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def as_csv(events: list[Event], delimiter: str = ",") -> str:
    frame = pd.DataFrame(
        [(uid, time.isoformat(), name) for uid, time, name in events], columns=list(NAMES)
    )
    return frame.to_csv(index=False, sep=delimiter)


def as_json(events: list[Event], time: Callable[[datetime], object]) -> bytes:
    rows = ({"uid": uid, "time": time(at), "event_name": name} for uid, at, name in events)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_parquet(events: list[Event], kind: pa.DataType | None = None, dictionary: bool = False):
    uids, times, names = ([row[column] for row in events] for column in range(3))
    if kind and pa.types.is_integer(kind):
        times = [ticks(time) for time in times]
    elif kind and pa.types.is_string(kind):
        times = [time.isoformat() for time in times]
    table = pa.table(
        {
            "time": pa.array(times, kind or pa.timestamp("us", "UTC")),
            "event_name": pa.array(names, pa.string()),
            "more": pa.array([{"x": [1]}] * len(names), pa.struct([("x", pa.list_(pa.int64()))])),
            "uid": pa.array(uids, pa.string()),
        }
    )
    if dictionary:
        for column in ("uid", "event_name"):
            encoded = table[column].dictionary_encode()
            table = table.set_column(table.column_names.index(column), column, encoded)
    stream = io.BytesIO()
    parquet.write_table(table, stream, row_group_size=2)
    return stream.getvalue()


FORMATS = {
    "CSV": lambda events: as_csv(events).encode(),
    "CSV of an old Mac": lambda events: as_csv(events).replace("\n", "\r").encode(),
    "TSV in UTF-16": lambda events: as_csv(events, "\t").encode("utf-16"),
    "semicolons in gzip": lambda events: gzip.compress(as_csv(events, ";").encode("utf-8-sig")),
    "CSV in zstd": lambda events: zstd.compress(as_csv(events).encode()),
    "CSV in bzip2": lambda events: bz2.compress(as_csv(events).encode()),
    "JSON lines": lambda events: as_json(events, datetime.isoformat),
    "JSON lines of numbers": lambda events: as_json(events, lambda at: ticks(at) / 10**6),
    "JSON lines in xz": lambda events: lzma.compress(as_json(events, datetime.isoformat)),
    "Parquet": as_parquet,
    "Parquet with dictionaries": lambda events: as_parquet(events, dictionary=True),
    "Parquet with texts": lambda events: as_parquet(events, pa.string()),
    "Parquet in gzip": lambda events: gzip.compress(as_parquet(events)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_events(server, name):
    landing = load(server, FORMATS[name](LOG))
    assert stored(server) == LOG
    assert landing.rejected == {}
    assert (landing.records, landing.records_without_user) == (5, 1)
    assert (landing.first_time, landing.last_time) == (LOG[3][1], LOG[4][1])


def test_files_of_all_formats_are_one_log(server):
    landing = load(server, *(write(LOG) for write in FORMATS.values()))
    assert stored(server) == LOG * len(FORMATS)
    assert landing.records == 5 * len(FORMATS)


CHARACTERS = st.characters(exclude_characters="\0\r", exclude_categories=("Cs",))
TEXTS = st.text(CHARACTERS, min_size=1, max_size=5) | st.none()
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


DRAWN = ("semicolons in gzip", "JSON lines", "JSON lines of numbers", "Parquet with dictionaries")


@given(st.lists(st.tuples(TEXTS, MOMENTS, TEXTS), min_size=1, max_size=5))
def test_drawn_events_are_the_same_from_every_format(server, events):
    for name in DRAWN:
        load(server, FORMATS[name](events))
        assert stored(server) == events, name


COLUMNS = {
    "whole numbers": (pa.array([7, None]), ["7", None]),
    "large whole numbers": (pa.array([2**64 - 1, 1], pa.uint64()), [str(2**64 - 1), "1"]),
    "whole numbers between missing ones": (pa.array([7.0, None, float("nan")]), ["7", None, None]),
    "numbers": (pa.array([1.5, 1e16]), ["1.5", "10000000000000000"]),
    "decimals": (pa.array([Decimal("12345678901234567890"), None]), ["12345678901234567890", None]),
    "empty texts": (pa.array(["", "a"]), [None, "a"]),
    "large texts": (pa.array(["b", "a"], pa.large_string()), ["b", "a"]),
    "bytes": (pa.array([b"b", "é".encode()]), ["b", "é"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_uids_of_every_type_are_texts(server, name):
    column, expected = COLUMNS[name]
    times = pa.array([0] * len(column))
    stream = io.BytesIO()
    parquet.write_table(pa.table({"uid": column, "time": times, "event_name": column}), stream)
    landing = load(server, stream.getvalue())
    assert [uid for uid, _, _ in stored(server)] == expected
    assert landing.records_without_user == expected.count(None)


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"uid": [True], "time": [1], "event_name": ["x"]}, "'uid' is bool; uid may be text or"),
        ({"uid": ["a"], "time": [[1]], "event_name": ["x"]}, "'time' is list<"),
        ({"uid": ["a"], "time": [timedelta(1)], "event_name": ["x"]}, "'time' is duration"),
        ({"uid": ["a"], "time": [1], "event_name": [LOG[0][1]]}, "'event_name' is timestamp"),
        ({"user": ["a"], "time": [1], "name": ["x"]}, "(there are: user, time, name); name with"),
    ],
)
def test_parquet_columns_that_cannot_be_ours_are_named(server, columns, part):
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    with pytest.raises(UserError) as caught:
        load(server, stream.getvalue())
    assert part in str(caught.value)


def test_bad_rows_of_parquet_are_counted_from_one(server):
    stream = io.BytesIO()
    uids = pa.array([b"a", b"\xff", b"b\0", b"c", b"d"])
    times = pa.array(["2017-04-01", "2017-04-01", "2017-04-01", "never", None])
    parquet.write_table(pa.table({"uid": uids, "time": times, "event_name": uids}), stream)
    landing = load(server, stream.getvalue())
    assert {reason: (it.place, it.rows) for reason, it in landing.rejected.items()} == {
        "not UTF-8 text": ("log-0: row 2", 1),
        "a NUL character, which PostgreSQL does not store": ("log-0: row 3", 1),
        "not ISO 8601 or epoch time of the years 2 to 9998": ("log-0: row 4", 1),
        "no time": ("log-0: row 5", 1),
    }
    assert [uid for uid, _, _ in stored(server)] == ["a"]


def test_times_of_spark_are_read_in_any_year(server):
    """As INT96, which in nanoseconds would wrap beyond the year 2262, back to 2016 at times."""
    times = [datetime(2017, 4, 1), datetime(2601, 10, 21), datetime(1601, 1, 1, 0, 0, 0, 1)]
    names = ["FIRST_INSTALL"] * 3
    table = pa.table(
        {"uid": ["a", "b", "c"], "time": pa.array(times, pa.timestamp("us")), "event_name": names}
    )
    stream = io.BytesIO()
    parquet.write_table(table, stream, use_deprecated_int96_timestamps=True)
    load(server, stream.getvalue())
    assert [time.replace(tzinfo=None) for _, time, _ in stored(server)] == times


@pytest.mark.parametrize(
    "times",
    [
        pa.array([0, 253_402_300_799 * 10**6, None], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([0, 10**7, None], pa.int32()).cast(pa.date32()),
        pa.array([0, 2**50, None], pa.int64()).cast(pa.timestamp("ms", "Nowhere/None")),
    ],
)
def test_times_of_years_that_are_not_ours_are_counted(server, times):
    stream = io.BytesIO()
    parquet.write_table(
        pa.table({"uid": list("abc"), "time": times, "event_name": list("xyz")}), stream
    )
    landing = load(server, stream.getvalue())
    assert {reason: it.place for reason, it in landing.rejected.items()} == {
        "a time outside the years 2 to 9998": "log-0: row 2",
        "no time": "log-0: row 3",
    }
    assert stored(server) == [("a", EPOCH, "x")]


JSON_LINES = """\
{"uid": "a", "time": "2017-04-01", "event_name": "FIRST_INSTALL", "more": {"deep": [1, {"x": 2}]}}

{"event_name": "OPEN", "uid": 12345678901234567890, "time": 1491004800.25}
{"uid": 7.0, "time": 20170401}
{"time": 1491004800000}
{"uid": "a", "time": null, "event_name": "OPEN"}
{"uid": true, "time": 1491004800}
{"uid": {"id": "a"}, "time": 1491004800}
{"uid": "a", "time": [1491004800]}
{"uid": "a", "uid": "b", "time": 1491004800}
{"uid": "a", "time": 1491004800} {"uid": "b", "time": 1491004800}
{"uid": "a", "time": 1491004800
["a", 1491004800, "OPEN"]
{"uid": "b\\u0000", "time": 1491004800}
{"uid": "\\ud83d", "time": 1491004800}
{"uid": "\\ud83c\\udfc0", "time": 1491004800}
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_json_lines_of_any_shape(server, end):
    landing = load(server, JSON_LINES.replace("\n", end).encode())
    day = datetime(2017, 4, 1, tzinfo=UTC)
    assert stored(server) == [
        ("a", day, "FIRST_INSTALL"),
        ("12345678901234567890", day + timedelta(milliseconds=250), "OPEN"),
        ("7", day, None),
        (None, day, None),
        ("🏀", day, None),
    ]
    assert landing.records_without_user == 1
    assert {reason: (it.place, it.rows) for reason, it in landing.rejected.items()} == {
        "no time": ("log-0:6", 1),
        "a value of uid that is neither text nor a number": ("log-0:7", 2),
        "a value of time that is neither text nor a number": ("log-0:9", 1),
        "duplicate key": ("log-0:10", 1),
        "not a JSON object": ("log-0:11", 3),
        "a NUL character, which PostgreSQL does not store": ("log-0:14", 1),
        "not UTF-8 text": ("log-0:15", 1),
    }


@pytest.mark.parametrize("separator", [b"", b" ", b"\r", b"\t"])
@pytest.mark.parametrize("after", [b"", b"\n"])
def test_two_objects_on_a_line_are_no_row_whatever_their_neighbours(server, separator, after):
    """Arrow reads them as two rows where all other lines are alike."""
    good = b'{"uid": "a", "time": "2017-04-01", "event_name": "x"}'
    landing = load(server, b"\n".join((good, good + separator + good, good)) + after)
    assert len(stored(server)) == 2
    assert {reason: it.place for reason, it in landing.rejected.items()} == {
        "not a JSON object": "log-0:2"
    }


def test_each_line_of_json_is_read_alike_alone_and_in_a_file(server):
    """Arrow reads a line that is alike to all of its block, Python any other."""
    lines = [line.encode() + b"\n" for line in JSON_LINES.splitlines() if line]
    found = []
    for line in lines:
        load(server, lines[0] + line)
        found += stored(server)[1:]
    load(server, *lines[:1], b"".join(lines))
    assert stored(server)[1:] == found


def test_json_keys_are_named_and_those_that_are_missing_are_listed(server):
    row = b'{"user": "a", "at": 0, "event_name": "x"}\n'
    load(server, row, headers={"uid": "user", "time": "at"})
    assert stored(server) == [("a", EPOCH, "x")]
    with pytest.raises(
        UserError, match=r"log-0:1: the column 'uid' is missing, .* \(there are: user"
    ):
        load(server, row)


def test_one_bad_line_of_json_is_named(postgres_url, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(as_json(LOG, datetime.isoformat) + b"{bad\n")
    finished = run_here(main, "--dsn", postgres_url, "--events", log)
    assert_one_line_error(finished, 2, "log.jsonl:6: not a JSON object; fix the row or pass")


def test_a_file_of_one_column_of_days_and_a_file_of_numbers(server):
    """Whatever the order of rows and files, a time is the same moment."""
    days, numbers = b"uid,time,event_name\na,20170401,x\n", b"uid,time,event_name\na,1491004800,x\n"
    for contents in ((days, numbers), (numbers, days), (days + b"a,1491004800,x\n",)):
        load(server, *contents)
        assert {time for _, time, _ in stored(server)} == {datetime(2017, 4, 1, tzinfo=UTC)}


def test_a_packed_log_on_standard_input(postgres_url):
    for write in (FORMATS["semicolons in gzip"], as_parquet):
        finished = run_script(
            "Q1/sql.py",
            "--dsn",
            postgres_url,
            "--events",
            "-",
            "--format",
            "json",
            "--from",
            "1969-12-31",
            "--to",
            "2106-02-07",
            stdin=write(LOG),
        )
        assert finished.returncode == 0, finished.stderr
        answer = json.loads(finished.stdout)
        assert (answer["records"], answer["installed_users"]) == (5, 1)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The address of a folder in an S3 bucket that a server on this machine keeps."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="events")
        s3.put_object(Bucket="events", Key="logs/a.csv.gz", Body=gzip.compress(FORMATS["CSV"](LOG)))
        s3.put_object(Bucket="events", Key="logs/b.parquet", Body=as_parquet(LOG))
        yield "s3://events/logs"
    server.stop()


def test_files_in_a_bucket(bucket, server):
    assert files_named(f"{bucket}/*.parquet") == [f"{bucket}/b.parquet"]
    server.rollback()
    files = opened_in_turn(files_named(f"{bucket}/*"))
    load_rows(server, rows_in_turn(files, {}), skip_bad_rows=False)
    assert stored(server) == LOG * 2


def test_the_answer_about_files_in_a_bucket_is_checked(bucket, postgres_url):
    """DuckDB reads copies of them, the one unpacked."""
    options = ("--events", f"{bucket}/*", "--format", "json", "--check")
    finished = run_here(main, "--dsn", postgres_url, *options)
    assert finished.returncode == 0, finished.stderr
    assert "check: DuckDB finds the same 1 of 1 user\n" in finished.stderr
    assert json.loads(finished.stdout)["source"] == f"{bucket}/a.csv.gz and 1 more file"


@pytest.mark.parametrize("name", ["none.csv", "*.none"])
def test_a_file_that_is_not_in_a_bucket_is_named(bucket, name):
    finished = run_here(main, "--embedded", "--events", f"{bucket}/{name}")
    assert_one_line_error(finished, 2, f"--events {bucket}/{name}: no such file")


@pytest.mark.parametrize(
    ("status", "error", "part"), [(404, UserError, "no such file"), (503, OutsideError, "503")]
)
def test_a_web_server_that_fails_is_not_a_file_that_is_missing(status, error, part):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(status)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(error, match=part):
            files_named(f"http://127.0.0.1:{server.server_port}/log.csv")
        server.shutdown()


@pytest.fixture
def own_clients():
    """Clients of file systems of a test's own: fsspec keeps them with the address of the server."""
    kinds = [fsspec.get_filesystem_class(scheme) for scheme in ("http", "s3")]
    for kind in kinds:
        kind.clear_instance_cache()
    yield
    for kind in kinds:
        kind.clear_instance_cache()


@pytest.mark.parametrize("name", ["log.csv", "*.csv"])
@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_a_server_that_is_down_is_not_a_missing_file(own_clients, monkeypatch, scheme, name):
    host = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with pytest.raises(OutsideError, match=r"C(ould not|annot) connect"):
        files_named(f"{scheme}://{host if scheme == 'http' else 'down'}/{name}")


def test_an_address_of_no_kind_is_named():
    finished = run_here(main, "--embedded", "--events", "gopher://host/log.csv")
    assert_one_line_error(finished, 2, "--events gopher://host/log.csv: Protocol not known")
