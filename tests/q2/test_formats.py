"""Q2's log formats: the same eight requests, one fixture per format, give the same answer."""

import bz2
import gzip
import io
import lzma

import pytest
from isal import igzip

from logs.streams import zstd
from tests.conftest import assert_one_line_error, run_script
from tests.q2.conftest import FIXTURES, ask, run

FILES = {
    "plain.tsv": "tsv",
    "header.tsv": "tsv",
    "cloudfront-26-fields.log": "w3c",
    "cloudfront-33-fields.log": "w3c",
    "iis.log": "w3c",
    "combined.log": "combined",
    "cloudfront-v2-comma.log": "w3c",
    "tomcat.log": "w3c",
    "cloudfront-v2.json": "json",
    "s3.log": "s3",
    "alb.log": "alb",
    "squid.log": "squid",
    "bunny.log": "bunny",
    "gcs-usage.csv": "csv",
    "semicolons.csv": "csv",
}
CACHE_RESULTS = {"miss": 3, "hit": 2, "refreshhit": 1, "error": 1, "lambdageneratedresponse": 1}
COMPRESSIONS = {
    "gz": gzip.compress,
    "zst": zstd.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "2.gz": lambda data: gzip.compress(data[:100]) + igzip.compress(data[100:]),
    "2.zst": lambda data: zstd.compress(data[:100]) + zstd.compress(data[100:]),
}


def assert_eight_requests(answer: dict) -> None:
    """Three of them are jpg on the two days, with 10 + 100 + 1000 bytes."""
    assert (answer["requests"], answer["bytes"]) == (3, 1110)
    assert (answer["rows_read"], answer["rows_outside"], answer["rows_rejected"]) == (8, 5, {})


def ask_two_days(*arguments) -> dict:
    return ask(*arguments, "--from", "2017-08-24", "--to", "2017-08-25", "--extension", "jpg")


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_answer(name):
    assert_eight_requests(ask_two_days(FIXTURES / name))
    assert_eight_requests(ask_two_days(FIXTURES / name, "--log-format", FILES[name]))


@pytest.mark.parametrize("ending", COMPRESSIONS)
@pytest.mark.parametrize("name", ["plain.tsv", "cloudfront-26-fields.log"])
def test_compression_is_found_from_the_content(tmp_path, name, ending):
    path = tmp_path / "compressed"  # without an ending
    path.write_bytes(COMPRESSIONS[ending]((FIXTURES / name).read_bytes()))
    assert_eight_requests(ask_two_days(path))


def test_standard_input_compressed_and_not():
    data = (FIXTURES / "plain.tsv").read_bytes()
    for stdin in (data, gzip.compress(data)):
        finished = run_script("Q2/raw_data_analytics.py", "-", "--extension", "js", stdin=stdin)
        assert finished.stdout.startswith("Total data transfer by js files"), finished.stderr
        assert finished.stdout.splitlines()[0].endswith(": 70")


@pytest.mark.parametrize(
    "name", ["cloudfront-33-fields.log", "cloudfront-v2-comma.log", "squid.log", "semicolons.csv"]
)
def test_cache(name):
    groups = ask(FIXTURES / name, "--by", "cache")["groups"]
    found = {group["cache"].lower(): group["requests"] for group in groups}
    assert found == CACHE_RESULTS


@pytest.mark.parametrize("name", [name for name in FILES if name != "plain.tsv"])
def test_status(name):
    groups = ask(FIXTURES / name, "--by", "status")["groups"]
    found = {group["status"]: group["requests"] for group in groups}
    odd = {"header.tsv": None, "iis.log": "500", "combined.log": "408"}.get(name, "000")
    assert found == ({"200": 4, "206": 1, "404": 1, "304": 1, odd: 1} if odd else {"200": 8})


@pytest.mark.parametrize("more", ["", "|100|bytes=0-9|-"])
def test_a_row_of_bunny_whose_texts_have_bars_is_rejected(tmp_path, more):
    """A bar in the referrer moves the URL, and the eighth field is a URL all the same."""
    log = tmp_path / "log"
    rows = (FIXTURES / "bunny.log").read_text(encoding="utf-8").splitlines()
    barred = rows[1].replace("|-|https:", "|https://a.example/?q=1|https://b.example/x.jpg|https:")
    agent = rows[2].replace("|HK|", "|HK|a|b", 1)
    log.write_text("".join(f"{it}{more}\n" for it in [*rows, barred, agent]), encoding="utf-8")
    answer = ask(log, "--extension", "jpg")
    assert (answer["requests"], answer["bytes"]) == (5, 11111)
    assert answer["rows_rejected"] == {"wrong number of fields": 2}
    assert answer["first_rejected"] == {"wrong number of fields": f"{log}:9"}


def test_a_new_fields_line_changes_the_fields(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "#Version: 1.0\n#Fields: date time sc-bytes cs-uri-stem\n"
        "2017-08-24 00:00:00 1 /a.jpg\n"
        "#Fields: cs-uri-stem x sc-bytes time date\n"
        "/b.jpg 7 20 00:00:01 2017-08-24\n"
        "/c.jpg 00:00:01 2017-08-24\n"
        "#Fields: cs-uri-stem sc-bytes time date\n"
        "/b.jpg 300 00:00:01 2017-08-24\n",
        encoding="utf-8",
    )
    answer = ask(log)
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (3, 321, 4)
    assert answer["first_rejected"] == {"wrong number of fields": f"{log}:6"}


def test_rows_before_a_fields_line_are_rejected(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "#Version: 1.0\n2017-08-24 00:00:00 1 /a.jpg\n#Fields: date time sc-bytes cs-uri-stem\n"
        "2017-08-24 00:00:00 1 /a.jpg\n",
        encoding="utf-8",
    )
    assert ask(log)["rows_rejected"] == {"wrong number of fields": 1}


@pytest.mark.parametrize("missing", ["date", "time", "sc-bytes", "cs-uri-stem"])
def test_a_fields_line_must_name_what_is_counted(tmp_path, missing):
    log = tmp_path / "log"
    names = ["date", "time", "cs-uri-stem", "sc-bytes"]
    names.remove(missing)
    log.write_text(f"#Version: 1.0\n#Fields: {' '.join(names)}\n", encoding="utf-8")
    assert_one_line_error(run(log), 2, f"{log}:2:", missing)


def test_urls_are_shown_as_they_were_asked_for(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(
        b"#Version: 1.0\n#Fields: date time x-edge-location sc-bytes cs-uri-stem\n"
        b"2017-08-24 00:00:00 HKG 1 /my%2520caf\xc3\xa9.jpg\n"
        b"2017-08-24 00:00:00 HKG 2 /caf\xe9.jpg\n"
    )
    groups = ask(log, "--by", "url")["groups"]
    assert [group["url"] for group in groups] == ["/caf%e9.jpg", "/my%20café.jpg"]


def test_combined_lines_that_are_odd(tmp_path):
    log = tmp_path / "log"
    lines = [
        '::1 - - [24/Aug/2017:00:00:00 +0000] "GET /a.jpg HTTP/1.1" 200 1',
        '::1 - - [24/Aug/2017:00:00:00 +0000] "GET /a b.jpg HTTP/2.0" 200 10 "-" "-"',
        '::1 - - [24/Aug/2017:00:00:00 +0000] "GET /a\\"b.jpg" 200 100 "-" "-" extra',
        '::1 - - [25/Aug/2017:01:30:00 +0530] "GET /a.jpg?x=1 HTTP/1.1" 200 1000 "-" "-"',
        '::1 - - [24/Aug/2017:00:00:00 +0000] "-" 408 - "-" "-"',
        '::1 - - [24/Foo/2017:00:00:00 +0000] "GET /a.jpg HTTP/1.1" 200 1 "-" "-"',
        '::1 - - [32/Aug/2017:00:00:00 +0000] "GET /a.jpg HTTP/1.1" 200 1 "-" "-"',
        '::1 - - [24/Aug/2017:00:00:00 +0000] "GET /a.jpg HTTP/1.1" 200 x "-" "-"',
        "",
        "rubbish",
    ]
    log.write_text("\r\n".join(lines), encoding="utf-8", newline="")
    answer = ask(log, "--extension", "jpg", "--to", "2017-08-24")
    assert (answer["requests"], answer["bytes"], answer["rows_outside"]) == (4, 1111, 1)
    assert answer["rows_rejected"] == {
        "no date YYYY-MM-DD from 1970 to 2199": 2,
        "size is not a whole number": 1,
        "wrong number of fields": 1,
    }
    assert answer["first_rejected"]["wrong number of fields"] == f"{log}:10"


def test_a_forced_format_that_is_wrong_rejects_every_row():
    finished = run(FIXTURES / "plain.tsv", "--log-format", "combined")
    reason = "plain.tsv:1: wrong number of fields; no row is accepted: see --log-format"
    assert_one_line_error(finished, 2, reason)


def test_real_cloudfront_log(real_data):
    answer = ask(real_data / "q2" / "cloudfront-2018-26-fields.gz", "--extension", "all")
    assert (answer["requests"], answer["rows_read"], answer["rows_rejected"]) == (66, 66, {})


def test_fixtures_are_eight_requests():
    assert len((FIXTURES / "plain.tsv").read_bytes().splitlines()) == 8
    assert io.BytesIO((FIXTURES / "header.tsv").read_bytes()).readline().endswith(b"\r\n")
