"""Totals by URL: what a block has of each, and the sums, beyond a limit on disk by DuckDB."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logs.scanner import ScannedBlock
from traffic.url_part import UrlPart
from traffic.url_table import BYTES, REQUESTS, UrlTable, plain_rows

MOST_URLS, MOST_BYTES = 4 << 20, 192 << 20  # in memory: together about 350 MB
SPILLED_MEMORY = "128MB"  # beyond it, DuckDB spills into its folder


def urls_of_block(scanned: ScannedBlock, mask: np.ndarray, table: UrlTable | None) -> UrlTable:
    """Return a table of the URLs of the records that `mask` selects: `table`, if large enough."""
    records = scanned.records
    columns = (column[mask] for column in (records.url_start, records.url_end, records.size))
    starts, ends, sizes = (column.astype(np.int64) for column in columns)
    text = np.frombuffer(scanned.block, dtype=np.uint8)
    plain = plain_rows(text, starts, ends, scanned.layout.double_encoded)
    if not plain.all():
        odd = np.zeros(scanned.rows, dtype=bool)
        odd[np.flatnonzero(mask)[~plain]] = True
        shown = [url.encode("utf-8") for url in scanned.urls(odd)]
        lengths = np.array([len(url) for url in shown])
        ends[~plain] = len(text) + lengths.cumsum()
        starts[~plain] = ends[~plain] - lengths
        text = np.concatenate([text, np.frombuffer(b"".join(shown), dtype=np.uint8)])
    most = int((ends - starts).sum())
    if table is None or len(table.records) < len(starts) or len(table.text) < most:
        table = UrlTable(len(starts), most)
    table.clear()
    table.add(text, starts, ends, np.ones_like(sizes), sizes)
    return table


class UrlTotals:
    """Requests and bytes by URL, added up part by part; a context manager removes its file."""

    def __enter__(self) -> "UrlTotals":
        self.urls, self.database, self.folder = UrlTable(MOST_URLS, MOST_BYTES), None, None
        return self

    def __exit__(self, *exception: object) -> None:
        if self.database:
            self.database.close()
            self.folder.cleanup()

    def add(self, part: UrlPart) -> None:
        """Add a part of the log."""
        columns = (part.starts(), part.ends, part.requests, part.bytes)
        done = 0
        while done < len(part.ends):
            done += self.urls.add(part.text, *(column[done:] for column in columns))
            if done < len(part.ends):
                self.spill()

    def spill(self) -> None:
        """Move what is in memory to the file, where a URL may be several times."""
        if not self.database:
            self.open_database()
        self.database.register("part", as_arrow(self.urls.part()))
        self.database.execute("INSERT INTO parts SELECT url, requests, bytes FROM part")
        self.database.unregister("part")
        self.urls.clear()

    def open_database(self) -> None:
        """Make the file."""
        import duckdb  # takes time to load, and only so many URLs need it

        self.folder = tempfile.TemporaryDirectory(prefix="q2-urls-", ignore_cleanup_errors=True)
        folder = Path(self.folder.name)
        settings = {"memory_limit": SPILLED_MEMORY, "temp_directory": str(folder)}
        self.database = duckdb.connect(str(folder / "urls.duckdb"), config=settings)
        self.database.execute("SET enable_progress_bar = false")  # it would go to standard output
        self.database.execute("CREATE TABLE parts (url VARCHAR, requests BIGINT, bytes BIGINT)")

    def table(self, order: str, top: int | None) -> tuple[dict[str, list], int]:
        """The columns of the `top` URLs by `order`, bytes or requests, and how many there are.

        Equal ones follow by their texts.
        """
        if not self.database:
            return ranked(self.urls, order, top), self.urls.count
        self.spill()
        self.database.execute(
            "CREATE OR REPLACE TABLE totals AS SELECT url, sum(requests)::BIGINT AS requests, "
            "sum(bytes)::BIGINT AS bytes FROM parts GROUP BY url"
        )
        totals = self.database.table("totals")
        in_order = totals.order(f"{order} DESC, url")
        first = (in_order if top is None else in_order.limit(top)).arrow().read_all()
        return first.to_pydict(), len(totals)


def ranked(urls: UrlTable, order: str, top: int | None) -> dict[str, list]:
    """The first `top` URLs of a table by `order`, equal ones by their texts."""
    records = urls.records[: urls.count]
    columns = {"requests": records[:, REQUESTS], "bytes": records[:, BYTES]}
    table = pa.table(
        {"url": as_strings(urls.ends(), urls.text), order: as_numbers(columns[order].copy())}
    )
    keys = [(order, "descending"), ("url", "ascending")]
    first = pc.select_k_unstable(table, min(top or len(table), len(table)), keys)
    places = first.to_pylist()
    found = {name: column[places].tolist() for name, column in columns.items()}
    return {"url": table["url"].take(first).to_pylist(), **found}


def as_strings(ends: np.ndarray, text: np.ndarray) -> pa.Array:
    """Return texts that end at these places as strings, whose memory is that of `text`."""
    offsets = np.concatenate([[0], ends])
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))


def as_numbers(column: np.ndarray) -> pa.Array:
    """Return int64 numbers as an array of Arrow in the same memory.

    `pyarrow.array` would load pandas, to see whether they are a series of it.
    """
    return pa.Array.from_buffers(pa.int64(), len(column), [None, pa.py_buffer(column)])


def as_arrow(part: UrlPart) -> pa.Table:
    """Return a part as a table of url, requests and bytes."""
    url = as_strings(part.ends, part.text)
    numbers = {"requests": as_numbers(part.requests), "bytes": as_numbers(part.bytes)}
    return pa.table({"url": url, **numbers})
