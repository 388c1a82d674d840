"""Totals by text: what a block has of each, and the sums, beyond a limit on disk by DuckDB."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logs.scanner import ScannedBlock
from traffic.groups import Group, as_table, in_time, rank
from traffic.measures import outcomes, sums_by_outcome
from traffic.question import Question
from traffic.sizes import PERCENTILES, middle, percentiles
from traffic.text_part import TextPart
from traffic.text_table import SUMS, TextTable
from traffic.texts import BETWEEN, key_texts

MOST_TEXTS, MOST_BYTES = 4 << 20, 192 << 20  # in memory: together about 350 MB
SPILLED_MEMORY = "128MB"  # beyond it, DuckDB spills into its folder

# Of keys that end with a size, the sums by the rest and the size
SIZED = """
    CREATE OR REPLACE TABLE sized AS SELECT left(name, length(name) - length(last) - 1) AS key,
        last::BIGINT AS size, {sums}
    FROM (SELECT * RENAME (key AS name), split_part(key, chr(9), {number}) AS last FROM parts)
    GROUP BY ALL
"""
COUNTED = """(
    SELECT *, sum(requests) OVER (PARTITION BY key ORDER BY size) AS until,
        sum(requests) OVER (PARTITION BY key) AS number
    FROM sized
)"""


def percentile_in_sql(name: str) -> str:
    """A column of COUNTED, as `traffic.sizes.percentiles` finds it."""
    rank = f"(number * {PERCENTILES[name]} + 99) // 100"
    return f", min(size) FILTER (until >= {rank}) AS {name}"


def texts_of_block(
    scanned: ScannedBlock, question: Question, mask: np.ndarray, table: TextTable | None
) -> TextTable:
    """Return a table of the groups of the records that `mask` selects: `table`, if large enough."""
    text, starts, ends = key_texts(scanned, question, mask)
    most = int((ends - starts).sum())
    if table is None or len(table.records) < len(starts) or len(table.text) < most:
        table = TextTable(len(starts), most, len(question.sums))
    table.clear()
    table.add(text, starts, ends, sums_of_records(scanned, question, mask))
    return table


def sums_of_records(scanned: ScannedBlock, question: Question, mask: np.ndarray) -> np.ndarray:
    """What each record adds to the sums of its group, int64 of shape (records, sums)."""
    sizes = scanned.records.size[mask]
    sums = np.stack([np.ones_like(sizes), sizes], 1)
    if "hits" in question.measures:
        return sums_by_outcome(sums, outcomes(scanned.records.cache[mask])[:, None])
    return sums


class TextTotals:
    """Sums by text, added up part by part; a context manager removes its file."""

    def __init__(self, question: Question):
        self.question = question

    def __enter__(self) -> "TextTotals":
        self.texts = TextTable(MOST_TEXTS, MOST_BYTES, len(self.question.sums))
        self.database, self.folder = None, None
        return self

    def __exit__(self, *exception: object) -> None:
        if self.database:
            self.database.close()
            self.folder.cleanup()

    def add(self, part: TextPart) -> None:
        """Add a part of the log."""
        columns, done = (part.starts(), part.ends, part.sums), 0
        while done < len(part.ends):
            done += self.texts.add(part.text, *(column[done:] for column in columns))
            if done < len(part.ends):
                self.spill()

    def spill(self) -> None:
        """Move what is in memory to the file, where a text may be several times."""
        if not self.database:
            self.open_database()
        self.database.register("part", as_arrow(self.texts.part(), self.question.sums))
        self.database.execute("INSERT INTO parts SELECT * FROM part")
        self.database.unregister("part")
        self.texts.clear()

    def open_database(self) -> None:
        """Make the file."""
        import duckdb  # takes time to load, and only so many texts need it

        self.folder = tempfile.TemporaryDirectory(prefix="q2-texts-", ignore_cleanup_errors=True)
        folder = Path(self.folder.name)
        settings = {"memory_limit": SPILLED_MEMORY, "temp_directory": str(folder)}
        self.database = duckdb.connect(str(folder / "texts.duckdb"), config=settings)
        self.database.execute("SET enable_progress_bar = false")  # it would go to standard output
        sums = ", ".join(f"{name} BIGINT" for name in self.question.sums)
        self.database.execute(f"CREATE TABLE parts (key VARCHAR, {sums})")

    def tables(self, orders: tuple[str, ...], top: int | None) -> tuple[dict, int]:
        """For each order the columns of the `top` groups, and how many groups there are.

        Equal ones follow by their texts.
        """
        if self.database or self.question.is_sized:
            self.spill()
            self.add_up()
        count = len(self.database.table("totals")) if self.database else self.texts.count
        top_texts = None if in_time(self.question.by, top) else top
        return {order: self.columns(order, top_texts) for order in orders}, count

    def add_up(self) -> None:
        """Make the table `totals`, in which each text is once."""
        sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in self.question.sums)
        source, sizes = "parts", ""
        if self.question.is_sized:
            self.database.execute(SIZED.format(number=len(self.question.keys), sums=sums))
            source, sizes = COUNTED, "".join(map(percentile_in_sql, PERCENTILES))
        query = f"SELECT key, {sums}{sizes} FROM {source} GROUP BY key"  # noqa: S608
        self.database.execute(f"CREATE OR REPLACE TABLE totals AS {query}")

    def percentiles(self) -> tuple[int | None, ...]:
        """The percentiles of all sizes, if they are asked for."""
        if not self.question.is_sized:
            return ()
        query = "SELECT size, sum(requests)::BIGINT FROM sized GROUP BY size ORDER BY size"
        columns = self.database.execute(query).fetchnumpy().values()
        return percentiles(*(column.tolist() for column in columns))[0]

    def columns(self, order: str, top: int | None) -> dict[str, list]:
        """The columns of the `top` groups by `order`."""
        if self.database:
            in_order = self.database.table("totals").order(f"{order} DESC, key")
            first = in_order if top is None else in_order.limit(top)
            keys, *sums = first.arrow().read_all().to_pydict().values()
            sums, sizes = sums[: len(self.question.sums)], sums[len(self.question.sums) :]
        else:
            keys, *sums = ranked(self.texts, self.question.sums.index(order), top)
            sizes = []
        return self.named(keys, sums, [[*map(middle, column)] for column in sizes], top)

    def named(
        self, keys: list[str], sums: list[list[int]], sizes: list[list[int]], top: int | None
    ) -> dict[str, list]:
        """The columns of groups that are ranked, or follow in time."""
        by, names = self.question.by, parted(keys, self.question.by)
        if in_time(by, top):
            sized = zip(*sizes, strict=True) if sizes else [()] * len(keys)
            rows = zip(zip(*names, strict=True), zip(*sums, strict=True), sized, strict=True)
            groups = rank([Group(*row) for row in rows], self.question, "bytes", top)
            return as_table(groups, self.question)
        columns = (*by, *self.question.sums, *(PERCENTILES if sizes else ()))
        return dict(zip(columns, (*map(list, names), *sums, *sizes), strict=True))


def parted(keys: list[str], by: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The names of groups, those of each grouping together."""
    return [*zip(*(key.split(BETWEEN) for key in keys), strict=True)] if keys else [()] * len(by)


def ranked(texts: TextTable, number: int, top: int | None) -> tuple[list, ...]:
    """The first `top` texts by one of their sums, equal ones by the texts; and all their sums."""
    sums = texts.records[: texts.count, SUMS:]
    table = pa.table(
        {
            "text": as_strings(texts.ends(), texts.text),
            "order": as_numbers(sums[:, number].copy()),
        }
    )
    keys = [("order", "descending"), ("text", "ascending")]
    first = pc.select_k_unstable(table, min(top or len(table), len(table)), keys)
    return table["text"].take(first).to_pylist(), *sums[first.to_pylist()].T.tolist()


def as_strings(ends: np.ndarray, text: np.ndarray) -> pa.Array:
    """Return texts that end at these places as strings, whose memory is that of `text`."""
    offsets = np.concatenate([[0], ends])
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))


def as_numbers(column: np.ndarray) -> pa.Array:
    """Return int64 numbers as an array of Arrow in the same memory.

    `pyarrow.array` would load pandas, to see whether they are a series of it.
    """
    return pa.Array.from_buffers(pa.int64(), len(column), [None, pa.py_buffer(column)])


def as_arrow(part: TextPart, sums: tuple[str, ...]) -> pa.Table:
    """Return a part as a table of keys and sums."""
    numbers = {name: as_numbers(part.sums[:, at].copy()) for at, name in enumerate(sums)}
    return pa.table({"key": as_strings(part.ends, part.text), **numbers})
