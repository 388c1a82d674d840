"""The store in one SQLite file: a set of tables per run, and a pointer to the run that is read.

Rows hold numbers of artists, not their names, as a few packed bytes per recommendation: a user
with 20 artists takes about 1,200 bytes. The file is in WAL mode, so that readers never wait for
the writer; a reader sees one snapshot of the file, and with it one run.
"""
# ruff: noqa: S608 - all that is formatted into SQL here are numbers: a run's and its artists'.

from common.command import UserError

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from recommender.lists import NEIGHBOURS, RECOMMENDATION, RULES, TOP_ARTIST, list_choices
from store.items import played_artists, recommended_artists, user_item
from store.protocol import Catalogue, Run, StoreError, StoreLockedError
from store.sqlite.file import (
    SqliteWriter,
    connect,
    failures,
    make_run,
    open_to_write,
    remove_runs,
    transaction,
)

KNOWN_ARTISTS = 50_000  # names that a reader keeps: the popular ones come up first
MAPPED_BYTES = 1 << 30  # of the file, by a reader: a third faster than reading pages


class SqliteStore:
    """A store in the file `path`, made when a run begins if `create` is set."""

    lock_seconds = None  # the operating system holds the lock as long as the process lives

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
            rows = connection.execute("SELECT run FROM runs WHERE complete ORDER BY number DESC")
            runs = [read_run(text) for (text,) in rows]
        return next((run for run in runs if run.run_id == run_id), None)

    def is_current(self, run: Run) -> bool:
        """Whether readers are served this run."""
        return self.current() == run

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
        if self.path.is_dir():
            raise UserError(f"{self.path}: is a folder; name a file")
        try:
            with FileLock(f"{self.path}.lock", timeout=0):
                with open_to_write(self.path, self.create):
                    pass  # makes the tables of a new store
                yield
        except Timeout:
            raise StoreLockedError(f"{self.path}: another run is writing to it") from None

    def renew_lock(self) -> None:
        """Nothing to do: the operating system holds the lock as long as the process lives."""

    @contextmanager
    def begin(self, run: Run, catalogue: Catalogue) -> Iterator["SqliteWriter"]:
        """Begin to write a run; if it is not finished, nothing of it stays."""
        with open_to_write(self.path, self.create) as connection:
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
        with open_to_write(self.path, self.create) as connection, transaction(connection):
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
        with (
            open_to_write(self.path, self.create) as connection,
            damage(self.path),
            transaction(connection),
        ):
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
            self._runs = {number: read_run(row.fetchone()[0])}
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
        if rule not in RULES:
            raise ValueError(f"rule {rule!r}")
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
                with damage(self.path):
                    yield connection
            finally:
                connection.rollback()


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what contents that are none of ours raise into the store's error."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: is damaged ({error!r}); run the job again") from error


def read_run(text: str) -> Run:
    """A run from its JSON. Raises TypeError or ValueError for what is none."""
    run = Run(**json.loads(text))
    kinds = {"users": int, "countries": list, "example_users": list, "report": dict}
    for name, value in vars(run).items():
        if not isinstance(value, kinds.get(name, str)):
            raise TypeError(f"{name} is {value!r}")
    if datetime.fromisoformat(run.generated_at).tzinfo is None:
        raise ValueError(f"generated_at is {run.generated_at!r}")
    return run


def find_list(
    connection: sqlite3.Connection, number: int, country: str, age_group: str
) -> tuple[str, bytes]:
    """Rule and packed recommendations of the nearest list. Raises StoreError for none."""
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
    """Name and MBID of every wanted artist; what was looked up is kept in `known`."""
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
