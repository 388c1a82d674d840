"""A wrong argument is said in one line, with exit code 2, and nothing is printed."""

from pathlib import Path

import pytest

from retention.options import Columns
from sql import main
from tests.conftest import ROOT, assert_one_line_error, run_here


@pytest.mark.parametrize(
    ("options", "status", "parts"),
    [
        (("--events", "nowhere.csv"), 2, ["nowhere.csv", "no such file"]),
        (("--events", "nowhere/*.csv"), 2, ["nowhere/*.csv", "no such file"]),
        (("--events", "a.csv", "b.csv"), 2, ["'b.csv'", "--events again", "--events 'logs/*.csv'"]),
        (("--events", str(ROOT / "Q1")), 2, ["Q1", "directory"]),
        (("--install-date", "2017-02-30"), 2, ["--install-date", "2017-04-01"]),
        (("--install-date", "1 April"), 2, ["--install-date"]),
        (("--install-date", "20170401"), 2, ["--install-date", "write it like 2017-04-01"]),
        (("--install-date", "2017-W13-6"), 2, ["--install-date", "write it like 2017-04-01"]),
        (("--install-date", "9999-12-31"), 2, ["--install-date"]),
        (("--active-to", "2017-04-01"), 2, ["wrong order"]),
        (("--active-from", "2017-03-31"), 2, ["wrong order"]),
        (("--install-date", "2016-01-01"), 2, ["FIRST_INSTALL", "2016-01-01", "--install-date"]),
        (("--install-event", "nothing"), 2, ["nothing", "--install-event"]),
        (("--columns", "uid"), 2, ["--columns", "uid=userid"]),
        (("--columns", "who=userid"), 2, ["--columns", "uid=userid"]),
        (("--columns", "uid=a,uid=b"), 2, ["--columns", "uid=a,uid=b", "twice"]),
        (("--format", "xml"), 2, ["--format"]),
        (("--period", "week", "--users"), 2, ["--period needs --cohorts or --growth"]),
        (("--follow", "3"), 2, ["--follow needs --cohorts"]),
        (("--follow", "9999"), 2, ["--follow needs --cohorts"]),
        (("--follow", "10000"), 2, ["--follow", "0<=x<=9999"]),
        (("--cohorts", "--growth"), 2, ["--cohorts and --growth exclude each other"]),
        (("--growth", "--window", "24h"), 2, ["--window needs --cohorts"]),
        (("--cohorts", "--window", "1w"), 2, ["--window", "write it like 24h"]),
        (("--cohorts", "--brackets", "3,1"), 2, ["--brackets", "write it like 1,7,30"]),
        (("--cohorts", "--brackets", "1", "--follow", "3"), 2, ["exclude each other"]),
        (("--cohorts", "--week-start", "sunday"), 2, ["--week-start", "add --period week"]),
        (("--users", "--by", "x"), 2, ["--users", "add --cohorts"]),
        (("--cohorts", "--format", "parquet"), 2, ["add --cohorts --users"]),
        (("--cohorts", "--users", "--window", "24h"), 2, ["exclude each other"]),
        (("--stickiness", "--top", "3"), 2, ["--top needs --by"]),
        (
            ("--cohorts", "--cohort-by", "first-event", "--install-event", "x"),
            2,
            ["--install-event does nothing with --cohort-by first-event"],
        ),
        (("--return-event", "a", "--exclude-event", "a"), 2, ["'a' is both"]),
        (("--return-event", "app open"), 2, ["'app open'", "--return-event", "'APP_OPEN'"]),
        (("--growth", "--exclude-event", "push"), 2, ["'push'", "--exclude-event", "PUSH_OPEN"]),
        (("--growth", "--install-date", "2017-04-01"), 2, ["leave them out with --growth"]),
        (("--seed", "x"), 2, ["--seed"]),
        (("--embedded", "--dsn", "postgresql://"), 2, ["--dsn and --embedded exclude each other"]),
        (
            ("--install-event", "first instal"),
            2,
            ["the closest is 'FIRST_INSTALL'", "most often a user's first are 'FIRST_INSTALL', "],
        ),
        (("--from", "2017-04-02", "--to", "2017-04-01"), 2, ["wrong order"]),
        (
            ("--install-date", "2017-04-01", "--from", "2017-04-02"),
            2,
            ["--install-date 2017-04-01 is before --from 2017-04-02"],
        ),
        (
            ("--install-date", "2017-04-03", "--to", "2017-04-02"),
            2,
            ["--install-date 2017-04-03 is after --to 2017-04-02"],
        ),
        (
            ("--table", "x", "--time-format", "%Y%m%d"),
            2,
            ["--time-format does nothing with --table"],
        ),
        (("--table", "x", "--on-bad-row", "skip"), 2, ["--on-bad-row does nothing with --table"]),
        (("--table", "x", "--seed", "2017"), 2, ["--seed does nothing with --table"]),
        (("--events", str(ROOT / "README.md"), "--seed", "1"), 2, ["--seed does nothing with"]),
        (("--from", "2017-05-01"), 2, ["no events of users", "--from DAY moves the limit"]),
    ],
)
def test_a_wrong_argument_is_said_in_one_line(postgres_url, options, status, parts):
    server = () if "--dsn" in options else ("--dsn", postgres_url)
    finished = run_here(main, *server, *options)
    assert_one_line_error(finished, status, *parts)
    assert finished.stdout == ""


def test_spaces_around_names_of_columns_are_not_of_them():
    given = Columns().convert("uid = user id, time=at", None, None)
    assert given == {"uid": "user id", "time": "at"}


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--table", "public.events"), "public.events"),
        (("--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--time-zone", "Asia"), "--time-zone Asia"),
        (("--events", "-"), "stdin:1: the column 'uid' is missing"),
        (("--events", "log.csv"), "log.csv:1: the column 'uid' is missing"),
        (("--events", "log.csv", "--check"), "log.csv:1: the column 'uid' is missing"),
    ],
)
def test_what_the_embedded_server_is_not_needed_for_is_refused_before_it_starts(
    options, part, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("user,time,event_name\n", encoding="utf-8")
    with Path("log.csv").open(encoding="utf-8") as log:
        monkeypatch.setattr("sys.stdin", log)
        finished = run_here(main, "--embedded", *options)
    assert_one_line_error(finished, 2, part)
    assert "server:" not in finished.stderr
