"""What is in the file: a set of tables per run, a pointer to the run that is read; and its writer.

A run has tables of its own, so that to remove one is to drop them, and its index of users is
built in one go when all are there.
"""
# ruff: noqa: S608 - all that is formatted into SQL here are numbers of runs.

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from recommender.lists import Block, RuleList
from store.items import fields_json
from store.protocol import Catalogue, Run, StoreError
from store.sqlite.lists import rendered_list, rendered_lists, texts_of, unpacked

SCHEMA = RENDERED = 3  # of the file; from this one on a row has its list rendered
SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- names the run's tables; never used again
    version TEXT NOT NULL UNIQUE,
    base INTEGER,                              -- the run that was current when this one began
    complete INTEGER NOT NULL DEFAULT 0,
    run TEXT NOT NULL                          -- JSON
);
CREATE TABLE IF NOT EXISTS pointer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    current INTEGER REFERENCES runs (number),
    previous INTEGER REFERENCES runs (number)
);
INSERT OR IGNORE INTO pointer (id) VALUES (1);
CREATE TABLE IF NOT EXISTS forgotten (mark TEXT PRIMARY KEY) WITHOUT ROWID;  -- see store.erasure
"""
ITEMS_TABLE = """
CREATE TABLE items_{number} (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL,
    fields TEXT NOT NULL                       -- as they follow the name in JSON
);
"""
TABLES_OF_RUN = """CREATE TABLE lists_{number} (
    country TEXT NOT NULL, age_group TEXT NOT NULL, rule TEXT NOT NULL, recommendations BLOB,
    PRIMARY KEY (country, age_group)
);
CREATE TABLE users_{number} (
    user_id TEXT NOT NULL, rule TEXT NOT NULL, neighbours INTEGER NOT NULL,
    recommendations BLOB, top_artists BLOB,
    country TEXT, age_group TEXT               -- the list that serves the user, if one does
);
"""
# The items of a run by the file's schema. An artist of schema 1 had an MBID or none.
ITEMS = {
    1: "SELECT number, coalesce(mbid, name) AS id, name, '' AS fields FROM artists_{}",
    2: "SELECT number, id, name, fields FROM items_{}",
}
ITEMS[3] = ITEMS[2]


class SqliteWriter:
    """Writes one run, a transaction per block."""

    writes_on_workers = False  # a file has one writer, and not every disk is shared

    def __init__(self, connection: sqlite3.Connection, number: int):
        self.finished = False
        self._connection = connection
        self._number = number
        self._texts = texts_of(connection.execute(ITEMS[SCHEMA].format(number)))

    def write(self, block: Block) -> None:
        """Write the users of `block`."""
        lists = rendered_lists(block.recommendations, block.recommendation_starts, self._texts)
        rows = (
            (user, rule, neighbours, own, top.tobytes(), *(named or (None, None)))
            for (user, rule, neighbours, _, top, named), own in zip(
                block.slices(), lists, strict=True
            )
        )
        with transaction(self._connection):
            self._connection.executemany(
                f"INSERT INTO users_{self._number} VALUES (?, ?, ?, ?, ?, ?, ?)", rows
            )

    def write_lists(self, lists: list[RuleList]) -> None:
        """Write the lists for listeners without history; the global one must be among them."""
        with transaction(self._connection):
            self._connection.executemany(
                f"INSERT INTO lists_{self._number} VALUES (?, ?, ?, ?)",
                [
                    (a.country, a.age_group, a.rule, rendered_list(a.recommendations, self._texts))
                    for a in lists
                ],
            )

    def finish(self, run: Run) -> None:
        """Say that all is written. Raises ValueError if a user was written twice."""
        with transaction(self._connection) as connection:
            connection.execute(
                f"CREATE UNIQUE INDEX user_{self._number} ON users_{self._number} (user_id)"
            )
            connection.execute(
                "UPDATE runs SET complete = 1, run = ? WHERE number = ?",
                [json.dumps(asdict(run)), self._number],
            )
        self.finished = True


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit what is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def check_schema(connection: sqlite3.Connection, path: Path) -> int:
    """The schema of a file. Raises StoreError for one that a later version of this project made.

    Files without a version are of the time before there was one, and of schema 1.
    """
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA:
        raise StoreError(
            f"{path}: its schema is {found}, of a later version of this project than this one, "
            f"which reads {SCHEMA}; update it"
        )
    return found or 1


def make_shared_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables that all runs share, where they are missing; bring older runs up to date."""
    schema = check_schema(connection, path)
    connection.executescript(SHARED_TABLES)
    with transaction(connection):
        for (number,) in connection.execute("SELECT number FROM runs").fetchall():
            if schema == 1:
                connection.execute(ITEMS_TABLE.format(number=number))
                connection.execute(f"INSERT INTO items_{number} {ITEMS[1].format(number)}")
                connection.execute(f"DROP TABLE artists_{number}")
            if schema < RENDERED:
                render_lists(connection, number)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def render_lists(connection: sqlite3.Connection, number: int) -> None:
    """Render the lists of a run of an earlier schema."""
    texts = texts_of(connection.execute(ITEMS[SCHEMA].format(number)))

    def rendered(packed: bytes) -> bytes:
        return rendered_list(unpacked(packed), texts)

    connection.create_function("rendered", 1, rendered, deterministic=True)
    for table in ("users", "lists"):
        connection.execute(
            f"UPDATE {table}_{number} SET recommendations = rendered(recommendations)"
        )


def make_run(connection: sqlite3.Connection, run: Run, catalogue: Catalogue) -> int:
    """Make a run's tables and return its number."""
    with transaction(connection):
        number = connection.execute(
            "INSERT INTO runs (version, base, run) SELECT ?, current, ? FROM pointer",
            [run.version, json.dumps(asdict(run))],
        ).lastrowid
        for statement in (ITEMS_TABLE + TABLES_OF_RUN).format(number=number).split(";"):
            connection.execute(statement)
        connection.executemany(
            f"INSERT INTO items_{number} VALUES (?, ?, ?, ?)",
            (
                (item, *catalogue.item(item).values(), fields_json(catalogue.fields_of(item)))
                for item in range(len(catalogue.ids))
            ),
        )
        return number


def remove_runs(connection: sqlite3.Connection) -> None:
    """Remove every run but the current one, the one before, and the last that was finished."""
    with transaction(connection):
        old = connection.execute(
            "SELECT number FROM runs, pointer WHERE number IS NOT current "
            "AND number IS NOT previous "
            "AND number IS NOT (SELECT max(number) FROM runs WHERE complete)"
        ).fetchall()
        for (number,) in old:
            for table in ("items", "lists", "users"):
                connection.execute(f"DROP TABLE IF EXISTS {table}_{number}")
            connection.execute("DELETE FROM runs WHERE number = ?", [number])
