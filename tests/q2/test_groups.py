"""Q2's groupings: by extension, time, URL, status and cache result."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, ask, run
from traffic.group_table import group_rows

LOG = FIXTURES / "cloudfront-26-fields.log"


def groups(by: str, *arguments, log=LOG) -> dict[str, tuple[int, int]]:
    """Requests and bytes by group, in the order shown."""
    answer = ask(log, "--by", by, *arguments)
    assert sum(group["requests"] for group in answer["groups"]) <= answer["requests"]
    return {group[by]: (group["requests"], group["bytes"]) for group in answer["groups"]}


def test_by_extension_largest_first():
    found = groups("extension")
    assert found == {"jpg": (5, 11111), "js": (1, 70), "jpeg": (1, 7), "(none)": (1, 0)}
    assert list(found) == ["jpg", "js", "jpeg", "(none)"]


def test_by_date_in_the_order_of_time():
    found = groups("date")
    assert found == {
        "2017-08-23": (1, 1),
        "2017-08-24": (3, 110),
        "2017-08-25": (3, 1077),
        "2017-08-26": (1, 10000),
    }
    assert list(found) == sorted(found)


def test_days_and_hours_are_those_of_the_time_zone():
    zone = ("--time-zone", "Asia/Kolkata")  # 5:30 ahead of UTC
    assert groups("date", *zone) == {
        "2017-08-24": (4, 111),
        "2017-08-25": (2, 77),
        "2017-08-26": (2, 11000),
    }
    assert groups("hour", *zone, "--extension", "jpg", "--to", "2017-08-24") == {
        "2017-08-24T05:00+05:30": (2, 11),
        "2017-08-24T18:00+05:30": (1, 100),
    }


def test_an_hour_that_comes_twice_is_two_hours(tmp_path):
    log = tmp_path / "log.tsv"
    rows = [f"2017-11-05\t0{hour}:30:00\t{10**hour}\t/a.jpg\n" for hour in range(4, 8)]
    log.write_text("".join(rows), encoding="utf-8")
    assert groups("hour", "--time-zone", "America/New_York", log=log) == {
        "2017-11-05T00:00-04:00": (1, 10**4),
        "2017-11-05T01:00-04:00": (1, 10**5),
        "2017-11-05T01:00-05:00": (1, 10**6),
        "2017-11-05T02:00-05:00": (1, 10**7),
    }


@pytest.mark.parametrize("more", [[], ["--top", "9"]])
def test_hours_follow_in_time_where_clocks_go_back_east_of_greenwich(tmp_path, more):
    log = tmp_path / "log.tsv"
    times = [f"2017-10-{28 + hour // 24}\t{hour % 24:02}:30:00" for hour in range(23, 28)]
    rows = [f"{time}\t5\t/a.jpg\n" for time in times]
    log.write_text("".join(reversed(rows)), encoding="utf-8")
    asked = (log, "--by", "hour", "--time-zone", "Europe/Berlin", *more)
    hours = [
        "2017-10-29T01:00+02:00",
        "2017-10-29T02:00+02:00",
        "2017-10-29T02:00+01:00",
        "2017-10-29T03:00+01:00",
        "2017-10-29T04:00+01:00",
    ]
    assert [group["hour"] for group in ask(*asked)["groups"]] == hours
    for form in ("csv", "text"):
        lines = run(*asked, "--format", form).stdout.splitlines()
        assert [line[:22] for line in lines if line.startswith("2017")] == hours


def test_by_url_without_query_strings():
    assert groups("url", "--top", "2") == {"/a.jpg": (3, 10011), "/d.jpg": (1, 1000)}
    assert groups("url", log=FIXTURES / "plain.tsv")["/b/c.JPG"] == (1, 100)


def test_most_missed_urls():
    found = groups("url", "--cache", "miss")
    assert found == {"/a.jpg": (2, 10010), "/d.jpg": (1, 1000)}
    assert list(found) == ["/a.jpg", "/d.jpg"]


def test_by_cache_and_status():
    assert groups("cache") == {
        "Miss": (3, 11010),
        "RefreshHit": (1, 100),
        "Error": (1, 7),
        "Hit": (2, 71),
        "LambdaGeneratedResponse": (1, 0),
    }
    assert groups("status")["000"] == (1, 0)
    assert groups("extension", "--cache", "LambdaGeneratedResponse") == {"(none)": (1, 0)}


def test_order_and_top():
    assert list(groups("cache", "--order", "requests"))[:2] == ["Miss", "Hit"]
    answer = ask(LOG, "--by", "cache", "--top", "1")
    assert (len(answer["groups"]), answer["groups_found"]) == (1, 5)
    assert "... and 4 more" in run(LOG, "--by", "cache", "--top", "1").stdout.splitlines()


def test_shares_and_means_are_of_all_that_counts():
    first = ask(LOG, "--by", "extension", "--top", "1")["groups"][0]
    assert first["share"] == pytest.approx(11111 / 11188, abs=1e-6)
    assert first["mean_size"] == pytest.approx(11111 / 5)


def test_csv_is_the_table_and_the_account_goes_to_stderr():
    finished = run(LOG, "--by", "extension", "--format", "csv")
    table = pd.read_csv(io.StringIO(finished.stdout))
    assert list(table) == ["extension", "requests", "bytes", "share", "running_total", "mean_size"]
    assert table["bytes"].tolist() == [11111, 70, 7, 0]
    assert "8 requests counted of 8 rows read" in finished.stderr
    total = pd.read_csv(io.StringIO(run(LOG, "--extension", "js", "--format", "csv").stdout))
    assert total.loc[0, ["from", "extension", "requests", "bytes"]].tolist() == [
        "2017-08-23",
        "js",
        1,
        70,
    ]


def test_text_is_a_table():
    lines = run(LOG, "--by", "status", "--top", "2").stdout.splitlines()
    assert lines == [
        "Total data transfer by all files from 23rd Aug to 26th Aug: 11188",
        "",
        "status  requests   bytes  share  running_total  mean_size",
        "200            4  11,011  98.4%         11,011      2,753",
        "206            1     100   0.9%         11,111        100",
        "... and 3 more",
        "",
        "8 requests counted of 8 rows read; 0 outside the question, 0 rejected",
    ]


@pytest.mark.parametrize("arguments", [["--by", "cache"], ["--cache", "miss"], ["--by", "status"]])
def test_a_field_that_the_log_lacks_is_one_line(arguments):
    finished = run(FIXTURES / "plain.tsv", *arguments)
    assert_one_line_error(finished, 2, "plain.tsv", f"no {arguments[-1].replace('miss', 'cache')}")


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["--time-zone", "Hongkong/Kowloon"], "Hongkong/Kowloon"),
        (["--top", "0"], "--top"),
        (["--by", "size"], "--by"),
        (["--cache", "a miss"], "a miss"),
        (["--plot", "no/such/folder/a.png"], "no/such/folder"),
    ],
)
def test_wrong_arguments(arguments, part):
    assert_one_line_error(run(LOG, *arguments), 2, part)


def test_top_and_order_are_about_groups():
    assert_one_line_error(run(LOG, "--top", "3"), 2, "add --by")
    assert_one_line_error(run(LOG, "--order", "bytes"), 2, "add --by")


def test_csv_says_on_stderr_how_much_was_cut():
    finished = run(LOG, "--by", "status", "--top", "2", "--format", "csv")
    assert "... and 3 more" in finished.stderr.splitlines()


def test_a_period_beyond_the_log_is_the_day_that_was_named():
    later = ask(LOG, "--from", "2025-01-01")
    assert (later["from"], later["to"], later["requests"]) == ("2025-01-01", "2025-01-01", 0)
    before = ask(LOG, "--to", "2016-01-01")
    assert (before["from"], before["to"]) == ("2016-01-01", "2016-01-01")


def test_control_characters_of_a_url_are_percent_encoded(tmp_path):
    """Else a carriage return would make two rows of CSV, and a terminal would obey."""
    log = tmp_path / "log.tsv"
    log.write_bytes(b"2017-08-24\t00:00:00\t1\t/a\rb\x1b[31m\x7f\xc2\x9b\xc3\xa9.jpg\n")
    (group,) = ask(log, "--by", "url")["groups"]
    assert group["url"] == "/a%0Db%1B[31m%7F%C2%9Bé.jpg"


def test_nothing_counts():
    answer = ask(LOG, "--from", "2020-01-01", "--by", "extension")
    assert (answer["requests"], answer["groups"], answer["rows_outside"]) == (0, [], 8)
    assert run(LOG, "--from", "2020-01-01").returncode == 0


@given(
    rows=st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), st.integers(0, 2)),
        max_size=60,
    )
)
def test_rows_are_added_up_by_all_their_keys(rows):
    keys = np.array(rows, dtype=np.int64).reshape(-1, 2)
    sizes = 10**16 + np.arange(len(rows))  # no float holds these
    expected = {}
    for row, key in enumerate(rows):
        count, size = expected.get(key, (0, 0))
        expected[key] = (count + 1, size + 10**16 + row)
    groups, sums = group_rows(keys, np.stack([np.ones_like(sizes), sizes], 1))
    found = [
        (tuple(key), *numbers)
        for key, numbers in zip(*map(np.ndarray.tolist, (groups, sums)), strict=True)
    ]
    assert found == [(key, *numbers) for key, numbers in expected.items()]
