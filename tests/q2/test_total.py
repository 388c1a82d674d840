"""Q2's plain question, asked as a user would: bytes and requests of an extension in a period."""

import pandas as pd
import pytest

from logs.sample import sample_log
from tests.conftest import assert_one_line_error, run_script
from tests.q2.conftest import FIXTURES, ask, run

SCRIPT = "Q2/raw_data_analytics.py"
TWO_DAYS = ("--from", "2017-08-24", "--to", "2017-08-25")


def test_sample_log_agrees_with_pandas():
    log = sample_log(seed=7)
    days = pd.to_datetime(log["date"])
    expected = log[log["url"].str.endswith(".jpg") & days.between("2017-08-24", "2017-08-25")]
    answer = ask("--seed", "7")
    assert answer == {
        "from": "2017-08-24",
        "to": "2017-08-25",
        "extension": "jpg",
        "requests": len(expected),
        "bytes": expected["size"].sum(),
        "rows_read": 100_000,
        "rows_outside": 100_000 - len(expected),
        "rows_rejected": {},
        "first_rejected": {},
        "files_unfinished": [],
        "files_left_out": {},
        "files_counted_before": {},
        "files_grown": {},
    }
    assert days.dt.strftime("%d").unique().tolist() == ["23", "24", "25", "26"]


def test_text_names_period_and_total():
    first, second = (run_script(SCRIPT) for _ in range(2))
    assert first.returncode == 0
    assert first.stdout == second.stdout
    total = ask()["bytes"]
    line = f"Total data transfer by jpg files from 24th Aug to 25th Aug: {total}"
    assert first.stdout.splitlines()[0] == line


@pytest.mark.parametrize("name", ["plain.tsv", "header.tsv"])
def test_both_days_count_whole(name):
    answer = ask(FIXTURES / name, *TWO_DAYS)
    assert (answer["requests"], answer["bytes"]) == (3, 1110)
    assert (answer["rows_read"], answer["rows_outside"]) == (8, 5)


def test_whole_period_without_flags():
    answer = ask(FIXTURES / "plain.tsv")
    assert (answer["from"], answer["to"]) == ("2017-08-23", "2017-08-26")
    assert (answer["requests"], answer["bytes"]) == (5, 11111)


def test_extensions_are_exact_and_may_be_several():
    assert ask(FIXTURES / "plain.tsv", "--extension", ".JPEG")["bytes"] == 7
    both = ask(FIXTURES / "plain.tsv", "--extension", "jpeg", "--extension", "js")
    assert (both["extension"], both["bytes"]) == ("jpeg,js", 77)
    everything = ask(FIXTURES / "plain.tsv", "--extension", "all")
    assert (everything["extension"], everything["bytes"]) == (None, 11188)
    assert everything["rows_outside"] == 0


def test_several_files_are_one_log():
    answer = ask(FIXTURES / "plain.tsv", FIXTURES / "header.tsv")
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (10, 22222, 16)


def test_real_nasa_log(real_data):
    answer = ask(real_data / "q2" / "nasa-1995-date-time-size-url.tsv", "--extension", "jpg")
    assert (answer["requests"], answer["bytes"]) == (694, 57_780_177)
    assert (answer["rows_read"], answer["rows_rejected"]) == (19_998, {})


@pytest.mark.parametrize(
    "content, parts",
    [
        (b"", ["is empty"]),
        (b"\x00\xff\x13\x37" * 999, ["no known format"]),
        (b"date\ttime\turl\n", [":1:", "'size'"]),
    ],
)
def test_unusable_file_is_one_line(tmp_path, content, parts):
    path = tmp_path / "a log.tsv"
    path.write_bytes(content)
    assert_one_line_error(run(path), 2, "a log.tsv", *parts)


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["no-such.tsv"], ["no-such.tsv", "No such file"]),
        (["tests/fixtures/q2/no*"], ["no files there"]),
        (["--from", "24th Aug"], ["--from", "'24th Aug'", "2017-08-24"]),
        (["--from", "2017-02-30"], ["--from", "'2017-02-30'"]),
        (["--from", "2017-08-25", "--to", "2017-08-24"], ["--from", "--to"]),
        (["--extension", "tar.gz"], ["'tar.gz'"]),
        (["--extension", ""], ["empty"]),
        (["--extension", "abcdefghijklm"], ["--extension", "longer than 12"]),
        (["--to", "9999-12-31"], ["--to", "not a day"]),
        (["--time-zone", "Hongkong/Central"], ["--time-zone", "Asia/Hong_Kong"]),
        (["--format", "xml"], ["--format", "'xml'"]),
    ],
)
def test_wrong_argument_is_one_line(arguments, parts):
    assert_one_line_error(run(*arguments), 2, *parts)
