"""Totals by URL, many small files, JSON lines and Parquet: how samples are written and read."""

import gzip
import json
from datetime import date
from pathlib import Path

FIRST, LAST = "2017-08-24", "2017-08-25"
ROWS_AT_A_TIME = 100_000
ROWS_OF_A_FILE = 200
CLOUDFRONT = {
    "x-edge-location": "HKG62-C1",
    "c-ip": "192.0.2.1",
    "cs-method": "GET",
    "cs(Host)": "d111111abcdef8.cloudfront.net",
    "sc-status": "200",
    "cs(Referer)": "-",
    "cs(User-Agent)": "Mozilla/5.0%2520(X11;%2520Linux%2520x86_64)",
    "cs-uri-query": "-",
    "cs(Cookie)": "-",
    "x-edge-result-type": "Hit",
}


def sample(rows: int):
    """Yield pandas tables of a sample log that have so many rows together."""
    from logs.sample import sample_log

    for start in range(0, rows, ROWS_AT_A_TIME):
        yield sample_log(min(ROWS_AT_A_TIME, rows - start), seed=start)


def write_urls(path: str, rows: int) -> None:
    """Write a table in which three of five rows have a URL that is new."""
    import numpy as np

    random, different = np.random.default_rng(0), rows * 3 // 5 or 1
    again = random.integers(0, different, rows - different)
    numbers = np.concatenate([np.arange(different), again])
    random.shuffle(numbers)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        file.write("date\ttime\tsize\turl\n")
        for row, number in enumerate(numbers.tolist()):
            url = f"/media/{number % 997}/item-{number:07}-{number * 2654435761 % 2**32:08x}.jpg"
            file.write(f"2017-08-24\t00:00:{row % 60:02}\t{row % 999_983}\t{url}?v={row % 3}\n")


def as_json(table) -> str:
    """The rows as CloudFront v2 writes them in JSON."""
    return "".join(
        json.dumps(
            {"date": it.date, "time": it.time, "sc-bytes": str(it.size), "cs-uri-stem": it.url}
            | CLOUDFRONT
        )
        + "\n"
        for it in table.itertuples(index=False)
    )


def write_json(path: str, rows: int) -> None:
    """Write JSON lines."""
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        file.writelines(map(as_json, sample(rows)))


def write_small(path: str, rows: int) -> None:
    """Write a folder of small files in gzip."""
    folder = Path(path)
    folder.mkdir()
    for number, table in enumerate(sample(rows)):
        for start in range(0, len(table), ROWS_OF_A_FILE):
            text = "date\ttime\tsize\turl\n" + table[start : start + ROWS_OF_A_FILE].to_csv(
                sep="\t", index=False, header=False, lineterminator="\n"
            )
            name = f"E{number:03}-{start:06}.gz"
            (folder / name).write_bytes(gzip.compress(text.encode()))


def write_parquet(path: str, rows: int) -> None:
    """Write a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    tables = (pa.Table.from_pandas(table, preserve_index=False) for table in sample(rows))
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def ours_urls():
    """This project, by URL."""
    from logs.sources import find_sources
    from traffic.answer import answer
    from traffic.question import Question

    question = Question(date.fromisoformat(FIRST), date.fromisoformat(LAST), by=("url",))
    return lambda path: int(answer(find_sources([path]), question, top=20).table["bytes"].sum())


def sql(query: str):
    """DuckDB, asked this of the log at {path}."""
    import duckdb as db

    return lambda path: int(db.sql(query.format(path=path)).fetchall()[0][0])


def duckdb_urls():
    """DuckDB."""
    return sql(
        "SELECT sum(bytes) FROM (SELECT split_part(url, '?', 1) AS page, sum(size) AS bytes "
        "FROM read_csv('{path}', delim='\t') GROUP BY page ORDER BY bytes DESC, page LIMIT 20)"
    )


def polars_urls():
    """Polars, streaming."""
    import polars as pl

    def query(path):
        page = pl.col("url").str.split("?").list.first().alias("page")
        log = pl.scan_csv(path, separator="\t").group_by(page).agg(pl.col("size").sum())
        first = log.sort(["size", "page"], descending=[True, False]).head(20)
        return first.select(pl.col("size").sum()).collect(engine="streaming").item()

    return query


ASKED = f" WHERE date BETWEEN '{FIRST}' AND '{LAST}'"
ASKED_JPG = f"{ASKED} AND url LIKE '%.jpg'"


def duckdb_json():
    """DuckDB, told which keys there are."""
    columns = (
        "{{'date': 'VARCHAR', 'time': 'VARCHAR', 'sc-bytes': 'BIGINT', 'cs-uri-stem': 'VARCHAR'}}"
    )
    return sql(
        'SELECT sum("sc-bytes") FROM '  # noqa: S608 our own path
        "read_json('{path}', format='newline_delimited', "
        f"columns={columns}) {ASKED} AND \"cs-uri-stem\" LIKE '%.jpg'"
    )


def polars_json():
    """Polars, streaming, told which keys there are."""
    import polars as pl

    schema = dict.fromkeys(("date", "time", "sc-bytes", "cs-uri-stem"), pl.String)

    def query(path):
        day, url = pl.col("date"), pl.col("cs-uri-stem")
        log = pl.scan_ndjson(path, schema=schema)
        asked = log.filter((day >= FIRST) & (day <= LAST) & url.str.ends_with(".jpg"))
        size = pl.col("sc-bytes").cast(pl.Int64).sum()
        return asked.select(size).collect(engine="streaming").item()

    return query


def duckdb_parquet():
    """DuckDB."""
    return sql("SELECT sum(size) FROM read_parquet('{path}')" + ASKED_JPG)  # noqa: S608


def polars_parquet():
    """Polars, streaming."""
    import polars as pl

    def query(path):
        day, url = pl.col("date"), pl.col("url")
        asked = pl.scan_parquet(path).filter(
            (day >= FIRST) & (day <= LAST) & url.str.ends_with(".jpg")
        )
        return asked.select(pl.col("size").sum()).collect(engine="streaming").item()

    return query


def duckdb_small():
    """DuckDB."""
    return sql(
        "SELECT sum(size) FROM read_csv('{path}/*.gz', delim='\t')" + ASKED_JPG  # noqa: S608
    )


WRITERS = {
    "urls": write_urls,
    "json": write_json,
    "parquet": write_parquet,
    "small": write_small,
}
PEERS = {
    "urls": {"ours": ours_urls, "duckdb": duckdb_urls, "polars": polars_urls},
    "json": {"duckdb": duckdb_json, "polars": polars_json},
    "parquet": {"duckdb": duckdb_parquet, "polars": polars_parquet},
    "small": {"duckdb": duckdb_small},
}
