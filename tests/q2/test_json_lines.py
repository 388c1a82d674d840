"""Q2's JSON lines: each vendor's keys, the rules of all formats, and Docker's wrapper."""

import io
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logs.fields import LayoutOptions
from logs.ranges import LogRange, lay_out_range, ranges_of
from logs.reader import Reading
from logs.sources import Source, find_sources
from tests.conftest import assert_one_line_error
from tests.q2.conftest import ask, run
from traffic.answer import answer
from traffic.parts import Buffers, answer_piece
from traffic.question import Question

START = datetime(2024, 11, 14, 22, 6, 40, tzinfo=UTC)


def cloudfront(time, size, url, status):
    date = {"date": f"{time:%Y-%m-%d}", "time": f"{time:%H:%M:%S}"}
    return date | {"sc-bytes": str(size), "cs-uri-stem": url, "sc-status": str(status)}


def cloudflare(time, size, url, status):
    row = {"ClientRequestURI": url, "EdgeResponseBytes": size, "EdgeResponseStatus": status}
    return row | {"EdgeStartTimestamp": f"{time:%Y-%m-%dT%H:%M:%SZ}", "ClientIP": "192.0.2.1"}


def cloudflare_nanoseconds(time, size, url, status):
    moment = int(time.timestamp()) * 10**9 + 123
    return cloudflare(time, size, url, status) | {"EdgeStartTimestamp": moment}


def fastly(time, size, url, status):
    row = {"timestamp": f"{time:%Y-%m-%dT%H:%M:%S}+0000", "url": url, "response_status": status}
    return row | {"response_body_size": size, "fastly_is_edge": True}


def akamai(time, size, url, status):
    row = {"version": 1, "reqTimeSec": f"{time.timestamp():.3f}", "bytes": str(size)}
    return row | {"statusCode": str(status), "reqPath": url.removeprefix("/")}


def azure(time, size, url, status):
    properties = {"requestUri": f"https://h:443{url}", "responseBytes": str(size)}
    properties |= {"httpStatusCode": str(status), "userAgent": 'a "b", {c}'}
    return {"time": f"{time:%Y-%m-%dT%H:%M:%S.1234567Z}", "properties": properties}


def google(time, size, url, status):
    request = {"requestUrl": f"https://h{url}", "responseSize": str(size), "status": status}
    return {"httpRequest": request, "timestamp": f"{time:%Y-%m-%dT%H:%M:%S.123456Z}"}


def caddy(time, size, url, status):
    row = {"level": "info", "ts": time.timestamp() + 0.25, "request": {"uri": url, "method": "GET"}}
    return row | {"size": size, "status": status}


def traefik(time, size, url, status):
    row = {"ClientHost": "192.0.2.1", "RequestPath": url, "DownstreamContentSize": size}
    moment = f"{time:%Y-%m-%dT%H:%M:%S}.123456789Z"
    return row | {"DownstreamStatus": status, "StartUTC": moment, "time": "2001-01-01T00:00:00Z"}


def nginx(time, size, url, status):
    row = {"time_iso8601": f"{time + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"}
    return row | {"request_uri": url, "body_bytes_sent": str(size), "status": str(status)}


# By vendor, the paths of the size, the URL and the status
VENDORS = {
    cloudfront: ("sc-bytes", "cs-uri-stem", "sc-status"),
    cloudflare: ("EdgeResponseBytes", "ClientRequestURI", "EdgeResponseStatus"),
    cloudflare_nanoseconds: ("EdgeResponseBytes", "ClientRequestURI", "EdgeResponseStatus"),
    fastly: ("response_body_size", "url", "response_status"),
    akamai: ("bytes", "reqPath", "statusCode"),
    azure: ("properties.responseBytes", "properties.requestUri", "properties.httpStatusCode"),
    google: ("httpRequest.responseSize", "httpRequest.requestUrl", "httpRequest.status"),
    caddy: ("size", "request.uri", "status"),
    traefik: ("DownstreamContentSize", "RequestPath", "DownstreamStatus"),
    nginx: ("body_bytes_sent", "request_uri", "status"),
}
REQUESTS = st.tuples(
    st.integers(0, 4 * 86_400).map(lambda second: START + timedelta(seconds=second)),
    st.integers(0, 10**12),
    st.builds(
        "/{}{}{}".format,
        st.text("aé/%\"\\\t\n\r'{},:", max_size=6),
        st.sampled_from(["", ".jpg", ".JPG", ".jpeg"]),
        st.sampled_from(["", "?v=1.jpg"]),
    ),
    st.sampled_from([0, 200, 206, 404, 503]),
)
BROKEN = ("{", "[1, 2]", "null", '"a"', '{"a": 1}', '{"a": NaN}', "rubbish", '{"a": "\\ud800"}')


def lines_of(vendor, requests, ascii_only=False) -> list[str]:
    return [json.dumps(vendor(*row), ensure_ascii=ascii_only) for row in requests]


def found_in(lines: list[str]):
    data = "\n".join([*lines, ""]).encode()
    source = Source("log", lambda: io.BytesIO(data))
    return answer([source], Question(by=("status",)), layout=LayoutOptions("json"))


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.__name__)
@settings(max_examples=5, deadline=None)
@given(rows=st.lists(REQUESTS, min_size=1, max_size=60), broken=st.lists(st.sampled_from(BROKEN)))
def test_each_vendor_gives_the_totals_of_the_rows(vendor, rows, broken):
    lines = lines_of(vendor, rows, ascii_only=len(rows) % 2 == 0)
    found = found_in([*lines, *broken, "", *lines])
    expected = {}
    for _, size, _, status in rows * 2:
        count, total = expected.get(f"{status:03}", (0, 0))
        expected[f"{status:03}"] = (count + 1, total + size)
    table = found.table[["status", "requests", "bytes"]].to_numpy().tolist()
    assert {status: (count, size) for status, count, size in table} == expected
    assert found.account.rows_rejected == len(broken)
    times = [int(time.timestamp()) for time, *_ in rows]
    assert (found.account.first_second, found.account.last_second) == (min(times), max(times))


def drawn_rows(count: int):
    """Yield requests; the paths of their URLs have signs that JSON escapes."""
    draw = random.Random(17)  # noqa: S311 no secret
    for _ in range(count):
        name = "".join(draw.choices("aé/%\"\\\t'{},;", k=draw.randrange(6)))
        url = f"/{name}{draw.choice(['', '.jpg', '.JPG', '.jpeg'])}{draw.choice(['', '?v=1.jpg'])}"
        time = START + timedelta(seconds=draw.randrange(4 * 86_400))
        yield time, int(10 ** draw.uniform(0, 12)), url, draw.choice([0, 200, 206, 404])


def value_at(found: dict, path: str):
    for key in path.split("."):
        found = found[key]
    return found


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.__name__)
def test_totals_of_a_thousand_rows_are_those_of_pythons_json(vendor, tmp_path):
    log = tmp_path / "log.json"
    log.write_text("\n".join([*lines_of(vendor, drawn_rows(1000)), ""]), encoding="utf-8")
    expected = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        size, url, status = (value_at(json.loads(line), path) for path in VENDORS[vendor])
        if url.partition("?")[0].lower().endswith(".jpg"):
            status = f"{int(status):03}"
            requests, total = expected.get(status, (0, 0))
            expected[status] = (requests + 1, total + int(size))
    found = answer(find_sources([str(log)]), Question(by=("status",), extensions=("jpg",)))
    table = found.table[["status", "requests", "bytes"]].to_numpy().tolist()
    assert {status: (requests, size) for status, requests, size in table} == expected
    assert (found.account.accepted, found.account.rows_rejected) == (1000, 0)


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(REQUESTS, min_size=1, max_size=60))
def test_json_and_tsv_of_the_same_rows_give_the_same_report(rows):
    rows = [(time, size, "".join(url.split()), status) for time, size, url, status in rows]
    tsv = "date\ttime\tsize\turl\tstatus\n" + "".join(
        f"{time:%Y-%m-%d\t%H:%M:%S}\t{size}\t{url}\t{status}\n" for time, size, url, status in rows
    )
    for by in ("extension", "url", "date", "hour"):
        question = Question(by=(by,))
        plain = answer([Source("log", lambda: io.BytesIO(tsv.encode()))], question)
        for vendor in (nginx, caddy, cloudflare):
            data = "\n".join([*lines_of(vendor, rows), ""]).encode()
            found = answer([Source("log", lambda data=data: io.BytesIO(data))], question)
            assert found.table.to_dict("records") == plain.table.to_dict("records")
            assert found.period() == plain.period()


def test_rejected_rows_name_the_reason_and_the_line(tmp_path):
    row = cloudfront(START, 10, "/a.jpg", 200)
    odd = {
        "size is not a whole number": [{"sc-bytes": 1.5}, {"sc-bytes": None}, {"sc-bytes": [1]}],
        "size is negative": [{"sc-bytes": -1}],
        "size is above 10^12 bytes": [{"sc-bytes": 10**12 + 1}],
        "status is not a number": [{"sc-status": "OK"}],
        "no date YYYY-MM-DD from 1970 to 2199": [{"date": "2024-02-30"}, {"date": None}],
        "no time HH:MM:SS": [{"time": "24:00:00"}],
        "line is not a JSON object with a URL": [{"cs-uri-stem": None}],
    }
    lines = [json.dumps(row)]
    expected = {}
    for reason, changes in odd.items():
        expected[reason] = (len(changes), f"{tmp_path / 'log.json'}:{len(lines) + 1}")
        lines += [json.dumps(row | change) for change in changes]
    lines.append(json.dumps({key: value for key, value in row.items() if key != "sc-status"}))
    (tmp_path / "log.json").write_text("\n".join([*lines, ""]), encoding="utf-8")
    found = ask(tmp_path / "log.json")
    assert found["rows_rejected"] == {reason: count for reason, (count, _) in expected.items()}
    assert found["first_rejected"] == {reason: place for reason, (_, place) in expected.items()}
    assert (found["requests"], found["bytes"]) == (2, 20)


@example(line=b'{"date": "\xff"}')
@settings(max_examples=50, deadline=None)
@given(line=st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")))
def test_any_bytes_are_one_rejected_line(line):
    good = json.dumps(cloudfront(START, 10, "/a.jpg", 200)).encode()
    data = good + b"\n" + line + b"\n" + good + b"\n"
    found = answer([Source("log", lambda: io.BytesIO(data))], Question())
    assert (found.requests, found.bytes) == (2, 20)
    assert found.account.rows_rejected == (1 if line.strip() else 0)


def test_other_keys_are_named_by_hand_or_listed(tmp_path):
    log = tmp_path / "log.json"
    rows = [
        {"when": "2024-11-14T22:06:40Z", "a": {"b/c": "/x.jpg"}, "sent": 7, "it's {} \"": 1}
    ] * 3
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert_one_line_error(run(log), 2, "log.json:1", "a.b/c", "--columns")
    chosen = ("--columns", "datetime=when,url=a.b/c,size=sent")
    assert ask(log, *chosen)["bytes"] == 21
    shown = run(log, *chosen, "--show-layout")
    assert shown.returncode == 0 and "a.b/c" in shown.stdout and "/x.jpg" in shown.stdout


@pytest.mark.parametrize("size", [150, 1000, 4000])
def test_ranges_give_the_same_rows(tmp_path, size):
    rows = [(START + timedelta(seconds=n), n, f"/{n}.jpg", 200) for n in range(200)]
    log = tmp_path / "log.json"
    log.write_text("\n".join([*lines_of(azure, rows), "rubbish", ""]), encoding="utf-8")
    (source,) = find_sources([str(log)])
    total, lines, rejected = 0, 0, 0
    for part in ranges_of(source, LayoutOptions(), size):
        assert isinstance(part, LogRange)
        for piece in lay_out_range(part, Reading()):
            account, table = answer_piece(piece, Question(), Buffers())
            total += sum(size for _, size in table.values())
            lines += account.lines
            rejected += sum(rows for rows, _ in account.rejected.values())
    assert (total, lines, rejected) == (sum(range(200)), 201, 1)


@pytest.mark.parametrize("inner", ["combined", "json", "tsv"])
def test_what_docker_wraps(tmp_path, inner):
    rows = [
        {
            "combined": '::1 - - [14/Nov/2024:22:06:40 +0000] "GET /a.jpg HTTP/1.1" 200 %d',
            "json": '{"time_iso8601": "2024-11-14T22:06:40Z", "uri": "/a.jpg", "bytes": %d}',
            "tsv": "2024-11-14\t22:06:40\t%d\t/a.jpg",
        }[inner]
        % size
        for size in (1, 20, 300)
    ]
    wrapped = [
        {"log": row + "\n", "stream": "stdout", "time": "2025-01-01T00:00:00Z"} for row in rows
    ]
    wrapped.insert(2, {"log": "starting\n", "stream": "stderr", "time": "2025-01-01T00:00:00Z"})
    log = tmp_path / "container-json.log"
    log.write_text("".join(json.dumps(row) + "\n" for row in wrapped), encoding="utf-8")
    found = ask(log)
    assert (found["bytes"], found["rows_read"], found["from"]) == (321, 4, "2024-11-14")
    assert [*found["first_rejected"].values()] == [f"{log}:3"]
