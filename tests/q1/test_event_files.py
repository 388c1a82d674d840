"""Event files: formats of files and times, and one clear line for what is wrong with them."""

from common.command import OutsideError

import bz2
import gzip
import io
import json
import lzma
import os
import shlex
import signal
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest

from events.files import EventFile, files_named
from events.load import load_rows, rows_in_turn
from events.streams import zstd
from postgres.connection import session
from sql import main
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here

HEADER = "uid,time,event_name\n"
GOOD = HEADER + "a,2017-04-01,FIRST_INSTALL\na,2017-04-03,OPEN\nb,2017-04-01,FIRST_INSTALL\n"


@pytest.fixture
def run(postgres_url, tmp_path):
    """Run the script on files of these contents, in the order given."""

    def run(*contents: str | bytes, options: tuple[str, ...] = ()):
        names = []
        for number, content in enumerate(contents):
            path = tmp_path / f"events-{number}.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            names.append(path)
        options = [*(word for name in names for word in ("--events", name)), *options]
        return run_here(main, "--dsn", postgres_url, "--format", "json", *options)

    return run


def counted(finished) -> tuple[int, int, int, int]:
    """Records, users, installed users, retained users."""
    assert finished.returncode == 0, finished.stderr
    answer = json.loads(finished.stdout)
    return tuple(answer[name] for name in ("records", "users", "installed_users", "retained_users"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="byte order mark"),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip"),
        pytest.param(
            gzip.compress(GOOD[:50].encode()) + gzip.compress(GOOD[50:].encode()), id="two"
        ),
        pytest.param(zstd.compress(GOOD.encode()), id="zstd"),
        pytest.param(bz2.compress(GOOD.encode()), id="bzip2"),
        pytest.param(lzma.compress(GOOD.encode()), id="xz"),
        pytest.param(GOOD.encode("utf-16"), id="UTF-16"),
        pytest.param(
            b"\xfe\xff" + GOOD.replace(",", "\t").encode("utf-16-be"), id="UTF-16BE, tabs"
        ),
        pytest.param(gzip.compress(GOOD.encode("utf-16")), id="UTF-16 in gzip"),
        pytest.param("sep=;\r\n" + GOOD.replace(",", ";").replace("\n", "\r\n"), id="sep="),
        pytest.param(GOOD.replace("uid,time", '"uid","time"'), id="quoted header"),
        pytest.param(GOOD.replace(",", "\t"), id="tabs"),
        pytest.param(GOOD.replace(",", ";"), id="semicolons"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="Windows lines"),
        pytest.param(GOOD.replace("\n", "\r"), id="lines of an old Mac"),
        pytest.param(HEADER[:-1] + "\r" + GOOD[len(HEADER) :], id="a header with another line end"),
        pytest.param(
            f"uid,time,event_name,{'x' * 200_000}\na,2017-04-01,FIRST_INSTALL,\n"
            f"a,2017-04-02,OPEN,\nb,2017-04-01,FIRST_INSTALL,{'x' * 200_000}\n",
            id="huge fields",
        ),
        pytest.param(GOOD + "\n\n", id="empty lines at the end"),
        pytest.param(GOOD.rstrip(), id="no newline at the end"),
        pytest.param(GOOD.replace("2017-04-01", "1491004800"), id="epoch"),
        pytest.param(GOOD.replace("2017-04-0", "2017040"), id="days without dashes"),
        pytest.param(GOOD.replace("2017-04-03", "20170403"), id="one of them without"),
        pytest.param(
            HEADER + "a,1491004800,FIRST_INSTALL\na,20170403,OPEN\nb,20170401,FIRST_INSTALL\n",
            id="epoch and days without dashes",
        ),
        pytest.param(
            HEADER
            + "a,1491004800.0,FIRST_INSTALL\na,1491177600.5,OPEN\nb,1491004801,FIRST_INSTALL\n",
            id="epoch with decimals",
        ),
        pytest.param(
            HEADER
            + "a,1491004800000,FIRST_INSTALL\na,1491177600500,x\nb,1491091199999,FIRST_INSTALL\n",
            id="epoch in milliseconds",
        ),
        pytest.param(
            HEADER
            + "a,2017-04-01T07:59:59+08:00,OPEN\na,2017-04-01T08:00:00+08:00,FIRST_INSTALL\n"
            + "b,2017-04-01T23:59:59.999Z,FIRST_INSTALL\na,2017-04-02 00:00:00 UTC,OPEN\n",
            id="time zones",
        ),
        pytest.param(
            "time,country,uid,event_name,\n2017-04-01,HK,a,FIRST_INSTALL,\n2017-04-02,,a,,x\n"
            '2017-04-01,"a, b",b,"FIRST_INSTALL",""\n',
            id="other columns",
        ),
    ],
)
def test_every_format_gives_the_same_users(run, content):
    assert counted(run(content))[1:] == (2, 2, 1)


def test_files_of_different_layouts_are_one_log(run):
    second = "event_name\tuid\textra\ttime\nOPEN\tb\t\t1491177600\nOPEN\tc\t\t1491177600\n"
    assert counted(run(GOOD, second, GOOD)) == (8, 3, 2, 2)


def test_a_file_named_twice_is_read_once(run, tmp_path):
    again = f"{tmp_path}/../{tmp_path.name}/events-0.csv"
    pattern = f"{tmp_path}/*.csv"
    assert counted(run(GOOD, options=("--events", again, "--events", pattern))) == (3, 2, 2, 1)


def test_a_pattern_names_its_files_in_order_but_no_folder(tmp_path):
    for name in ("b.csv", "a.csv", "c.tsv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    names = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert files_named(f"{tmp_path}/*.csv") == names


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    for name in ("[ab].csv", "a.csv"):
        (tmp_path / name).touch()
    assert files_named(f"{tmp_path}/[ab].csv") == [f"{tmp_path}/[ab].csv"]


def test_times_long_past_are_read(run):
    old = "a,-2208988800,OPEN\na,-2208988800000,OPEN\n"  # 1900, in seconds and in milliseconds
    content = HEADER + "a,1491004800,FIRST_INSTALL\n" + old
    finished = run(content, options=("--from", "1900-01-01"))
    assert json.loads(finished.stdout)["first_day"] == "1900-01-01"
    assert counted(finished) == (3, 1, 1, 0)


@pytest.mark.parametrize("option", ["--return-event", "--exclude-event"])
def test_what_asks_for_names_of_events_needs_their_column(run, option):
    content = "uid,time\na,2017-04-01\na,2017-04-03\n"
    options = ("--cohort-by", "first-event")
    assert counted(run(content, options=options)) == (2, 1, 1, 1)
    finished = run(content, options=(*options, option, "OPEN"))
    assert_one_line_error(finished, 2, ":1:", "'event_name' is missing", "--columns")


def test_columns_are_found_by_the_headers_given(run):
    content = GOOD.replace("uid,time,event_name", "userid,eventDate,eventName")
    options = ("--columns", "uid=userid,time=eventDate,event_name=eventName")
    assert counted(run(content, options=options)) == (3, 2, 2, 1)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        pytest.param("", ["is empty"], id="empty"),
        pytest.param("u" * 1_000_001, [":1:", "header does not end"], id="endless"),
        pytest.param(HEADER, ["no events"], id="only a header"),
        pytest.param(
            "uid,time\na,2017-04-01\n", [":1:", "'event_name' is missing", "--columns"], id="column"
        ),
        pytest.param("uid,uid,time,event_name\n", [":1:", "'uid' is duplicate"], id="column twice"),
        pytest.param(b"u\x00i\x00d\x00,\x00", [":1:", "not UTF-8"], id="UTF-16 without a mark"),
        pytest.param(GOOD.encode("utf-16")[:-1], ["csv: cannot be read (not UTF-16"], id="half"),
        pytest.param(b"PK\x03\x04...", ["an Excel workbook", "save it as CSV"], id="workbook"),
        pytest.param(
            '{\n  "uid": 1\n}\n', ["csv:1: no line is a JSON object", "jq -c"], id="one object"
        ),
        pytest.param('[{"uid": 1}]', ["one JSON array", "jq"], id="JSON array"),
        pytest.param(b"PAR1" + b"x" * 100 + b"PAR1", ["cannot be read as Parquet"], id="Parquet"),
        pytest.param(GOOD + "a,42826.4166,x\n", [":5: ", "spreadsheet's date number"], id="serial"),
        pytest.param(GOOD + "a,20170401103000,x\n", [":5: ", "--time-format"], id="day and time"),
        pytest.param(
            GOOD.encode() + b"\xe9,2017-04-01,x\n",
            ["csv:5: not UTF-8 text; fix the row"],
            id="Latin-1",
        ),
        pytest.param(
            GOOD + "a,01/04/2017,x\n",
            ["not ISO 8601", "9998: '01/04/2017'; fix", ":5"],
            id="American date",
        ),
        pytest.param(HEADER + "a,01/04/2017,x\n", ["not ISO 8601", ":2"], id="only American dates"),
        pytest.param(GOOD + "a,2017-02-30,x\n", ["not ISO 8601", ":5"], id="no such day"),
        pytest.param(GOOD + "a,infinity,x\n", ["not ISO 8601", ":5"], id="infinity"),
        pytest.param(GOOD + "a,9999-12-31,x\n", ["2 to 9998", ":5"], id="the last of days"),
        pytest.param(GOOD + "a,0001-01-01 00:00+08,x\n", ["2 to 9998", ":5"], id="before year 1"),
        pytest.param(
            HEADER + "a,1491004800,x\na,-99999999999,x\na,-99999999999999,x\n",
            ["not ISO 8601", ":3"],
            id="epoch before Christ",
        ),
        pytest.param(GOOD + "a,,x\n", ["no time", ":5"], id="no time"),
        pytest.param(
            GOOD + "a,2017-04-01\n",
            ["not as many columns as the header", ":5"],
            id="too few columns",
        ),
        pytest.param(
            GOOD + "a,2017-04-01,x,y\n",
            ["not as many columns as the header", ":5"],
            id="too many columns",
        ),
        pytest.param(
            GOOD + 'a,2017-04-01,"x\n', ["broken quoting", ":5"], id="quote that never ends"
        ),
        pytest.param(
            GOOD + "a\0,2017-04-01,x\n", ["a NUL character, which PostgreSQL", ":5"], id="NUL"
        ),
        pytest.param(gzip.compress(GOOD.encode())[:-9], ["cannot be"], id="gzip cut short"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, content, parts):
    finished = run(content)
    assert_one_line_error(finished, 2, *parts)
    assert finished.stdout == ""


BAD = GOOD + "a,never,x\n" + "b,2017-04-03,OPEN\n" + "a,sometimes,x\n" + "a\n"
WRONG_TIME = "not ISO 8601 or epoch time of the years 2 to 9998"
WRONG_COLUMNS = "not as many columns as the header"


def test_the_first_bad_row_ends_it_with_its_place_and_what_to_do(run):
    finished = run(GOOD, BAD)
    assert_one_line_error(finished, 2, WRONG_TIME)
    line = finished.stderr.splitlines()[-1]
    fix = "fix the row, describe its times by --time-format or pass --on-bad-row skip"
    assert line.endswith(f"events-1.csv:5: {WRONG_TIME}: 'never'; {fix}")
    assert finished.stdout == ""


def test_bad_rows_are_left_out_on_request_and_still_counted(run, tmp_path):
    finished = run(GOOD, BAD, options=("--on-bad-row", "skip"))
    assert counted(finished) == (7, 2, 2, 2)
    file = tmp_path / "events-1.csv"
    assert finished.stderr.splitlines()[-2:] == [
        f"2 rows rejected, first {file}:5: {WRONG_TIME}",
        f"1 row rejected, first {file}:8: {WRONG_COLUMNS}",
    ]
    answer = json.loads(finished.stdout)
    assert answer["rows_rejected"] == {WRONG_TIME: 2, WRONG_COLUMNS: 1}
    assert answer["first_rejected"] == {WRONG_TIME: f"{file}:5", WRONG_COLUMNS: f"{file}:8"}


def test_a_file_that_mixes_formats_of_time_is_read_whole(run):
    mixed = (
        HEADER + "a,2017-04-01,FIRST_INSTALL\na,1491177600,OPEN\nb,1491004800000,FIRST_INSTALL\n"
    )
    assert counted(run(mixed)) == (3, 2, 2, 1)


def test_times_in_a_format_of_their_own(run):
    content = (
        HEADER + "a,04/01/2017 09:00 AM,FIRST_INSTALL\na,04/03/2017 11:30 PM,OPEN\n"
        "b,04/01/2017 12:00 AM,FIRST_INSTALL\nb,03/31/2017 11:59 PM,OPEN\n"
    )
    assert counted(run(content, options=("--time-format", "%m/%d/%Y %I:%M %p"))) == (4, 2, 2, 1)
    finished = run(GOOD, options=("--time-format", "%m/%d/%Y"))
    assert_one_line_error(finished, 2, "csv:2: not a time of the format %m/%d/%Y: '2017")


def test_one_column_is_not_two(run):
    finished = run(GOOD, options=("--columns", "uid=event_name"))
    assert_one_line_error(finished, 2, "events-0.csv", "--columns")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_standard_input_that_is_closed(postgres_url):
    command = shlex.join([sys.executable, "Q1/sql.py", "--dsn", postgres_url, "--events", "-"])
    command += " <&-"
    finished = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert_one_line_error(finished, 2, "stdin: is closed")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_what_is_reported_never_reaches_standard_output(postgres_url, tmp_path):
    """Not even when standard error is closed."""
    log = tmp_path / "log.csv"
    log.write_text(BAD, encoding="utf-8")
    command = [sys.executable, "Q1/sql.py", "--dsn", postgres_url, "--events", str(log)]
    command += ["--on-bad-row", "skip", "--users", "--format", "csv"]
    finished = subprocess.run(
        ["sh", "-c", f"{shlex.join(command)} 2>&-"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert (finished.returncode, finished.stdout) == (0, "uid\na\nb\n")


@pytest.fixture
def interruptible():
    """Python's own answer to Ctrl-C: a run in the background would ignore it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


class Disturbed(io.BytesIO):
    """A file in whose midst something happens while it is read."""

    def __init__(self, happens):
        super().__init__(GOOD.encode())
        self.happens = happens

    def read(self, size: int = -1) -> bytes:
        self.happens()
        return super().read(size)


def test_an_interrupt_ends_the_loading(postgres_url, interruptible):
    log = EventFile("log.csv", Disturbed(lambda: signal.raise_signal(signal.SIGINT)))
    with (
        pytest.raises(KeyboardInterrupt),
        session(postgres_url, "--dsn", "REPEATABLE READ") as connection,
    ):
        load_rows(connection, rows_in_turn([log], {}), skip_bad_rows=True)


def test_a_server_that_goes_away_while_loading_is_said_in_one_line(postgres_url, capsys):
    with (
        pytest.raises(OutsideError, match="the server ended the connection"),
        session(postgres_url, "--dsn", "REPEATABLE READ") as connection,
        closing(psycopg2.connect(postgres_url)) as other,
        other.cursor() as cursor,
    ):
        end = "SELECT pg_terminate_backend(%s, 10000)"
        log = Disturbed(lambda: cursor.execute(end, [connection.info.backend_pid]))
        rows = rows_in_turn([EventFile("log.csv", log)], {})
        load_rows(connection, rows, skip_bad_rows=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("server: ")
