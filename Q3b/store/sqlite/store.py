"""The store in one SQLite file: a set of tables per run, and a pointer to the run that is read.

A row holds its list as compressed JSON, see `lists`.
"""

from common.command import UserError

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from filelock import FileLock, Timeout

from recommender.lists import NEIGHBOURS, TOP_ARTIST, most_played
from store.items import played_items, user_item
from store.protocol import Catalogue, Listed, Run, StoreError, StoreLockedError
from store.sqlite.erasure import forget_users, forgotten_marks
from store.sqlite.file import check_place, damage, failures, identity_of, rewritten
from store.sqlite.lists import list_json, texts_of
from store.sqlite.snapshot import Row, Snapshot, current_run
from store.sqlite.tables import (
    SqliteWriter,
    make_run,
    make_shared_tables,
    remove_runs,
    transaction,
)
from store.system import readers_keep_files_open

READS = 4  # tries to read a file that was replaced, or is meanwhile
Answer = TypeVar("Answer")


class SqliteStore:
    """A store in the file `path`, made when a run begins if `create` is set."""

    lock_seconds = None  # the operating system holds the lock as long as the process lives

    def __init__(self, path: Path, create: bool = False):
        self.path = Path(path)
        self.create = create
        self._lock = FileLock(f"{path}.lock", timeout=0)
        self._threads = threading.local()

    def current(self) -> Run | None:
        """The run that readers are served, or None if none was ever published."""
        return self._ask(lambda snapshot: snapshot.current[1])

    def find_run(self, run_id: str) -> Run | None:
        """The newest finished run of that id, published or not."""
        runs = self._ask(Snapshot.finished_runs)
        return next((run for run in runs if run.run_id == run_id), None)

    def find_version(self, version: str) -> Run | None:
        """The finished run of a version, as it is now; None if the file does not keep it."""
        runs = self._ask(Snapshot.finished_runs)
        return next((run for run in runs if run.version == version), None)

    def is_current(self, run: Run) -> bool:
        """Whether readers are served this run."""
        return self.current() == run

    def count_users(self, run: Run) -> int:
        """How many users the run holds, counted in the store."""
        return self._ask(lambda snapshot: snapshot.count_users(snapshot.numbered(run)[0]))

    def user(self, user_id: str, run: Run | None = None) -> dict | None:
        """The item of a user in the current run or `run`; None for a user whom it does not know."""

        def read(snapshot: Snapshot) -> dict | None:
            number, found = snapshot.numbered(run)
            row = found and snapshot.user(number, user_id)
            return user_item_of(snapshot, number, found, user_id, row) if row else None

        return self._ask(read)

    def new_user(
        self, country: str = "", age_group: str = "", run: Run | None = None
    ) -> dict | None:
        """The nearest list that exists: country and age, country, age, then everyone's."""

        def read(snapshot: Snapshot) -> dict | None:
            number, found = snapshot.numbered(run)
            row = found and snapshot.listed(number, country, age_group)
            return user_item_of(snapshot, number, found, None, row) if row else None

        return self._ask(read)

    def user_list(self, user_id: str, limit: int) -> Listed | None:
        """The first `limit` items of a user as JSON; None for a user who is unknown."""

        def read(snapshot: Snapshot) -> Listed | None:
            number, run = snapshot.current
            row = run and snapshot.user(number, user_id)
            return listed(run, row, limit) if row else None

        return self._ask(read)

    def own(self, user_id: str, run: Run | None = None) -> tuple[Run | None, np.ndarray | None]:
        """The current run or `run`, and of it a user's own artists (TOP_ARTIST) or None."""

        def read(snapshot: Snapshot) -> tuple[Run | None, np.ndarray | None]:
            number, found = snapshot.numbered(run)
            row = found and snapshot.user(number, user_id)
            return found, np.frombuffer(row.top_artists, TOP_ARTIST) if row else None

        return self._ask(read)

    def user_lists(self, user_ids: list[str], limit: int) -> tuple[Run | None, list[Listed | None]]:
        """The current run, and of it the first `limit` items of each user, None for unknown ones.

        All are of one run. Without a run the list is empty.
        """

        def read(snapshot: Snapshot) -> tuple[Run | None, list[Listed | None]]:
            number, run = snapshot.current
            rows = [snapshot.user(number, user_id) for user_id in user_ids] if run else []
            return run, [row and listed(run, row, limit) for row in rows]

        return self._ask(read)

    def new_user_list(self, country: str, age_group: str, limit: int) -> Listed | None:
        """The first `limit` items of the nearest list as JSON; None before the first run."""

        def read(snapshot: Snapshot) -> Listed | None:
            number, run = snapshot.current
            row = run and snapshot.listed(number, country, age_group)
            return listed(run, row, limit) if row else None

        return self._ask(read)

    def users(self, run: Run) -> Iterator[dict]:
        """The items of all users of a run, of the file as it is now, as `user` returns them."""
        with failures(self.path), damage(self.path), closing(Snapshot(self.path)) as snapshot:
            number, run = snapshot.numbered(run)
            for user_id, row in snapshot.users(number):
                yield user_item_of(snapshot, number, run, user_id, row)

    def kept(self) -> list[str]:
        """The versions that readers are served, or may be after a rollback."""
        return self._ask(Snapshot.kept)

    def check_users(self, user_ids: Iterable[str]) -> None:
        """Nothing to check: a file takes ids of any length."""

    def forgotten(self) -> set[str]:
        """The marks of users who are to be in no set, see `store.erasure`; the store is locked."""
        with failures(self.path):
            return forgotten_marks(self.path)

    def forget(self, user_ids: list[str], marks: list[str]) -> dict[str, int]:
        """Remove users from all sets and keep their marks; return how many were in each version."""
        with self._locked(), self._writing() as connection, damage(self.path):
            return forget_users(connection, user_ids, marks)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for one run; the lock of a killed run is gone with its process."""
        with self._locked():
            if self.create and not (self.path.exists() and self.path.stat().st_size):
                with self._writing():
                    pass  # makes the tables of a new store
            yield

    def renew_lock(self) -> None:
        """Nothing to do: the operating system holds the lock as long as the process lives."""

    def rehearsal(self, run: Run, catalogue: Catalogue, top: int, countries: Iterable[str]) -> None:
        """Nothing to try: a file takes rows of any size."""

    @contextmanager
    def begin(self, run: Run, catalogue: Catalogue) -> Iterator[SqliteWriter]:
        """Begin to write a run; if it is not finished, nothing of it stays."""
        with self._locked(), suppress(UnfinishedError), self._writing() as connection:
            remove_runs(connection)
            writer = SqliteWriter(connection, make_run(connection, run, catalogue))
            yield writer
            if not writer.finished:
                raise UnfinishedError

    def publish(self, run: Run) -> None:
        """Keep the run's report and flip the pointer to it, unless it is there.

        Raises StoreError if the run is not finished, or if another was published since it began.
        """
        with self._locked(), self._writing() as connection, transaction(connection):
            number, base, current = connection.execute(
                "SELECT number, base, current FROM runs, pointer WHERE version = ? AND complete",
                [run.version],
            ).fetchone() or (None, None, None)
            if number is None:
                raise StoreError(f"{self.path}: it holds no finished run {run.version}")
            if current not in (base, number):
                raise StoreError(f"another run was published since {run.version} began; run again")
            text = json.dumps(asdict(run))
            connection.execute("UPDATE runs SET run = ? WHERE number = ?", [text, number])
            connection.execute(
                "UPDATE pointer SET previous = current, current = ? WHERE current IS NOT ?",
                [number, number],
            )

    def rollback(self) -> Run:
        """Flip the pointer back to the version before. Raises UserError if there is none."""
        with self._locked(), self._writing() as connection, transaction(connection):
            flipped = connection.execute(
                "UPDATE pointer SET current = previous, previous = NULL WHERE previous IS NOT NULL"
            )
            if not flipped.rowcount:
                raise UserError(f"{self.path}: there is no version before the current one")
            with damage(self.path):
                return current_run(connection)[1]

    def close(self) -> None:
        """Close this thread's connection; another thread's is closed with its thread."""
        snapshot = self._threads.__dict__.pop("snapshot", None)
        if snapshot:
            snapshot.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock. Raises StoreLockedError if another run does, UserError for no place."""
        check_place(self.path, self.create)
        if not self.create:
            identity_of(self.path)
        try:
            self._lock.acquire()
        except Timeout:
            raise StoreLockedError(f"{self.path}: another run is writing to it") from None
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to what replaces the file; the shared tables are made if missing."""
        with rewritten(self.path, self.create) as connection:
            make_shared_tables(connection, self.path)
            yield connection

    def _ask(self, question: Callable[[Snapshot], Answer]) -> Answer:
        """The answer to a question, of one state of the file, which is the latest.

        Whether it is the latest is looked at when the answer is there, which is enough.
        """
        for _ in range(READS):
            snapshot = None
            try:
                snapshot = self._snapshot()
                answer = question(snapshot)
            except Exception:
                self.close()
                if snapshot and snapshot.identity != identity_of(self.path):
                    continue
                with failures(self.path), damage(self.path):
                    raise
            if not readers_keep_files_open():
                self.close()
            if snapshot.identity == identity_of(self.path):
                return answer
            self.close()
        raise StoreError(f"{self.path}: is being replaced; try again")

    def _snapshot(self) -> Snapshot:
        """This thread's snapshot of the file, opened if it has none."""
        opened = getattr(self._threads, "snapshot", None)
        if opened is None:
            opened = self._threads.snapshot = Snapshot(self.path)
        return opened


def listed(run: Run, row: Row, limit: int) -> Listed:
    """The first `limit` items of a row as JSON."""
    return Listed(run, row.rule, list_json(row.recommendations, limit))


def user_item_of(snapshot: Snapshot, number: int, run: Run, user_id: str | None, row: Row) -> dict:
    """A row as the item that readers see."""
    top = most_played(np.frombuffer(row.top_artists, TOP_ARTIST))
    named = texts_of(snapshot.items(number, set(top["artist"].tolist()))).named
    return user_item(
        run,
        user_id,
        row.rule,
        row.neighbours if row.rule == NEIGHBOURS else 0,
        orjson.loads(list_json(row.recommendations)),
        played_items(lambda item: orjson.loads(named[item] + "}"), top),
    )


class UnfinishedError(Exception):
    """The run ended without being finished: nothing of it is to stay."""
