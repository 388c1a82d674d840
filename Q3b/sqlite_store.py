"""The store in one SQLite file: a set of tables per run, and a pointer to the run that is read.

Rows hold numbers of artists, not their names, as a few packed bytes per recommendation: a user
with 20 artists takes about 900 bytes. The file is in WAL mode, so that readers never wait for the
writer; a reader sees one snapshot of the file, and with it one run.
"""
# ruff: noqa: S608 - all that is formatted into SQL here are numbers: a run's and its artists'.

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from command_line import UserError
from filelock import FileLock, Timeout
from recommendation_store import (
    NEIGHBOURS,
    RECOMMENDATION,
    TOP_ARTIST,
    Block,
    Catalogue,
    RuleList,
    Run,
    StoreError,
    StoreLockedError,
    list_choices,
    played_artists,
    recommended_artists,
    user_item,
)

BUSY_SECONDS = 10  # how long a connection waits for another's lock on the file
PAGE_BYTES = 16_384  # 14 users to a page: a file a fifth smaller than with SQLite's 4,096
CACHE_KIB = 65_536  # of the writer
KNOWN_ARTISTS = 50_000  # names that a reader keeps: the popular ones come up first
MAPPED_BYTES = 1 << 30  # of the file, by a reader: a third faster than reading pages
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
"""
TABLES_OF_RUN = """
CREATE TABLE artists_{number} (number INTEGER PRIMARY KEY, name TEXT NOT NULL, mbid TEXT);
CREATE TABLE lists_{number} (
    country TEXT NOT NULL, age_group TEXT NOT NULL, rule TEXT NOT NULL, recommendations BLOB,
    PRIMARY KEY (country, age_group)
);
CREATE TABLE users_{number} (
    user_id TEXT NOT NULL, rule TEXT NOT NULL, neighbours INTEGER NOT NULL,
    recommendations BLOB, top_artists BLOB,
    country TEXT, age_group TEXT               -- the list that serves the user, if one does
);
"""


class SqliteStore:
    """A store in the file `path`, made when a run begins if `create` is set."""

    def __init__(self, path: Path, create: bool = False):
        self.path = Path(path)
        self.create = create
        self._threads = threading.local()
        self._runs: dict[int, Run] = {}
        self._artists: tuple[int | None, dict[int, dict]] = (None, {})  # of one run

    def current(self) -> Run | None:
        """The run that readers are served, or None if none was ever published."""
        with self._reading() as connection:
            return self._run(connection)[1]

    def find_run(self, run_id: str) -> Run | None:
        """The newest finished run of that id, published or not."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT run FROM runs WHERE complete AND run ->> 'run_id' = ? ORDER BY number DESC",
                [run_id],
            ).fetchone()
            return Run(**json.loads(row[0])) if row else None

    def count_users(self, run: Run) -> int:
        """How many users the run holds, counted in the store."""
        with self._reading() as connection:
            number, _ = self._run(connection, run)
            return connection.execute(f"SELECT count(*) FROM users_{number}").fetchone()[0]

    def user(self, user_id: str, run: Run | None = None) -> dict | None:
        """The item of a user in the current run or `run`; None for a user whom it does not know."""
        with self._reading() as connection:
            number, run = self._run(connection, run)
            row = (
                run
                and connection.execute(
                    "SELECT rule, neighbours, recommendations, top_artists, country, age_group "
                    f"FROM users_{number} WHERE user_id = ?",
                    [user_id],
                ).fetchone()
            )
            if not row:
                return None
            rule, neighbours, recommendations, top_artists, country, age_group = row
            if country is not None:
                rule, recommendations = find_list(connection, number, country, age_group)
            return self._item(
                connection, number, run, user_id, rule, neighbours, recommendations, top_artists
            )

    def new_user(
        self, country: str = "", age_group: str = "", run: Run | None = None
    ) -> dict | None:
        """The nearest list that exists: country and age, country, age, then everyone's."""
        with self._reading() as connection:
            number, run = self._run(connection, run)
            if not run:
                return None
            rule, recommendations = find_list(connection, number, country, age_group)
            return self._item(connection, number, run, None, rule, 0, recommendations, b"")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for one run; the lock of a killed run is gone with its process."""
        if self.create and not self.path.parent.is_dir():
            raise UserError(f"{self.path}: there is no folder {self.path.parent}; make it first")
        try:
            with FileLock(f"{self.path}.lock", timeout=0):
                with self._writing():
                    pass  # makes the tables of a new store
                yield
        except Timeout:
            raise StoreLockedError(f"{self.path}: another run is writing to it") from None

    def renew_lock(self) -> None:
        """Nothing to do: the operating system holds the lock as long as the process lives."""

    @contextmanager
    def begin(self, run: Run, catalogue: Catalogue) -> Iterator["SqliteWriter"]:
        """Begin to write a run; if it is not finished, nothing of it stays."""
        with self._writing() as connection:
            remove_runs(connection)  # of killed runs
            number = make_run(connection, run, catalogue)
            try:
                yield SqliteWriter(connection, number)
            finally:
                with suppress(sqlite3.OperationalError):  # such as a full disk: the next run will
                    remove_runs(connection)

    def publish(self, run: Run) -> None:
        """Flip the pointer to a finished run. Raises StoreError if another was published since.

        A run that is current already stays so.
        """
        with self._writing() as connection, transaction(connection):
            number, base, current = connection.execute(
                "SELECT number, base, current FROM runs, pointer WHERE version = ? AND complete",
                [run.version],
            ).fetchone() or (None, None, None)
            if number is None:
                raise StoreError(f"{self.path}: it holds no finished run {run.version}")
            if current not in (base, number):
                raise StoreError(f"another run was published since {run.version} began; run again")
            connection.execute(
                "UPDATE pointer SET previous = current, current = ? WHERE current IS NOT ?",
                [number, number],
            )

    def rollback(self) -> Run:
        """Flip the pointer back to the version before. Raises UserError if there is none."""
        with self._writing() as connection:
            flipped = connection.execute(
                "UPDATE pointer SET current = previous, previous = NULL WHERE previous IS NOT NULL"
            )
            if not flipped.rowcount:
                raise UserError(f"{self.path}: there is no version before the current one")
            return self._run(connection)[1]

    def close(self) -> None:
        """Close this thread's connection; another thread's is closed with its thread."""
        connection = self._threads.__dict__.pop("connection", None)
        if connection:
            connection.close()

    def _run(
        self, connection: sqlite3.Connection, run: Run | None = None
    ) -> tuple[int | None, Run | None]:
        """Number and description of `run`, or of the current run."""
        if run:
            row = connection.execute("SELECT number FROM runs WHERE version = ?", [run.version])
            return row.fetchone()[0], run
        number = connection.execute("SELECT current FROM pointer").fetchone()[0]
        if number is not None and number not in self._runs:
            row = connection.execute("SELECT run FROM runs WHERE number = ?", [number])
            self._runs = {number: Run(**json.loads(row.fetchone()[0]))}
        return number, self._runs.get(number)

    def _item(
        self,
        connection: sqlite3.Connection,
        number: int,
        run: Run,
        user_id: str | None,
        rule: str,
        neighbours: int,
        recommendations: bytes,
        top_artists: bytes,
    ) -> dict:
        """The item with the names of its artists."""
        recommended = np.frombuffer(recommendations, RECOMMENDATION)
        top = np.frombuffer(top_artists, TOP_ARTIST)
        wanted = {
            *recommended["artist"].tolist(),
            *recommended["because_artist"].ravel().tolist(),
            *top["artist"].tolist(),
        }
        run_of_known, known = self._artists
        if run_of_known != number:
            known = {}
            self._artists = (number, known)
        artist_of = named_artists(connection, number, wanted, known).__getitem__
        return user_item(
            run,
            user_id,
            rule,
            neighbours if rule == NEIGHBOURS else 0,
            recommended_artists(artist_of, recommended),
            played_artists(artist_of, top),
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Yield this thread's connection inside one read transaction: one snapshot."""
        with failures(self.path):
            if not hasattr(self._threads, "connection"):
                self._threads.connection = connect(self.path, "ro")
                self._threads.connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            connection = self._threads.connection
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with failures(self.path):
            connection = connect(self.path, "rwc" if self.create else "rw")
            try:
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # what was published stays so
                connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
                connection.executescript(SHARED_TABLES)
                yield connection
            finally:
                connection.close()


class SqliteWriter:
    """Writes one run, a transaction per block."""

    def __init__(self, connection: sqlite3.Connection, number: int):
        self._connection = connection
        self._number = number

    def write(self, block: Block) -> None:
        """Write the users of `block`."""
        rows = (
            (user, rule, neighbours, own.tobytes(), top.tobytes(), *(named or (None, None)))
            for user, rule, neighbours, own, top, named in block.slices()
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
                [(a.country, a.age_group, a.rule, a.recommendations.tobytes()) for a in lists],
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


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the file in a mode of SQLite's URIs; transactions are begun by hand."""
    if mode != "rwc" and not path.is_file():
        raise StoreError(f"{path}: there is no such store yet; recommend_daily.py makes it")
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the store's."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"{path}: a user or list stands twice in the run: {error}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error


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


def make_run(connection: sqlite3.Connection, run: Run, catalogue: Catalogue) -> int:
    """Make a run's tables and return its number."""
    with transaction(connection):
        number = connection.execute(
            "INSERT INTO runs (version, base, run) SELECT ?, current, ? FROM pointer",
            [run.version, json.dumps(asdict(run))],
        ).lastrowid
        for statement in TABLES_OF_RUN.format(number=number).split(";"):
            connection.execute(statement)
        connection.executemany(
            f"INSERT INTO artists_{number} VALUES (?, ?, nullif(?, ''))",
            zip(range(len(catalogue.names)), catalogue.names, catalogue.mbids, strict=True),
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
            for table in ("artists", "lists", "users"):
                connection.execute(f"DROP TABLE IF EXISTS {table}_{number}")
            connection.execute("DELETE FROM runs WHERE number = ?", [number])


def find_list(
    connection: sqlite3.Connection, number: int, country: str, age_group: str
) -> tuple[str, bytes]:
    """Return rule and packed recommendations of the nearest list. Raises StoreError for none."""
    for choice in list_choices(country, age_group):
        row = connection.execute(
            f"SELECT rule, recommendations FROM lists_{number} WHERE country = ? AND age_group = ?",
            choice,
        ).fetchone()
        if row:
            return row
    raise StoreError("the run has no list for listeners without history")


def named_artists(
    connection: sqlite3.Connection, number: int, wanted: set[int], known: dict[int, dict]
) -> dict[int, dict]:
    """Return name and MBID of every wanted artist; what was looked up is kept in `known`."""
    wanted = wanted - {-1}
    # Not `wanted - known.keys()`, which walks through all that is known.
    missing = {artist for artist in wanted if artist not in known}
    rows = missing and connection.execute(
        f"SELECT number, name, mbid FROM artists_{number} "
        f"WHERE number IN ({','.join(map(str, missing))})"
    )
    found = {artist: {"name": name, "mbid": mbid} for artist, name, mbid in rows}
    named = {artist: known.get(artist) or found[artist] for artist in wanted}
    if len(known) < KNOWN_ARTISTS:
        known.update(found)
    return named
