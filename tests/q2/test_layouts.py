"""Q2's layouts: a thousand drawn rows in each, whose totals another parser finds in the text."""

import csv
import io
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import duckdb
import numpy as np
import pytest

from logs.fields import NOTHING_SAID
from logs.layouts.by_hand import layout_options
from logs.ranges import lay_out_range, ranges_of
from logs.reader import Reading
from logs.scanner import scan_block
from logs.sources import find_sources
from tests.q2.conftest import FIXTURES, ask

ROWS = 1000
DAYS = 4
FIRST_DAY = datetime(2024, 11, 13, tzinfo=UTC)
HONG_KONG = timezone(timedelta(hours=8))
URLS = (
    "/a.jpg",
    "/b/c.JPG?w=1.css",
    "/d.jpeg",
    "/e.css",
    "/",
    "/f.jpg?q=(1)[2]",
    "/g-h~i.js?x=1&y",
)
STATUSES = (200, 206, 304, 404)


class Row(NamedTuple):
    """A request that is drawn, and written in every layout."""

    time: datetime
    size: int
    url: str
    status: int


def drawn_rows(seed: int = 17) -> list[Row]:
    random = np.random.default_rng(seed)
    milliseconds = np.sort(random.integers(0, DAYS * 86_400_000, ROWS)).tolist()
    return [
        Row(FIRST_DAY + timedelta(milliseconds=at), int(size), URLS[url], STATUSES[status])
        for at, size, url, status in zip(
            milliseconds,
            10 ** random.uniform(0, 9, ROWS),
            random.integers(0, len(URLS), ROWS),
            random.integers(0, len(STATUSES), ROWS),
            strict=True,
        )
    ]


# Writers of a line, by layout


def apache(it: Row, zone: timezone = HONG_KONG, fraction: str = "") -> str:
    local = it.time.astimezone(zone)
    return f"[{local:%d/%b/%Y:%H:%M:%S}{fraction} {local:%z}]"


def combined(it: Row, before: str = "192.0.2.1 - -") -> str:
    agent = r'"Mozilla/5.0 (X11; \"Linux\")"'
    return f'{before} {apache(it)} "GET {it.url} HTTP/1.1" {it.status} {it.size} "-" {agent}'


def any_user(it: Row) -> str:
    return combined(it, f"192.0.2.1 - {('-', 'a user', 'b [c] d')[it.size % 3]}")


def nginx(it: Row) -> str:
    fraction = f".{it.time:%f}"[:4]
    return f'::1 - - {apache(it, UTC, fraction)} "GET {it.url} HTTP/2.0" {it.status} {it.size} "-"'


def iso_in_brackets(it: Row) -> str:
    return f'::1 - - [{it.time.astimezone(HONG_KONG).isoformat()}] "GET {it.url}" 200 {it.size}'


def s3(it: Row) -> str:
    return (
        f'b659 bucket {apache(it)} 192.0.2.1 - EB35 REST.GET.OBJECT k "GET {it.url} HTTP/1.1" '
        f'{it.status} - {it.size} 77 10 9 "-" "curl/8 [x]" -'
    )


def alb(it: Row, kind: str = "h2 ", then: str = ' "curl/8" - - arn:aws "Root=1"') -> str:
    return (
        f"{kind}{it.time:%Y-%m-%dT%H:%M:%S.%fZ} app/lb 192.0.2.1:28 10.0.0.1:80 0.0 0.1 -1 "
        f'{it.status} 200 34 {it.size} "GET https://h.com:443{it.url} HTTP/2.0"{then}'
    )


def elb(it: Row) -> str:
    return alb(it, "", ' "curl/7 (a b)" ECDHE TLSv1.2')


def squid(it: Row) -> str:
    return (
        f"{it.time.timestamp():.3f} {it.size % 9999:6} 192.0.2.1 TCP_MEM_HIT/{it.status:03} "
        f"{it.size} GET http://h.com{it.url} - HIER_NONE/- image/jpeg"
    )


def real_time(it: Row) -> str:
    return (
        f"{it.time.timestamp():.3f}\t192.0.2.1\t0.001\t{it.status}\t{it.size}\tGET\thttps\td1.net\t"
        f"{it.url}\t120\tSOF50"
    )


def bunny(it: Row, extended: str = "") -> str:
    agent = ('"an open quote', "Mozilla/5.0 (X11)", "-")[it.size % 3]
    cache, milliseconds = ("HIT", "MISS", "-")[it.size % 3], round(it.time.timestamp() * 1000)
    return (
        f"{cache}|{it.status}|{milliseconds}|{it.size}|390|192.0.2.0|-|https://h.b-cdn.net{it.url}"
        f"|HK|{agent}|322b|HK{extended}"
    )


def tail(it: Row) -> str:
    return f"{it.time:%Y-%m-%d\t%H:%M:%S}\tSOF50\t{it.size}\t::1\tGET\th\t{it.url}\t{it.status}"


def iis(it: Row) -> str:
    return f"{it.time:%Y-%m-%d %H:%M:%S} {it.url} {it.status} {it.size}\r"


def tomcat(it: Row) -> str:
    return f'{it.time:%Y-%m-%d %H:%M:%S} "curl ""8"" x" {it.url} {it.status} {it.size}'


def akamai(it: Row) -> str:
    return f'{it.time:%Y-%m-%d\t%H:%M:%S}\tGET\t{it.url}\t{it.status}\t{it.size}\t"a\tb ""c"""'


def docker(it: Row) -> str:
    return json.dumps({"log": combined(it) + "\n", "stream": "stdout", "time": "2020-01-01T00:00Z"})


def aligned(it: Row) -> str:
    return f"{it.time:%Y-%m-%d %H:%M:%S}  {it.size:>12}   {it.url}"


def moment(separator: str, quote: str = "") -> Callable[[Row], str]:
    def write(it: Row) -> str:
        time = it.time.astimezone(HONG_KONG).isoformat(timespec="seconds")
        values = (time, it.size, it.url, it.status)
        return separator.join(f"{quote}{value}{quote}" for value in values)

    return write


def table(separator: str, quote: str = "", index: bool = False) -> Callable[[Row], str]:
    def write(it: Row) -> str:
        values = [f"{it.time:%Y-%m-%d}", f"{it.time:%H:%M:%S}", it.size, it.url]
        values = [it.size % 77, *values] if index else values
        return separator.join(f"{quote}{value}{quote}" for value in values)

    return write


def gcs(it: Row) -> str:
    microseconds = round(it.time.timestamp() * 1000) * 1000
    values = (microseconds, "::1", "GET", it.url, it.status, 99, it.size, "ua, x")
    return ",".join('"' + str(value).replace('"', '""') + '"' for value in values)


def minimal(it: Row) -> str:
    """As Python's csv writes a row, with quotes where they are needed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(
        [it.time.timestamp(), it.size, it.url + ',"b"', it.time.isoformat()]
    )
    return text.getvalue()


# Readers of a text, none of this project: each returns (time, size, url) as texts.


def by_csv(separator: str, *places: int) -> Callable[[list[str]], list[tuple]]:
    """Python's csv module; a time in two fields has two places."""

    def read(lines: list[str]) -> list[tuple]:
        rows = csv.reader(lines, delimiter=separator, skipinitialspace=separator == " ")
        return [
            (" ".join(row[at] for at in places[:-2]), row[places[-2]], row[places[-1]])
            for row in rows
        ]

    return read


def by_split(separator: str, *places: int) -> Callable[[list[str]], list[tuple]]:
    """Python's split."""
    return lambda lines: [
        tuple(row[at] for at in places) for row in (line.split(separator) for line in lines)
    ]


def by_shlex(*places: int) -> Callable[[list[str]], list[tuple]]:
    """Python's shlex, whose backslash escapes a quote, as Apache's does."""

    def read(lines: list[str]) -> list[tuple]:
        found = []
        for line in lines:
            row = shlex.split(re.sub(r"^(.*?)\[([^]]*\d)\]", r'\1"\2"', line))
            found.append(tuple(row[at] for at in places))
        return found

    return read


def by_pattern(pattern: str) -> Callable[[list[str]], list[tuple]]:
    """Python's re."""
    return lambda lines: [re.search(pattern, line).group("t", "s", "u") for line in lines]


def by_duckdb(separator: str, *places: int) -> Callable[[list[str]], list[tuple]]:
    """DuckDB's reader of CSV."""

    def read(lines: list[str]) -> list[tuple]:
        path = Path("rows.csv")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
        table = duckdb.read_csv(
            "rows.csv", sep=separator, header=False, all_varchar=True, quotechar='"', escapechar='"'
        ).fetchall()
        return [
            (" ".join(row[at] for at in places[:-2]), row[places[-2]], row[places[-1]])
            for row in table
        ]

    return read


def by_json(key: str, then: Callable[[list[str]], list[tuple]]) -> Callable[[list[str]], list]:
    """Python's json, and a reader of the text at this key."""
    return lambda lines: then([json.loads(line)[key].rstrip() for line in lines])


IN_BRACKETS = r'\[(?P<t>[^]]*\d)\] "(?P<u>[^"]*)" \d+ (?P<s>\d+)'


class Case(NamedTuple):
    """A layout: how rows are written and read, and what the user must say."""

    write: Callable[[Row], str]
    read: Callable[[list[str]], list[tuple]]
    head: str = ""
    options: tuple[str, ...] = ()
    encoding: str = "utf-8"


W3C = "#Version: 1.0\n#Fields: "
THIRTY_THREE = (FIXTURES / "cloudfront-33-fields.log").read_text("utf-8").splitlines()[1:3]
CASES = {
    "combined": Case(combined, by_shlex(3, 6, 4)),
    "combined, any user": Case(any_user, by_pattern(IN_BRACKETS)),
    "vhost_combined": Case(lambda it: combined(it, "h.com:443 ::1 - -"), by_shlex(4, 7, 5)),
    "nginx, milliseconds": Case(nginx, by_shlex(3, 6, 4)),
    "nginx, ISO 8601": Case(iso_in_brackets, by_shlex(3, 6, 4)),
    "docker": Case(docker, by_json("log", by_shlex(3, 6, 4))),
    "s3": Case(s3, by_pattern(r'\[(?P<t>.*?)\].*?"(?P<u>.*?)" \d+ - (?P<s>\d+)')),
    "alb": Case(alb, by_shlex(1, 11, 12)),
    "elb": Case(elb, by_shlex(0, 10, 11)),
    "squid": Case(squid, lambda lines: [
        (row[0], row[4], row[6]) for row in map(str.split, lines)
    ]),
    "bunny": Case(bunny, by_split("|", 2, 3, 7)),
    "bunny, extended": Case(
        lambda it: bunny(it, f"|{it.size // 2}|bytes=0-9|-"), by_split("|", 2, 3, 7)
    ),
    "cloudfront real-time": Case(real_time, by_duckdb("\t", 0, 4, 8)),
    "cloudfront, header cut off": Case(
        tail, by_csv("\t", 0, 1, 3, 7), options=("--log-format", "cloudfront")
    ),
    "cloudfront, 33 fields": Case(
        lambda it: tail(it) + "\t" + "\t".join(THIRTY_THREE[1].split("\t")[9:]),
        by_duckdb("\t", 0, 1, 3, 7),
        f"#Version: 1.0\n{THIRTY_THREE[0]}\n",
    ),
    "cloudfront v2, comma": Case(
        table(","), by_duckdb(",", 0, 1, 2, 3), W3C + "date,time,sc-bytes,cs-uri-stem\n"
    ),
    "cloudfront v2, timestamp(ms)": Case(
        lambda it: f"{it.time.timestamp() * 1000:.0f}\tSOF50\t{it.size}\t{it.url}",
        by_csv("\t", 0, 2, 3),
        W3C + "timestamp(ms) x-edge-location sc-bytes cs-uri-stem\n",
    ),
    "w3c, bars seen in the rows": Case(
        table("|"), by_csv("|", 0, 1, 2, 3), W3C + "date time sc-bytes cs-uri-stem\n"
    ),
    "iis": Case(iis, by_csv(" ", 0, 1, 4, 2), "\ufeff#Software: IIS\r\n#Fields: date time "
                "cs-uri-stem sc-status sc-bytes\r\n"),
    "iis, UTF-16": Case(iis, by_csv(" ", 0, 1, 4, 2), "#Software: IIS\r\n#Fields: date time "
                        "cs-uri-stem sc-status sc-bytes\r\n", encoding="utf-16"),
    "tomcat": Case(tomcat, by_csv(" ", 0, 1, 5, 3),
                   "#Fields: date time cs(User-Agent) cs-uri sc-status bytes\n#Version: 2.0\n"),
    "akamai": Case(akamai, by_csv("\t", 0, 1, 5, 3), W3C +
                   "date time cs-method cs-uri sc-status sc-bytes cs(User-Agent)\n"),
    "w3c, aligned": Case(aligned, by_csv(" ", 0, 1, 2, 3), W3C + "date time sc-bytes cs-uri\n"),
    "tsv": Case(table("\t"), by_duckdb("\t", 0, 1, 2, 3)),
    "tsv, quoted": Case(table("\t", '"'), by_duckdb("\t", 0, 1, 2, 3)),
    "tsv, pandas index": Case(
        table("\t", index=True), by_csv("\t", 1, 2, 3, 4), "\tdate\ttime\tsize\turl\n"
    ),
    "tsv, pandas index, no header": Case(table("\t", index=True), by_csv("\t", 1, 2, 3, 4)),
    "csv": Case(table(","), by_duckdb(",", 0, 1, 2, 3), "date,time,bytes,url\n"),
    "csv, offsets": Case(moment(","), by_duckdb(",", 0, 1, 2), "timestamp,bytes,url,status\n"),
    "csv, epoch, quotes where needed": Case(
        minimal, by_csv(",", 0, 1, 2), "timestamp,size,url,other\n"
    ),
    "semicolons, quoted": Case(
        moment(";", '"'), by_duckdb(";", 0, 1, 2), '"datetime";"size";"url";"status"\n'
    ),
    "gcs": Case(gcs, by_duckdb(",", 0, 6, 3), '"time_micros","c_ip","cs_method","cs_uri",'
                '"sc_status","cs_bytes","sc_bytes","cs_user_agent"\n'),
    "--fields": Case(
        lambda it: f"{it.url};x;{it.size};{it.time:%Y-%m-%dT%H:%M:%SZ}",
        by_duckdb(";", 3, 2, 0),
        options=("--fields", "url,-,size,datetime", "--delimiter", ";"),
    ),
    "--columns": Case(
        table(","), by_duckdb(",", 0, 1, 2, 3), "day,clock,sent,what\n",
        ("--columns", "date=day,time=clock,size=sent,url=what"),
    ),
    "apache:": Case(
        lambda it: combined(it).replace(f" {it.size} ", f" 99 {it.size} "),
        by_shlex(3, 7, 4),
        options=("--log-format", 'apache:%h %l %u %t "%r" %>s %D %b "%{Referer}i" "%{U}i"'),
    ),
    "nginx:": Case(
        lambda it: f"{it.time.timestamp():.3f}|{it.status}|{it.size}|{it.url}",
        by_csv("|", 0, 2, 3),
        options=("--log-format", "nginx:$msec|$status|$body_bytes_sent|$request_uri"),
    ),
    "goaccess:": Case(
        combined, by_shlex(3, 6, 4),
        options=("--log-format", 'goaccess:%h %^[%d:%t %^] "%r" %s %b "%R" "%u"'),
    ),
}  # fmt: skip


def moment_of(text: str) -> datetime:
    """The time that a log writes, by Python."""
    if re.fullmatch(r"[\d.]+", text):
        digits = len(text.partition(".")[0])
        return datetime.fromtimestamp(float(text) / 10 ** (digits - 10), UTC)
    if re.match(r"\d\d/[A-Z]", text):
        form = "%d/%b/%Y:%H:%M:%S.%f %z" if "." in text else "%d/%b/%Y:%H:%M:%S %z"
        return datetime.strptime(text, form)
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def totals(rows: list[tuple[datetime, int, str]]) -> dict[str, tuple[int, int]]:
    """Requests and bytes of .jpg by day of UTC."""
    requests, sent = Counter(), Counter()
    for time, size, url in rows:
        words = url.split(" ")
        path = urlsplit(words[1] if len(words) > 1 else url).path
        if path.lower().endswith(".jpg"):
            day = time.astimezone(UTC).date().isoformat()
            requests[day] += 1
            sent[day] += size
    return {day: (requests[day], sent[day]) for day in requests}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return drawn_rows()


@pytest.mark.parametrize("name", CASES)
def test_totals_of_a_layout_are_those_of_another_parser(name, rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    lines = [case.write(it) for it in rows]
    log = tmp_path / "a.log"
    log.write_bytes((case.head + "\n".join(lines) + "\n").encode(case.encoding))
    answer = ask(log, "--by", "date", "--extension", "jpg", *case.options)
    assert (answer["rows_read"], answer["rows_rejected"]) == (ROWS, {})
    found = {group["date"]: (group["requests"], group["bytes"]) for group in answer["groups"]}
    read = case.read([line.rstrip("\r") for line in lines])
    parsed = totals([(moment_of(time), int(size), url) for time, size, url in read])
    drawn = totals([(it.time, it.size, it.url) for it in rows])
    if "where needed" not in name:  # there the URL has more after its path
        assert parsed == drawn
    assert found == parsed


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.encoding == "utf-8"])
def test_ranges_of_a_layout_add_up_to_the_whole(name, rows, tmp_path):
    case = CASES[name]
    log = tmp_path / "a.log"
    log.write_bytes((case.head + "\n".join(map(case.write, rows)) + "\n").encode())
    options = options_of(case.options)
    sizes = [
        size
        for part in ranges_of(find_sources([str(log)])[0], options, 4096)
        for size in sizes_of(part)
    ]
    assert sizes == [it.size for it in rows]


def options_of(arguments: tuple[str, ...]):
    """The layout options of a command line."""
    from raw_data_analytics import main

    if not arguments:
        return NOTHING_SAID
    given = main.make_context("test", list(arguments)).params
    return layout_options(
        *(given[name] for name in ("log_format", "fields", "delimiter", "columns"))
    )


def sizes_of(part) -> list[int]:
    """The sizes of the rows of a range, of which none is rejected."""
    sizes = []
    for piece in lay_out_range(part, Reading()):
        scanned = scan_block("log", piece.layout, piece.layout.as_text(piece.block))
        assert scanned.rejected.sum() == 0
        sizes += scanned.records.size.tolist()
    return sizes
