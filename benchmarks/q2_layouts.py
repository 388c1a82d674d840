"""Logs of CloudFront and combined ones: how samples are written, and how peers read them."""

from functools import partial
from pathlib import Path

FIRST, LAST = "2017-08-24", "2017-08-25"
ROWS_AT_A_TIME = 1_000_000
CLOUDFRONT_HEADER = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) "
    "cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type "
    "x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol "
    "ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields "
    "c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end\n"
)
CLOUDFRONT_ROW = (
    "{date}\t{time}\tHKG62-C1\t{size}\t192.0.2.{n}\tGET\td111111abcdef8.cloudfront.net\t{url}\t200"
    "\t-\tMozilla/5.0%2520(X11;%2520Linux%2520x86_64)\t-\t-\tHit\trequest-{number:016x}==\t"
    "cdn.example.com\thttps\t337\t0.004\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\t-\t-\t"
    "11040\t0.003\tHit\timage/jpeg\t{size}\t-\t-\n"
)
COMBINED_ROW = (
    '192.0.2.{n} - - [{day}/Aug/2017:{time} +0000] "GET {url} HTTP/1.1" 200 {size} '
    '"https://www.example.com/articles/{number}/index.html" "Mozilla/5.0 (Windows NT 10.0; Win64; '
    'x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"\n'
)


def write_rows(path: str, rows: int, head: str, row: str) -> None:
    """Write a sample log of so many rows, each filled into `row`."""
    from logs.sample import sample_log

    with Path(path).open("w", encoding="utf-8", newline="") as file:
        file.write(head)
        for start in range(0, rows, ROWS_AT_A_TIME):
            log = sample_log(min(ROWS_AT_A_TIME, rows - start), seed=start)
            for number, it in enumerate(log.itertuples(index=False), start):
                values = it._asdict() | {"number": number, "n": number % 250, "day": it.date[8:]}
                file.write(row.format_map(values))


WRITERS = {
    "cloudfront": partial(write_rows, head=CLOUDFRONT_HEADER, row=CLOUDFRONT_ROW),
    "combined": partial(write_rows, head="", row=COMBINED_ROW),
}


def polars_cloudfront():
    """Polars, streaming."""
    import polars as pl

    names = [f"field_{number}" for number in range(1, 34)]

    def query(path):
        day, size, url = pl.col("field_1"), pl.col("field_4").cast(pl.Int64), pl.col("field_8")
        log = pl.scan_csv(
            path, separator="\t", has_header=False, skip_rows=2, quote_char=None,
            infer_schema=False, new_columns=names,
        )  # fmt: skip
        asked = log.filter((day >= FIRST) & (day <= LAST) & url.str.ends_with(".jpg"))
        return asked.select(size.sum()).collect(engine="streaming").item()

    return query


def duckdb_cloudfront():
    """DuckDB."""
    import duckdb as db

    def query(path):
        return db.sql(
            "SELECT sum(column03) FROM "  # noqa: S608 our own path
            f"read_csv('{path}', delim='\t', header=false, skip=2) "
            f"WHERE column00 BETWEEN '{FIRST}' AND '{LAST}' AND column07 LIKE '%.jpg'"
        ).fetchall()[0][0]

    return query


def polars_combined():
    """Polars, streaming; a regular expression takes lines apart."""
    import polars as pl

    pattern = r'\[(?<day>[^:]+).*?\] "\S+ (?<url>\S+) [^"]*" \S+ (?<size>\d+)'
    days = ["24/Aug/2017", "25/Aug/2017"]

    def query(path):
        lines = pl.scan_csv(
            path, separator="\x01", has_header=False, quote_char=None, new_columns=["line"]
        )
        rows = lines.select(pl.col("line").str.extract_groups(pattern)).unnest("line")
        asked = rows.filter(pl.col("day").is_in(days) & pl.col("url").str.ends_with(".jpg"))
        size = pl.col("size").cast(pl.Int64).sum()
        return asked.select(size).collect(engine="streaming").item()

    return query


def duckdb_combined():
    """DuckDB, which reads lines as a table with blanks between quoted values."""
    import duckdb as db

    def query(path):
        return db.sql(
            "SELECT sum(column7::BIGINT) FROM "  # noqa: S608 our own path
            f"read_csv('{path}', delim=' ', quote='\"', escape='\\', header=false) "
            "WHERE column3[2:12] IN ('24/Aug/2017', '25/Aug/2017') AND "
            "split_part(column5, ' ', 2) LIKE '%.jpg'"
        ).fetchall()[0][0]

    return query


PEERS = {
    "cloudfront": {"polars": polars_cloudfront, "duckdb": duckdb_cloudfront},
    "combined": {"polars": polars_combined, "duckdb": duckdb_combined},
}
