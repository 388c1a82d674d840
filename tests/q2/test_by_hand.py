"""Q2's layouts by hand: options, what they refuse, and what a refusal advises."""

import json

import pytest

from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, ask, run

COMBINED = '192.0.2.1 - - [14/Nov/2024:22:06:40 +0000] "GET /a.jpg HTTP/1.1" 200 '


def write(folder, text: str):
    path = folder / "a.log"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    "numbers", ["52341 314", "314 52341", "0.003 314", "314 0.003 7", "52341 314 7", "- 314"]
)
def test_a_number_next_to_the_size_is_asked_about(tmp_path, numbers):
    log = write(tmp_path, f'{COMBINED}{numbers} "-" "curl"\n')
    finished = run(log)
    if numbers == "314 0.003 7":
        numbers = "200 314 0.003 7"
    assert_one_line_error(finished, 2, f"{log}:1", numbers, "which of them is the size", "apache:")


def test_the_format_settles_which_number_is_the_size(tmp_path):
    log = write(tmp_path, f'{COMBINED}52341 314 "-" "curl"\n')
    start = 'apache:%h %l %u %t "%r" %>s '
    end = ' "%{Referer}i" "%{User-Agent}i"'
    assert ask(log, "--log-format", f"{start}%D %b{end}")["bytes"] == 314
    assert ask(log, "--log-format", f"{start}%b %D{end}")["bytes"] == 52341
    assert ask(log, "--log-format", "combined")["bytes"] == 52341


@pytest.mark.parametrize(
    ("unit", "moment"),
    [("sec", "1503619199"), ("msec", "1503619199999"), ("usec", "1503619199999999")],
)
def test_the_last_moment_of_a_day_is_of_that_day_in_every_unit_of_apache(tmp_path, unit, moment):
    log = write(tmp_path, f"{moment} /a.jpg 200 314\n")
    asked = ("--log-format", f"apache:%{{{unit}}}t %U %>s %B", "--by", "date")
    (group,) = ask(log, *asked)["groups"]
    assert (group["date"], group["bytes"]) == ("2017-08-24", 314)


def test_a_number_that_joins_the_size_in_the_middle_of_a_file_is_rejected(tmp_path):
    sound = f'{COMBINED}10 "-" "curl"\n'
    log = write(
        tmp_path, sound + f'{COMBINED}52341 314 "-" "curl"\n' + f"{COMBINED}5 0.1\n" + sound
    )
    answer = ask(log)
    assert answer["bytes"] == 25
    reason = "a number follows the size, and either may be the size"
    assert answer["first_rejected"] == {reason: f"{log}:2"}


def test_a_size_where_the_status_is_expected_is_asked_about(tmp_path):
    log = write(tmp_path, COMBINED.replace("200", "314") + "200\n")
    assert_one_line_error(run(log), 2, f"{log}:1", "314 200", "which of them is the size")


def test_two_names_for_the_size_are_asked_about(tmp_path):
    log = write(tmp_path, "date,time,size,bytes,url\n2024-11-14,22:06:40,1,314,/a.jpg\n")
    assert_one_line_error(run(log), 2, f"{log}:1", "'size' once", "--columns size=NAME")
    assert ask(log, "--columns", "size=bytes")["bytes"] == 314


@pytest.mark.parametrize(
    "text, advice",
    [
        ("2024-11-14 22:06:40 314 /a.jpg\n", "--delimiter space"),
        ("2024-11-14\t22:06:40\tSOF50\t314\t::1\tGET\th\t/a.jpg\t200\n", "--log-format cloudfront"),
        ("2024-11-14,x,314,/a.jpg\n", "--fields date,time,-,size,url --delimiter ,"),
        ("a\t1\tb\tc\n", "--delimiter tab"),
        ("#Version: 1.0\n2024-11-14 22:06:40 314 /a.jpg\n", "#Fields line was cut off"),
        ('x [14/Nov/2024:22:06:40 +0000] /a.jpg "200" 314\n', "apache:"),
        ("rubbish\n", "--log-format"),
    ],
)
def test_a_refusal_names_what_it_sees_and_the_option_that_reads_it(tmp_path, text, advice):
    assert_one_line_error(run(write(tmp_path, text)), 2, "a.log", "no known format", advice)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--log-format", "clf"], ["'clf'", "combined", "apache:"]),
        (["--log-format", "apache:"], ["format string after the colon"]),
        (["--log-format", "apache:%h %t %>s %b"], ["'url'"]),
        (["--log-format", "apache:%h %t %r %>s %b"], ["%r", "quotes"]),
        (["--log-format", "apache:%{%c}t %U %b"], ["%{%c}t", "not a known time"]),
        (["--log-format", "nginx:$time_local $uri $bytes_sent"], ["$time_local", "quotes"]),
        (["--log-format", "nginx:$msec $status/$bytes_sent $uri"], ["more than one value"]),
        (["--log-format", "goaccess:%x %b"], ["'url'"]),
        (["--fields", "date,time,size"], ["'url'"]),
        (["--fields", "date,time,size,url,size"], ["'size'", "once"]),
        (["--fields", "date,time,size,url,colour"], ["'colour'", "status"]),
        (["--fields", "date,time,size,url", "--log-format", "combined"], ["--fields"]),
        (["--fields", "date,time,size,url", "--columns", "url=u"], ["--columns"]),
        (["--delimiter", "::"], ["'::'", "tab"]),
        (["--delimiter", "a"], ["'a'"]),
        (["--columns", "url"], ["url=NAME"]),
        (["--columns", "colour=c"], ["'colour=c'", "status"]),
        (["--columns", "url=a,url=b"], ["once"]),
    ],
)
def test_what_does_not_fit_is_one_line_before_any_log_is_opened(arguments, parts):
    assert_one_line_error(run("no-such.log", *arguments), 2, *parts)


def test_columns_names_a_field_that_no_log_has(tmp_path):
    log = write(tmp_path, "date,time,bytes,what\n2024-11-14,22:06:40,314,/a.jpg\n")
    assert_one_line_error(run(log), 2, f"{log}:1", "'url'", "--columns url=NAME")
    assert ask(log, "--columns", "url=What")["bytes"] == 314
    wrong = run(log, "--columns", "url=where")
    assert_one_line_error(wrong, 2, f"{log}:1", "'where'", "date, time, bytes, what")


def test_fields_without_a_delimiter_are_cut_where_one_fits(tmp_path):
    log = write(tmp_path, "/a.jpg;314;2024-11-14T22:06:40Z\n")
    assert ask(log, "--fields", "url,size,datetime")["bytes"] == 314
    assert_one_line_error(run(log, "--fields", "url,size,-,datetime"), 2, "--delimiter")


def test_fields_of_a_table_with_a_header(tmp_path):
    log = write(tmp_path, "when;how much;what\n2024-11-14T22:06:40Z;314;/a.jpg\n")
    answer = ask(log, "--fields", "datetime,size,url")
    assert (answer["bytes"], answer["rows_read"]) == (314, 1)


def test_show_layout_names_every_field_and_three_rows():
    shown = run(FIXTURES / "plain.tsv", FIXTURES / "combined.log", FIXTURES / "plain.tsv",
                "--show-layout")  # fmt: skip
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == f"{FIXTURES / 'plain.tsv'}:"
    assert [line.split()[1:] for line in lines[1:5]] == [
        ["1", "date"], ["2", "time"], ["3", "size"], ["4", "url"]
    ]  # fmt: skip
    assert lines[5] == "  row: time 2017-08-23T23:59:59+00:00, size 1, url /a.jpg"
    assert len([line for line in lines if line.startswith("  row:")]) == 6
    assert "  field  4  time                     datetime" in lines


def test_show_layout_counts_the_files_of_each_layout(tmp_path):
    for name in ("1", "2", "3"):
        (tmp_path / name).write_bytes((FIXTURES / "plain.tsv").read_bytes() + b"rubbish\n")
    (tmp_path / "4").write_bytes((FIXTURES / "iis.log").read_bytes())
    shown = json.loads(run(tmp_path, "--show-layout", "--format", "json").stdout)["layouts"]
    assert [layout["files"] for layout in shown] == [3, 1]
    assert shown[0]["rejected"] == {"wrong number of fields": 1}
    assert {field["name"]: field["taken_for"] for field in shown[1]["fields"]}["sc-bytes"] == "size"
    assert [row["size"] for row in shown[1]["rows"]] == [1, 10, 100]
    table = run(tmp_path, "--show-layout", "--format", "csv").stdout.splitlines()
    assert table[0] == "layout,files,first_file,field,name,taken_for"
    assert table[1] == f"1,3,{tmp_path / '1'},1,,date"
