"""The questions of a CDN's operator, against DuckDB on drawn logs in several layouts."""

import csv
import io
import json
import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import assert_one_line_error
from tests.pictures import svg_texts
from tests.q2.conftest import FIXTURES, ask, run
from traffic import sized, sizes, text_totals
from traffic.groups import GroupPart
from traffic.measures import HITS, MISSES
from traffic.question import Question
from traffic.text_kernel import matching
from traffic.totals import sum_of_parts

ROWS = 3000
CACHES = ("Hit", "RefreshHit", "Miss", "Error", "-")
CLOUDFRONT = (
    "date time x-edge-location sc-bytes cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "x-edge-result-type sc-content-type"
)
# What people see of the texts of a row; `NULL` is a request without one.
REFERENCE = """
    CREATE TABLE log AS SELECT moment, size, url, status, cache,
        lower(host) AS host, edge, method,
        regexp_extract(referrer, '^[^?#]*') AS referrer,
        lower(trim(split_part(content_type, ';', 1))) AS content_type,
        strftime(moment, '%Y-%m-%d') AS date,
        strftime(moment, '%Y-%m-%dT%H:00+00:00') AS hour,
        lower(regexp_extract(url, '[.]([A-Za-z0-9]+)$', 1)) AS extension_of,
        CASE extension_of WHEN '' THEN '(none)' ELSE extension_of END AS extension,
        status AS status_class_of,
        CASE status WHEN '000' THEN '000' ELSE status[1] || 'xx' END AS status_class
    FROM records
"""


def drawn_records() -> pd.DataFrame:
    """Requests whose columns depend on one another as little as possible."""
    random = np.random.default_rng(11)

    def one_of(*values: str) -> np.ndarray:
        return np.array(values, dtype=object)[random.integers(0, len(values), ROWS)]

    seconds = random.integers(0, 3 * 86_400, ROWS).tolist()
    start = datetime(2024, 11, 14, tzinfo=UTC)
    pages = random.integers(0, 40, ROWS).tolist()
    return pd.DataFrame(
        {
            "moment": [(start + timedelta(seconds=it)).replace(tzinfo=None) for it in seconds],
            "size": (random.lognormal(8, 3, ROWS)).astype(int),
            "url": [
                f"/{folder}/{page}{end}"
                for folder, page, end in zip(
                    one_of("videos", "img", "é"), pages, one_of(".JPG", ".m3u8", ""), strict=True
                )
            ],
            "status": one_of("200", "206", "304", "404", "503", "000"),
            "cache": one_of(*CACHES),
            "host": one_of("cdn.example.com", "WWW.example.org", "img.example.com"),
            "method": one_of("GET", "HEAD", "POST"),
            "referrer": one_of("https://a.example/x?q=1", "https://a.example/x", "http://é/", "-"),
            "edge": one_of("HKG62-C1", "FRA2-C1"),
            "content_type": one_of("image/jpeg", "text/HTML; charset=utf-8", "-"),
        }
    )


def as_cloudfront(row) -> str:
    values = (
        *(f"{row.moment:%Y-%m-%d}", f"{row.moment:%H:%M:%S}", row.edge, row.size, row.method),
        *(row.host, row.url, row.status, row.referrer, row.cache),
        row.content_type.replace(" ", ""),  # no value has blanks
    )
    return "\t".join(map(str, values))


def as_json(row) -> str:
    keys = {
        "EdgeStartTimestamp": f"{row.moment:%Y-%m-%dT%H:%M:%SZ}",
        "EdgeResponseBytes": row.size,
        "ClientRequestURI": f"{row.url}?v=1",
        "EdgeResponseStatus": int(row.status),
        "CacheCacheStatus": None if row.cache == "-" else row.cache,
        "ClientRequestHost": row.host,
        "ClientRequestMethod": row.method,
        "ClientRequestReferer": "" if row.referrer == "-" else row.referrer,
        "EdgeColoCode": row.edge,
    }
    kind = {} if row.content_type == "-" else {"EdgeResponseContentType": row.content_type}
    return json.dumps(keys | kind)


def as_csv(row) -> str:
    file = io.StringIO()
    values = (f"{row.moment:%Y-%m-%dT%H:%M:%S}", row.size, row.url, row.status, row.cache)
    more = (row.host, row.method, row.referrer, row.edge, row.content_type)
    csv.writer(file, lineterminator="", quoting=csv.QUOTE_ALL).writerow((*values, *more))
    return file.getvalue()


TABLE = "timestamp,bytes,url,status,cache,host,method,referrer,edge,content_type\n"
WRITERS = {
    "cloudfront.log": (f"#Version: 1.0\n#Fields: {CLOUDFRONT}\n", as_cloudfront),
    "cloudflare.json": ("", as_json),
    "table.csv": (TABLE, as_csv),
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with the same requests in each layout, and DuckDB's table of them."""
    folder, records = tmp_path_factory.mktemp("drawn"), drawn_records()
    for name, (head, write) in WRITERS.items():
        lines = [write(row) for row in records.itertuples()]
        (folder / name).write_text(head + "\n".join(lines) + "\n", encoding="utf-8", newline="")
    records.to_parquet(folder / "table.parquet")
    database = duckdb.connect()
    database.register("records", records)
    database.execute(REFERENCE)
    for text in ("host", "referrer", "edge", "method", "content_type"):
        database.execute(f"UPDATE log SET {text} = '(none)' WHERE {text} = '-'")  # noqa: S608
    return folder, database


QUESTIONS = [
    (("date", "extension"), [], "true"),
    (("hour", "status_class"), ["--extension", "jpg"], "extension = 'jpg'"),
    (("host",), ["--url", "/videos/*"], "url LIKE '/videos/%'"),
    (("referrer",), ["--exclude", "*.J?G", "--exclude", "/?/*"], "url NOT SIMILAR TO '.*JPG|/é.*'"),
    (("edge", "method"), ["--host", "*.EXAMPLE.com"], "host LIKE '%.example.com'"),
    (("content_type", "date", "cache"), [], "true"),
    (("url",), ["--url", "/?/*3*", "--url", "*/1*"], "regexp_matches(url, '^/./.*3|/1')"),
    (("url", "status"), ["--cache", "miss"], "cache = 'Miss'"),
    (("method",), ["--to", "2024-11-15"], "moment < '2024-11-16'"),
    (("edge",), ["--status", "5XX", "--status", "206"], "(status LIKE '5__' OR status = '206')"),
    (("url", "status_class"), ["--status", "4xx"], "status LIKE '4__'"),
]


COLUMNS = ("requests", "bytes", "hits", "misses")


def expected_groups(database, by, condition, order) -> list[tuple]:
    """The groups of DuckDB and their COLUMNS, the first 50 by `order`."""
    hits, misses = (f"count(*) FILTER (lower(cache) IN {names})" for names in (HITS, MISSES))
    sums = f"count(*) AS requests, sum(size)::BIGINT AS bytes, {hits} AS hits, {misses} AS misses"
    names = ", ".join(by)
    return database.execute(
        f"SELECT {names}, {sums} FROM log WHERE {condition} "  # noqa: S608
        f"GROUP BY ALL ORDER BY {order} DESC, {names} LIMIT 50"
    ).fetchall()


def rows(groups: list[dict], by) -> list[tuple]:
    """Groups as DuckDB has them."""
    return [tuple(group[name] for name in (*by, *COLUMNS)) for group in groups]


def repeated(option: str, values) -> list[str]:
    """The arguments that give an option several times."""
    return [part for value in values for part in (option, value)]


@pytest.mark.parametrize("name", [*WRITERS, "table.parquet"])
@pytest.mark.parametrize(("by", "arguments", "condition"), QUESTIONS)
def test_groups_are_those_of_duckdb(drawn, name, by, arguments, condition):
    folder, database = drawn
    columns = ["--columns", "datetime=moment"] if name == "table.parquet" else []
    orders = ["bytes", "misses"]
    asked = [*repeated("--by", by), *repeated("--order", orders), *arguments, *columns]
    answer = ask(folder / name, *asked, "--top", "50")
    assert [*answer["rankings"]] == orders
    for order, groups in answer["rankings"].items():
        assert rows(groups, by) == expected_groups(database, by, condition, order)
    total = f"SELECT count(*), sum(size)::BIGINT FROM log WHERE {condition}"  # noqa: S608
    assert (answer["requests"], answer["bytes"]) == database.execute(total).fetchone()


def test_ratios_and_running_totals_follow_from_the_counts(drawn):
    folder, _ = drawn
    answer = ask(folder / "cloudfront.log", "--by", "host", "--by", "cache", "--measure", "hits")
    table = pd.DataFrame(answer["groups"])
    assert table["running_total"].tolist() == table["bytes"].cumsum().tolist()
    either = table["hits"] + table["misses"]
    ratios = (table["hits"] / either).tolist()
    assert [it for it in table["hit_ratio"] if it == it] == [it for it in ratios if it == it]
    assert table["hit_ratio"].isna().tolist() == (either == 0).tolist()
    assert answer["hit_ratio"] == round(table["hits"].sum() / either.sum(), 6)
    kept = table[table["cache"].isin(["Hit", "RefreshHit", "Miss"])]
    hit_bytes = kept["bytes"][kept["cache"] != "Miss"].sum()
    assert answer["byte_hit_ratio"] == round(hit_bytes / kept["bytes"].sum(), 6)


def test_beyond_the_limit_of_memory_texts_are_the_same(drawn, monkeypatch):
    folder, _ = drawn
    asked = (folder / "table.csv", "--by", "url", "--by", "status", "--order", "misses")
    in_memory = run(*asked, "--top", "99", "--format", "json")
    monkeypatch.setattr(text_totals, "MOST_TEXTS", 70)
    assert run(*asked, "--top", "99", "--format", "json") == in_memory


PIECES = st.lists(st.sampled_from(["a", "b", "é", "長", "*", "?", "."]), max_size=7).map("".join)


@example(pattern="*é?a", text="ééaéba")
@given(pattern=PIECES, text=PIECES)
def test_patterns_match_as_regular_expressions_do(pattern, text):
    meaning = {"*": ".*", "?": "."}
    expression = "".join(meaning.get(letter, re.escape(letter)) for letter in pattern)
    data = np.frombuffer(text.encode(), np.uint8)
    starts, ends = np.array([0]), np.array([len(data)])
    (found,) = matching(data, starts, ends, np.frombuffer(pattern.encode(), np.uint8))
    assert found == bool(re.fullmatch(expression, text))


def test_texts_follow_in_time_unless_ranked(drawn):
    folder, database = drawn
    by = ("date", "host")
    groups = ask(folder / "cloudfront.log", *repeated("--by", by), "--measure", "hits")["groups"]
    assert rows(groups, by) == sorted(expected_groups(database, by, "true", "bytes"))


def test_csv_and_text_have_a_table_for_each_order():
    asked = (FIXTURES / "cloudfront-26-fields.log", "--by", "url", "--top", "2")
    orders = repeated("--order", ["misses", "requests"])
    table = pd.read_csv(io.StringIO(run(*asked, *orders, "--format", "csv").stdout))
    assert table[["order", "url", "misses", "requests"]].to_numpy().tolist() == [
        ["misses", "/a.jpg", 2, 3],
        ["misses", "/d.jpg", 1, 1],
        ["requests", "/a.jpg", 2, 3],
        ["requests", "/", 0, 1],
    ]
    lines = run(*asked, *orders).stdout.splitlines()
    assert "Hit ratio 50.0%, of bytes 1.5%: 3 hits, 3 misses" in lines
    assert lines.index("by misses:") < lines.index("by requests:")


@pytest.mark.parametrize(
    ("log", "by", "expected"),
    [
        ("combined.log", "method", {"GET"}),
        ("alb.log", "method", {"GET"}),
        ("squid.log", "method", {"GET"}),
        ("squid.log", "host", {"cdn.example.com"}),
        ("bunny.log", "host", {"cdn.example.com"}),
        ("bunny.log", "edge", {"HK"}),
        ("bunny.log", "referrer", {"(none)", "https://example.com/"}),
        ("cloudfront-33-fields.log", "edge", {"HKG62-C1"}),
        ("cloudfront-33-fields.log", "host", {"cdn.example.com"}),
    ],
)
def test_texts_where_a_layout_has_them(log, by, expected):
    assert {group[by] for group in ask(FIXTURES / log, "--by", by)["groups"]} == expected


def test_the_hosts_of_urls(tmp_path):
    row = (FIXTURES / "squid.log").read_text(encoding="utf-8").splitlines()[0]
    urls = {
        "http://A.example": "a.example",
        "https://b.example:8443?x=http://c.example/": "b.example:8443",
        "ftp://c.example/a:b://d/": "c.example",
        "http://#x": "(none)",
        "tunnel.example:443": "(none)",
        "/path?u=http://e.example/": "(none)",
        "mailto:/x://y": "(none)",
        "x:/": "(none)",
    }
    rows = [row.replace("http://cdn.example.com/a.jpg", url) for url in urls]
    log = tmp_path / "log"
    log.write_text("\n".join(rows) + "\n", encoding="utf-8")
    groups = ask(log, "--by", "host", "--log-format", "squid")["groups"]
    assert {it["host"]: it["requests"] for it in groups} == Counter(urls.values())
    assert ask(log, "--host", "*.example")["requests"] == 2


def test_no_status_and_what_is_none():
    log = FIXTURES / "cloudfront-33-fields.log"
    assert ask(log, "--status", "000")["requests"] == 1
    shown = run(log, "--status", "404", "--status", "3xx").stdout.splitlines()[0]
    assert shown.startswith("Total data transfer by all files with status 404 or 3xx from ")
    for wrong in ("5", "0xx", "50x", "", "1000", "٥xx"):
        assert_one_line_error(run(log, "--status", wrong), 2, "is not a status: write it like 404")


def test_the_referrer_of_a_combined_log_and_the_host_of_a_format_string(tmp_path):
    log = tmp_path / "combined.log"
    head = '1.2.3.4 - - [14/Nov/2024:22:06:40 +0000] "GET /a.jpg HTTP/1.1" 200'
    rows = [f'{head} 1 "https://b.example/?q" "agent"', f'{head} 20 "-" "agent"', f"{head} 300"]
    log.write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = {it["referrer"]: it["bytes"] for it in ask(log, "--by", "referrer")["groups"]}
    assert found == {"https://b.example/": 1, "(none)": 320}
    log.write_text(f'cdn.example:443 {head} 1 "-" "-"\n', encoding="utf-8")
    asked = (log, "--log-format", "apache:vhost_combined", "--by", "host")
    assert [it["host"] for it in ask(*asked)["groups"]] == ["cdn.example:443"]


@pytest.mark.parametrize(
    ("log", "arguments", "parts"),
    [
        ("plain.tsv", ["--by", "host"], ["no host field", "(tsv)", "date, time, size, url"]),
        ("plain.tsv", ["--measure", "hits"], ["no cache field", "--columns cache=NAME"]),
        ("squid.log", ["--by", "referrer"], ["no referrer field", "(squid)", "cache"]),
        ("iis.log", ["--order", "misses", "--by", "url"], ["no cache field", "(w3c)"]),
    ],
)
def test_a_layout_without_the_field_is_named_with_what_it_has(log, arguments, parts):
    assert_one_line_error(run(FIXTURES / log, *arguments), 2, log, *parts)


def nearest_ranks(sizes: pd.Series) -> list[int]:
    """The 50th, 95th and 99th percentile of sizes, which occur among them."""
    return [sorted(sizes)[math.ceil(len(sizes) * percent / 100) - 1] for percent in (50, 95, 99)]


@pytest.mark.parametrize("name", [*WRITERS, "table.parquet"])
@pytest.mark.parametrize("by", [(), ("date", "extension"), ("host",), ("url",)])
def test_percentiles_are_within_their_error_of_the_exact_ones(drawn, name, by):
    folder, database = drawn
    columns = ["--columns", "datetime=moment"] if name == "table.parquet" else []
    answer = ask(folder / name, *columns, *repeated("--by", by), "--measure", "percentiles")
    table = database.execute("SELECT * FROM log").df()
    exact = {(): nearest_ranks(table["size"])}
    found = {(): [answer[it] for it in ("p50", "p95", "p99")]}
    if by:
        exact |= {keys: nearest_ranks(it["size"]) for keys, it in table.groupby([*by])}
        groups = {tuple(it[name] for name in by): it for it in answer["groups"]}
        found |= {keys: [it["p50"], it["p95"], it["p99"]] for keys, it in groups.items()}
    for keys, three in found.items():
        assert three == pytest.approx(exact[keys], rel=0.004)
    assert len(found) > len(by) and answer["bytes"] == table["size"].sum()


@pytest.mark.parametrize("waiting", [0, 50, 10**6])
@pytest.mark.parametrize("tables", [{0, 2, 4}, {*range(5)}, set()], ids=["some", "all", "none"])
def test_percentiles_of_many_parts_are_those_of_all_their_rows(monkeypatch, waiting, tables):
    """Parts of tables are dictionaries, the others arrays."""
    monkeypatch.setattr(sized, "MOST_WAITING", waiting)
    monkeypatch.setattr(sized, "MOST_FEW", waiting)
    question = Question(by=("status",), measures=("percentiles",))
    draw = np.random.default_rng(5)
    rows = np.stack([draw.integers(200, 204, 1000), draw.integers(0, 200, 1000)], axis=1)
    totals, parts = sized.SizedTotals(question), []
    for place, part in enumerate(np.split(rows, [1, 1, 30, 500])):
        sums = np.stack([np.ones_like(part[:, 1]), part[:, 1]], axis=1)
        parts.append(sized.SizedPart(part, sums))
        if place in tables:
            parts[-1] = GroupPart()
            for keys, more in zip(part.tolist(), sums.tolist(), strict=True):
                parts[-1].add_group(tuple(keys), tuple(more))
        totals.add(parts[-1])
    at_once = sized.SizedTotals(question)
    at_once.add(sum_of_parts(parts, question))
    assert at_once.groups() == totals.groups()
    exact = pd.DataFrame(rows, columns=["status", "size"]).groupby("status")["size"]
    assert {group.names: (group.sums, group.sizes) for group in totals.groups()} == {
        (str(status),): ((len(it), it.sum()), tuple(nearest_ranks(it))) for status, it in exact
    }
    assert totals.percentiles() == tuple(nearest_ranks(pd.Series(rows[:, 1])))


def test_sizes_are_rounded_alike_in_sql():
    edges = {2**power + more for power in range(41) for more in (-1, 0, 1)} - {0}
    numbers = np.array([0, *sorted(edges), 10**12], dtype=np.int64)
    values = ", ".join(f"({number})" for number in numbers)
    query = f"SELECT {sizes.ROUNDED} FROM (VALUES {values}) AS t(size)"  # noqa: S608
    found = [row[0] for row in duckdb.execute(query).fetchall()]
    assert found == sizes.rounded(numbers).tolist()
    assert sizes.rounded(numbers[numbers < 256]).tolist() == numbers[numbers < 256].tolist()
    middles = np.array([sizes.middle(number) for number in found])
    assert (np.abs(middles - numbers) <= numbers * 0.004).all()


@pytest.mark.parametrize(
    "arguments",
    [["--by", "date", "--by", "cache"], ["--by", "host", "--by", "url", "--order", "misses"]],
)
@pytest.mark.parametrize("measures", [["hits"], ["hits", "percentiles"]])
def test_pictures_of_two_groupings_and_what_is_measured(drawn, tmp_path, arguments, measures):
    folder, _ = drawn
    plot, page = tmp_path / "plot.svg", tmp_path / "page.html"
    asked = (folder / "cloudfront.log", *arguments, *repeated("--measure", measures))
    assert run(*asked, "--plot", plot, "--html", page) == run(*asked)
    texts = svg_texts(plot)
    if "date" in arguments:
        assert {"hit ratio", "cache", "RefreshHit"} <= {*texts}
    else:
        assert {"misses", "host and url"} <= {*texts}
        assert any("hit ratio" in text for text in texts)
        assert any("p95" in text for text in texts) == ("percentiles" in measures)
    assert "hit_ratio" in page.read_text(encoding="utf-8")


def test_percentiles_over_time_are_drawn(drawn, tmp_path):
    folder, _ = drawn
    plot = tmp_path / "plot.svg"
    run(folder / "table.csv", "--by", "hour", "--measure", "percentiles", "--plot", plot)
    assert {"p50", "p95", "p99", "size"} <= {*svg_texts(plot)}
