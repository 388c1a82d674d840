"""Q2's Parquet files that DuckDB answers: what it takes for plain, the kernel reads the same."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pyarrow import parquet

from logs.extensions import ends_as_named, ends_with, extension_of, has_extension
from logs.fields import NOTHING_SAID
from logs.names import pack
from logs.parquet import parquet_pieces
from logs.plain_rows import cache_name, records_of
from logs.scanner import scan_block
from logs.sources import Source, find_sources
from logs.tables import table_of
from tests.q2.conftest import run
from traffic.answer import answer
from traffic.by_duckdb import answer_table
from traffic.question import Question
from traffic.report import as_record

ROWS = 2000
MOMENT = "2024-11-14T22:06:40"
GOOD = {
    "date": ["2024-11-14", "1970-01-01", "2199-12-31", "2024-02-29"],
    "time": ["22:06:40", "00:00:00", "23:59:59", "12:30:00.25"],
    "timestamp": [f"{MOMENT}Z", f"{MOMENT}.123Z", f"{MOMENT}+08:00", MOMENT.replace("T", " ")],
    "epoch": ["1731622000", "1731622000.123", 1731622000, 7258118399, 1731622000.5],
    "size": ["0", "314", 1000, "1000000000000", 10**12],
    "url": ["/a.jpg", "/b/C.JPG?v=1.css", "http://h.com/x.tar.gz#a", "http://h.com", "/", "/a.b/c"],
    "status": ["200", 404, "000", "-", "0", None],
    "cache": ["Hit", "miss", "-", "LambdaGeneratedResponse", None],
}
ODD = [None, "", " ", "-", "-1", "+5", "1e3", "0x1F", "1_0", "12:3:4.5", "24:00:00", "2024-02-30"]
ODD += ["infinity", "epoch", "23:59:60", " 1:02:03", 1.5, True, "9" * 30, "//h.jpg", "a://b.jpg"]
LETTERS = "0123456789-:./?#TtZz+ ,ajpgJPGé\u212a\u0130\t\n_%'\"[]"
COLUMNS = ("date", "time", "size", "url", "status", "cache", "timestamp")


def changed(value, draw: random.Random):
    """A value in which a letter is another, is missing, or has come."""
    if not isinstance(value, str):
        return value
    at = draw.randrange(len(value) + 1)
    return value[:at] + draw.choice(["", draw.choice(LETTERS)]) + value[at + draw.randrange(2) :]


def drawn_rows(keys: tuple[str, ...], seed: int) -> list[dict]:
    """Rows that begin with a good one; of the others most have an odd value or two."""
    draw = random.Random(seed)  # noqa: S311 no secret
    rows = [{key: GOOD[key][0] for key in keys}]
    for _ in range(ROWS):
        row = {key: draw.choice(GOOD[key]) for key in keys}
        for key in draw.choices(keys, k=draw.randrange(3)):
            row[key] = draw.choice([changed(row[key], draw), draw.choice(ODD)])
        rows.append(row)
    return rows


def records(path):
    """The table of a file, and its rows as DuckDB reads them, after whether they are plain."""
    (source,) = find_sources([str(path)])
    with source.open() as raw:
        table = table_of(source, raw, NOTHING_SAID)
    with table.database as database:
        found = records_of(table, with_cache=True)
        asked = ("url", ("jpg", "gz"))
        values = (
            f"epoch_us(moment) // 1000000, size, {extension_of('url')}, status, "
            f"{cache_name('cache')}, {has_extension(*asked)}, "
            f"CASE WHEN {ends_as_named(*asked)} THEN {ends_with(*asked)} END"
        )
        odd = ", ".join(found.odd())
        rows = database.sql(f"SELECT {odd} FROM {found.relation}").fetchall()  # noqa: S608
        plain = [not any(row) for row in rows]
        read = database.sql(found.query()).project(values).fetchall()
        return table, [(known, *row) for known, row in zip(plain, read, strict=True)]


def assert_same(layout, lines: list[bytes], found: list[tuple]) -> None:
    """Check that the kernel reads each line whose row is plain as DuckDB does."""
    assert len(lines) == len(found)
    for line, (plain, second, size, extension, status, cache, *asked) in zip(
        lines, found, strict=True
    ):
        assert {*asked} <= {None, extension in ("jpg", "gz")}
        if not plain:
            continue
        scanned = scan_block("log", layout, memoryview(line + b"\n"))
        assert scanned.rows == 1, line
        read = [int(column[0]) for column in scanned.records[:5]]
        statuses = {"status"} & {*layout.names}
        expected = [second, size, pack(extension), status if statuses else read[3], pack(cache)]
        assert read == expected, line


def columns_of(rows: list[dict]) -> dict[str, pa.Array]:
    """The values of rows as columns of texts, and a moment and sizes of other types."""
    texts = {
        key: pa.array(
            [value if value is None else str(value) for value in (it[key] for it in rows)]
        )
        for key in rows[0]
    }
    draw = random.Random(2)  # noqa: S311 no secret
    numbers = [draw.choice([draw.randrange(10**13), -1, None, 7]) for _ in rows]
    times = [draw.choice([None, draw.randrange(-(10**9), 8 * 10**9)]) for _ in rows]
    return {
        **texts,
        "ints": pa.array(numbers),
        "words": pa.array([number and number % 1500 for number in numbers], pa.int16()),
        "moments": pa.array(times, pa.timestamp("s")).cast(pa.timestamp("ms")),
        "zoned": pa.array(times, pa.timestamp("s", "Asia/Hong_Kong")).cast(
            pa.timestamp("us", "Asia/Hong_Kong")
        ),
        "seconds": pa.array(times),
    }


@pytest.mark.parametrize(
    "taken",
    [
        {"date": "date", "time": "time", "size": "size", "url": "url", "status": "status"},
        {"timestamp": "moments", "size": "ints", "url": "url", "status": "words", "cache": "cache"},
        {"timestamp": "zoned", "size": "size", "url": "url", "status": "words"},
        {"ts": "seconds", "size": "ints", "url": "url"},
        {"timestamp": "timestamp", "size": "ints", "url": "url"},
    ],
    ids=lambda taken: " ".join(taken.values()),
)
def test_plain_rows_of_parquet_are_what_the_kernel_reads(taken, tmp_path):
    columns = columns_of(drawn_rows(COLUMNS, seed=3))
    columns = {name: columns[column] for name, column in taken.items()}
    if "ts" in columns:
        columns["ts"] = pa.concat_arrays([pa.array([1731622000]), columns["ts"][1:]])
    written = pa.table(columns)
    parquet.write_table(written, tmp_path / "log.parquet", row_group_size=500)
    table, found = records(tmp_path / "log.parquet")
    with (tmp_path / "log.parquet").open("rb") as raw:
        pieces = list(parquet_pieces(raw, "log.parquet", NOTHING_SAID))
    lines = b"".join(bytes(layout.as_text(rows)) for layout, rows in pieces).split(b"\n")[:-1]
    assert pieces[0][0].roles == table.layout.roles
    assert_same(pieces[0][0], lines, found)
    assert sum(row[0] is True for row in found) > ROWS / 10


def test_usual_values_are_plain(tmp_path):
    columns = columns_of(drawn_rows(COLUMNS, seed=5))
    taken = {name: columns[name] for name in ("date", "time", "size", "url")}
    parquet.write_table(pa.table(taken), tmp_path / "log.parquet")
    (source,) = find_sources([str(tmp_path / "log.parquet")])
    with source.open() as raw:
        table = table_of(source, raw, NOTHING_SAID)
    with table.database as database:
        found = records_of(table, with_cache=False, extensions=("jpg",))
        fields = {name: field for name, field in found.fields.items() if field.usual}
        assert {*fields} == {"clock", "url"}
        for field in fields.values():
            conditions = f"SELECT {field.usual}, {field.plain} FROM {found.relation}"  # noqa: S608
            rows = set(database.execute(conditions).fetchall())
            assert (True, True) in rows and (False, True) in rows and (True, False) not in rows


START = datetime(2024, 11, 13, tzinfo=UTC)
# How the columns of a moment are written
MOMENTS = {
    "ISO": lambda it: {"timestamp": f"{it:%FT%TZ}"},
    "texts": lambda it: {"date": f"{it:%F}", "time": f"{it:%T}"},
    "date and time": lambda it: {"date": it.date(), "time": it.time()},
    "moment": lambda it: {"timestamp": it},
    "epoch": lambda it: {"ts": int(it.timestamp())},
    "epoch as text": lambda it: {"ts": f"{it.timestamp():.3f}"},
}


def plain_log(folder, moment: str = "ISO", days: int = 4, urls: list[str] = GOOD["url"]) -> str:
    """A log of plain rows of some days."""
    draw = random.Random(4)  # noqa: S311 no secret
    rows = [
        {
            **MOMENTS[moment](START + timedelta(seconds=draw.randrange(days * 86_400))),
            "size": str(draw.randrange(10**9)),
            "url": draw.choice(urls),
            "status": draw.choice(["200", "404", "000", None]),
            "cache": draw.choice(["Hit", "Miss", "RefreshHit", None]),
        }
        for _ in range(ROWS)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "log.parquet", row_group_size=500)
    return str(folder / "log.parquet")


HONG_KONG = ZoneInfo("Asia/Hong_Kong")
QUESTIONS = [
    Question(date(2024, 11, 14), date(2024, 11, 15), ("jpg",)),
    Question(date(2024, 11, 14), date(2024, 11, 15), by=("date",), time_zone=HONG_KONG),
    Question(extensions=("jpg", "gz"), by=("date", "extension")),
    Question(last_day=date(2024, 11, 15), time_zone=HONG_KONG),
    Question(by=("hour",), caches=("miss", "refreshhit")),
    Question(date(2030, 1, 1), by=("status", "cache")),
    Question(by=("date",), measures=("hits", "percentiles")),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_reports_are_those_of_the_kernel(tmp_path, moment):
    (source,) = find_sources([plain_log(tmp_path, moment)])
    for question in QUESTIONS:
        with source.open() as raw:
            assert answer_table(table_of(source, raw, NOTHING_SAID), question)
        by_kernel = answer([Source(source.name, source.open, source.size)], question)
        assert as_record(answer([source], question)) == as_record(by_kernel)


@pytest.mark.parametrize("more", ["/d.JPG", "/d.jpg?v=1", "/d?v=.jpg", "ftp://h.jpg", "/d.jpgs"])
def test_only_urls_that_end_as_named_are_asked_for_their_ends(tmp_path, more):
    question = Question(extensions=("jpg", "gz"))
    for urls in (["/a.jpg", "/b.css", "/c.gz"], ["/a.jpg", "/b.css", more]):
        (source,) = find_sources([plain_log(tmp_path, "texts", urls=urls)])
        by_kernel = answer([Source(source.name, source.open, source.size)], question)
        assert as_record(answer([source], question)) == as_record(by_kernel)


ODD_ROWS = {
    "date": ["2024-02-30", "2200-01-01", "20240-01-01", "2024-1-1", "", None],
    "time": ["29:00:00", "24:00:00", "12:60:00", "1:02:03", "12:30:00 ", "", None],
    "size": ["x", "-1", "1000000000001", "1.0", "", None],
    "url": [" /a.jpg", "/a.jpg ", "", None],
    "status": ["1000", "x", "-1", ""],
    "cache": ["a b", "\u00e9", "", "A-Name-longer-than-it-is-read é"],
}


@pytest.mark.parametrize("dictionary", [True, False], ids=["dictionary", "plain pages"])
def test_one_odd_row_leaves_a_file_to_the_kernel(tmp_path, dictionary):
    """In the last of several row groups, whether or not a column has a dictionary."""
    question = Question(by=("cache",))
    good = {key: [GOOD[key][0]] * ROWS for key in ODD_ROWS}
    odd = [(key, value) for key, values in ODD_ROWS.items() for value in values]
    for key, value in [("size", "7"), *odd]:
        columns = good | {key: [*good[key][1:], value]}
        path = tmp_path / "log.parquet"
        parquet.write_table(pa.table(columns), path, row_group_size=500, use_dictionary=dictionary)
        (source,) = find_sources([str(path)])
        with source.open() as raw:
            answered = answer_table(table_of(source, raw, NOTHING_SAID), question)
        assert bool(answered) == (value == "7"), (key, value)


def test_duckdb_prints_no_progress_into_the_answer(tmp_path):
    (source,) = find_sources([plain_log(tmp_path)])
    with source.open() as raw, table_of(source, raw, NOTHING_SAID).database as database:
        shown = database.execute("SELECT current_setting('enable_progress_bar')").fetchone()
    assert shown == (False,)


def test_names_with_quotes_and_signs_of_globs(tmp_path):
    path = plain_log(tmp_path)
    for name in ("it's.parquet", "a[1].parquet", 'date="1"'):
        (tmp_path / name).write_bytes(open(path, "rb").read())  # noqa: PTH123, SIM115
        assert run(tmp_path / name).stdout == run(path).stdout
