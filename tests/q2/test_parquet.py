"""Q2's Parquet files: columns of any type that holds the value, the rules of all formats."""

import gzip
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from logs.fields import LayoutOptions
from logs.ranges import lay_out_range, ranges_of
from logs.reader import Reading
from logs.sources import find_sources
from tests.conftest import assert_one_line_error
from tests.q2.conftest import FIXTURES, ask, run
from traffic.account import BlockAccount, joined
from traffic.by_duckdb import table_answer
from traffic.groups import GroupPart
from traffic.parts import Buffers, answer_piece
from traffic.question import Question

START = datetime(2024, 11, 14, 22, 6, 40)
ROWS = 1000
TIMES = [START + timedelta(seconds=97 * row) for row in range(ROWS)]
SIZES = np.random.default_rng(3).integers(0, 10**9, ROWS).tolist()
URLS = [f"/{row % 7}/é{row % 90}.{('jpg', 'css', 'JPG')[row % 3]}?v={row}" for row in range(ROWS)]
STATUSES = [(200, 206, 404)[row % 3] for row in range(ROWS)]
MOMENTS = {
    **{unit: pa.array(TIMES, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")},
    "in a zone": pa.array(
        [moment.replace(tzinfo=UTC) for moment in TIMES], pa.timestamp("us", "Asia/Hong_Kong")
    ),
    "ISO": pa.array([f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in TIMES]),
    "epoch": pa.array([int(moment.replace(tzinfo=UTC).timestamp()) for moment in TIMES]),
    "milliseconds": pa.array([f"{moment.replace(tzinfo=UTC).timestamp():.3f}" for moment in TIMES]),
}
VALUES = {
    "int64": pa.array(SIZES),
    "uint32": pa.array(SIZES, pa.uint32()),
    "double": pa.array(SIZES, pa.float64()),
    "decimal": pa.array([Decimal(size) for size in SIZES], pa.decimal128(18, 0)),
    "string": pa.array([str(size) for size in SIZES]),
    "dictionary": pa.array([str(size) for size in SIZES]).dictionary_encode(),
    "binary": pa.array([str(size).encode() for size in SIZES], pa.large_binary()),
}


def expected(by: str) -> dict[str, tuple[int, int]]:
    """Requests and bytes by day, extension or status, as pandas counts them."""
    frame = pd.DataFrame({"time": TIMES, "size": SIZES, "url": URLS, "status": STATUSES})
    key = {
        "date": frame["time"].dt.strftime("%Y-%m-%d"),
        "extension": frame["url"].str.extract(r"\.(\w+)\?")[0].str.lower(),
        "status": frame["status"].astype(str),
    }[by]
    table = frame.groupby(key)["size"].agg(["size", "sum"])
    return {name: (int(row["size"]), int(row["sum"])) for name, row in table.iterrows()}


def found(path, by: str) -> dict[str, tuple[int, int]]:
    groups = ask(path, "--by", by)["groups"]
    return {group[by]: (group["requests"], group["bytes"]) for group in groups}


def write(path, columns: dict, **options) -> None:
    parquet.write_table(pa.table(columns), path, row_group_size=300, **options)


@pytest.mark.parametrize("moment", MOMENTS)
def test_moments_of_any_type(tmp_path, moment):
    path = tmp_path / "log.parquet"
    write(path, {"timestamp": MOMENTS[moment], "bytes": SIZES, "url": URLS, "status": STATUSES})
    for by in ("date", "extension", "status"):
        assert found(path, by) == expected(by)


@pytest.mark.parametrize("kind", VALUES)
def test_sizes_of_any_type(tmp_path, kind):
    path = tmp_path / "no-suffix"
    days = pa.array([moment.date() for moment in TIMES])
    clocks = pa.array([moment.time() for moment in TIMES], pa.time32("s"))
    more = {"other": [[1]] * ROWS, "time": clocks, "cs-uri-stem": URLS, "date": days}
    write(path, more | {"sc-bytes": VALUES[kind], "sc-status": pa.array(map(str, STATUSES))})
    for by in ("date", "extension", "status"):
        assert found(path, by) == expected(by)


def test_the_same_rows_as_tsv_give_the_same_report(tmp_path):
    frame = pd.DataFrame(
        {
            "date": [f"{moment:%Y-%m-%d}" for moment in TIMES],
            "time": [f"{moment:%H:%M:%S}" for moment in TIMES],
            "size": SIZES,
            "url": URLS,
            "status": STATUSES,
        }
    )
    frame.to_csv(tmp_path / "log.tsv", sep="\t", index=False)
    frame.to_parquet(tmp_path / "log.parquet")
    for by in ("date", "hour", "extension", "status", "url"):
        asked = ("--by", by, "--format", "json")
        assert run(tmp_path / "log.tsv", *asked) == run(tmp_path / "log.parquet", *asked)
    rows = duckdb.read_parquet(str(tmp_path / "log.parquet"))
    sums = rows.aggregate("count(*), sum(size)").fetchall()[0]
    answer = ask(tmp_path / "log.parquet", "--extension", "all")
    assert (answer["requests"], answer["bytes"]) == sums


def test_a_vendors_columns_and_columns_by_hand(tmp_path):
    path = tmp_path / "log.parquet"
    write(
        path,
        {
            "EdgeStartTimestamp": MOMENTS["ISO"],
            "EdgeResponseBytes": SIZES,
            "ClientRequestURI": URLS,
        },
    )
    assert found(path, "extension") == expected("extension")
    write(path, {"when": MOMENTS["us"], "sent": SIZES, "what": URLS})
    assert_one_line_error(run(path), 2, "log.parquet", "when, sent, what", "--columns")
    answer = ask(path, "--columns", "datetime=when,size=sent,url=what", "--extension", "all")
    assert answer["bytes"] == sum(SIZES)


def test_names_that_differ_in_capital_letters_are_asked_about(tmp_path):
    """DuckDB would rename the second one and read the first."""
    path = tmp_path / "log.parquet"
    write(path, {"timestamp": MOMENTS["s"], "bytes": SIZES, "url": URLS, "URL": URLS[::-1]})
    assert_one_line_error(run(path), 2, "must name 'url' once", "--columns")


@pytest.mark.parametrize("odd", [False, True], ids=["by DuckDB", "by the kernel"])
def test_ranges_are_row_groups_that_add_up_to_the_whole(tmp_path, odd):
    path = tmp_path / "log.parquet"
    sizes = [*map(str, SIZES[:-1]), "odd" if odd else "1"]
    write(path, {"timestamp": MOMENTS["s"], "bytes": sizes, "url": URLS, "status": STATUSES})
    (source,) = find_sources([str(path)])
    question = Question(by=("status",))
    reading = Reading(answer_table=table_answer(question))
    parts = ranges_of(source, LayoutOptions(), 4096)
    rows = [row for part in parts for row in part.rows]
    assert len(parts) > 2 and rows == [*range(ROWS)]
    account, total = BlockAccount(), GroupPart()
    for part in parts:
        for piece in lay_out_range(part, reading):
            lines, groups = answer_piece(piece, question, Buffers())
            account = joined(account, lines)
            total.add(groups)
    expected = pd.DataFrame({"status": STATUSES, "size": [*SIZES[:-1], 1]})
    expected = expected[: ROWS - odd].groupby("status")["size"].agg(["size", "sum"])
    assert total == {(int(key),): tuple(row) for key, row in expected.iterrows()}
    assert (account.lines, account.accepted) == (ROWS, ROWS - odd)
    assert [*account.rejected.values()] == [(1, ROWS - 1)] * odd


def test_rejected_rows_name_the_reason_and_the_row(tmp_path):
    path = tmp_path / "log.parquet"
    days = [date(2024, 11, 14)] * 7
    days[1] = None
    sizes = [1.0, 2.0, None, 0.5, -1.0, float("nan"), 2e12]
    urls = ["/a.jpg", "/b\t\n.jpg", "/c.jpg", "/d.jpg", None, "/e.jpg", "/f.jpg"]
    write(path, {"date": days, "time": [time(1, 2, 3)] * 7, "size": sizes, "url": urls})
    answer = ask(path)
    assert (answer["requests"], answer["bytes"], answer["rows_read"]) == (1, 1, 7)
    assert answer["first_rejected"] == {
        "no date YYYY-MM-DD from 1970 to 2199": f"{path}:2",
        "size is not a whole number": f"{path}:3",
        "row has no URL": f"{path}:5",
        "size is above 10^12 bytes": f"{path}:7",
    }


def test_what_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    write(path, {"timestamp": MOMENTS["s"], "bytes": SIZES, "url": URLS})
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    assert_one_line_error(run(path), 2, "log.parquet: the Parquet file is damaged or cut short")
    middle = len(data) // 2
    path.write_bytes(data[:300] + bytes(middle - 300) + data[middle:])
    assert_one_line_error(run(path), 2, "log.parquet: the Parquet file is damaged or cut short")
    (tmp_path / "log.gz").write_bytes(gzip.compress(data))
    assert_one_line_error(run(tmp_path / "log.gz"), 2, "unpack it")


def test_an_empty_table_has_no_rows(tmp_path):
    path = tmp_path / "log.parquet"
    write(
        path,
        {
            "timestamp": MOMENTS["s"][:0],
            "bytes": pa.array([], pa.int64()),
            "url": pa.array([], "str"),
        },
    )
    assert_one_line_error(run(path), 2, "empty")


def test_cloudfront_s_names_in_parquet_mean_what_they_mean_in_text(tmp_path):
    """There they have underscores, as Athena's table of them shows; URLs are encoded alike."""
    text = (FIXTURES / "cloudfront-33-fields.log").read_text("utf-8").replace("/b/c", "/b%2520c")
    _, fields, *rows = text.splitlines()
    names = fields.removeprefix("#Fields: ").split()
    in_parquet = [re.sub(r"[-(]", "_", name).replace(")", "").lower() for name in names]
    columns = zip(*(row.split("\t") for row in rows), strict=True)
    parquet.write_table(pa.table(dict(zip(in_parquet, columns, strict=True))), tmp_path / "a")
    (tmp_path / "b").write_text(text, encoding="utf-8")
    for by in ("url", "host", "edge", "referrer", "content_type", "method", "status", "cache"):
        found, expected = (ask(tmp_path / name, "--by", by)["groups"] for name in "ab")
        assert found == expected


def test_statuses_narrow_a_table_as_they_do_a_text(tmp_path):
    columns = {"status": [200, 503, 404, 500], "size": [1, 10, 100, 1000]}
    same = {"date": ["2024-11-14"] * 4, "time": ["22:06:40"] * 4, "url": ["/a.jpg"] * 4}
    parquet.write_table(pa.table(columns | same), tmp_path / "a.parquet")
    assert ask(tmp_path / "a.parquet", "--status", "5xx", "--status", "404")["bytes"] == 1110
