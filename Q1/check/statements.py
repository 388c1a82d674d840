"""The database that finds the answer a second time, and its statements, `*.sql`."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

NAMES = ("uid", "time", "event_name")  # the columns of events
VALUE = "value"  # the column that splits answers, if one does
# What has a time's type, as in Parquet, is `typed`: no format describes it.
WRITTEN = """
    CREATE TABLE written (
        uid VARCHAR,
        time VARCHAR,
        event_name VARCHAR,
        value VARCHAR,
        typed BOOLEAN DEFAULT false
    )
"""
FOLDER = Path(__file__).resolve().parent


@contextmanager
def database(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Yield a DuckDB in memory with an empty table `written`, of events as texts.

    What its memory does not hold goes to `folder`.
    """
    with duckdb.connect(config={"temp_directory": str(folder)}) as duck:
        duck.execute("SET TimeZone = 'UTC'")
        duck.execute("SET enable_progress_bar = false")  # which goes to standard output
        duck.execute(WRITTEN)
        run(duck, "times", {})
        run(duck, "numbers", {})
        run(duck, "periods", {})
        yield duck


def run(duck: DuckDBPyConnection, name: str, parameters: dict[str, Any]) -> list[tuple]:
    """The rows of `<name>.sql`, which takes those of the parameters that it names.

    It runs on a thread of its own: DuckDB may wait for its workers without looking at Ctrl-C.
    """
    statement = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"\$(\w+)", statement))
    wanted = {key: value for key, value in parameters.items() if key in named}
    with ThreadPoolExecutor(1) as thread:
        rows = thread.submit(lambda: duck.execute(statement, wanted).fetchall())
        try:
            return rows.result()
        except KeyboardInterrupt:
            duck.interrupt()
            raise


def first_line(error: duckdb.Error) -> str:
    """The first line of a message of DuckDB."""
    return str(error).partition("\n")[0]
