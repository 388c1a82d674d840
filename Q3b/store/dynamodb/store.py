"""The store in one table of Amazon DynamoDB: `key` is the partition key, `version` the sort key.

    key                          version
    user/ID                      the run's version    a user's recommendations
    list/["COUNTRY", "AGES"]     the run's version    a list for listeners without history
    run                          the run's version    what the run says of itself; `complete`
    pointer                      -                    `current` and `previous` version; `edition`
                                                      differs when users were forgotten
    forgotten                    the mark of a user   nothing; it is to be in no set
    lock                         -                    `owner` and until when

A reader needs one item per user, which carries the names. What is recommended stands as one packed
JSON document: as nested attributes they took 15 times the time to write, and unpacked 3 times the
kilobytes that the service charges for. Items expire by the table's TTL some days after their run,
which costs nothing; a job that runs daily never comes near that.
"""

from common.command import UserError

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property

import numpy as np
import orjson
from botocore.exceptions import ClientError

from recommender.lists import TOP_ARTIST, list_choices
from store.dynamodb.erasure import forget_users, forgotten_marks, items_of, keep_run
from store.dynamodb.requests import (
    KEY_BYTES,
    failures,
    is_code,
    item_from_wire,
    to_wire,
    unpacked,
)
from store.dynamodb.table import DynamoWriter, list_key, made_client, make_table, surely_fits
from store.items import of_schema_1, user_item
from store.protocol import (
    SCHEMA,
    Catalogue,
    ExpiredError,
    Listed,
    Run,
    StoreError,
    StoreLockedError,
)

DAY = 86_400  # seconds
READERS = 16  # items that a batch of users asks for at once
POINTER_SECONDS = 1.0  # how long a reader may take the pointer as it last saw it
REFUSED = "ConditionalCheckFailedException"


class DynamoStore:
    """A store in a table, made when a run begins if `create` is set.

    Items expire `expire_days` after their run began; the lock of a killed run is free again
    after `lock_seconds`.
    """

    def __init__(
        self,
        table: str,
        create: bool = False,
        region: str | None = None,
        expire_days: float = 14,
        lock_seconds: float = 900,
    ):
        self.table = table
        self.create = create
        self.region = region
        self.expire_days = expire_days
        self.lock_seconds = lock_seconds
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._pointer: tuple[float, dict] = (-POINTER_SECONDS, {})
        self._runs: dict[tuple, tuple[Run, float]] = {}  # by version and edition; when they expire
        self._opening = threading.Lock()

    def current(self) -> Run | None:
        """The run that readers are served, or None if none was ever published."""
        with failures(self.table):
            read_at, pointer = self._pointer
            if time.monotonic() - read_at >= POINTER_SECONDS:
                pointer = self._get("pointer", "-") or {}
                self._pointer = (time.monotonic(), pointer)
            version = pointer.get("current")
            if not version:
                return None
            edition = version, pointer.get("edition")
            run, expires_at = self._runs.get(edition, (None, 0))
            if expires_at <= time.time():  # it was never read, or this says so
                run, expires_at = self._live_run(version)
                self._runs = {edition: (run, expires_at)}
            return run

    def user(self, user_id: str, run: Run | None = None) -> dict | None:
        """The item of a user in the current run or `run`; None for a user whom it does not know."""
        run = run or self.current()
        with failures(self.table):
            found = run and self._get(f"user/{user_id}", run.version)
            return self._user_item(run, user_id, found) if found else None

    def users(self, run: Run) -> Iterator[dict]:
        """The items of all users of a run, as `user` returns them; it reads the whole table."""
        with failures(self.table):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self.table,
                FilterExpression="#version = :version AND begins_with(#key, :user)",
                ExpressionAttributeNames={"#key": "key", "#version": "version"},
                ExpressionAttributeValues={
                    ":version": to_wire(run.version),
                    ":user": to_wire("user/"),
                },
                ConsistentRead=True,
            )
            for page in pages:
                for item in map(item_from_wire, page["Items"]):
                    yield self._user_item(run, item["key"].removeprefix("user/"), item)

    def new_user(
        self, country: str = "", age_group: str = "", run: Run | None = None
    ) -> dict | None:
        """The nearest list that exists: country and age, country, age, then everyone's."""
        run = run or self.current()
        if not run:
            return None
        with failures(self.table):
            found = self._list(run, country, age_group)
            return user_item(run, None, found["rule"], 0, recommended_in(found), [])

    def user_list(self, user_id: str, limit: int) -> Listed | None:
        """The first `limit` items of a user as JSON; None for a user who is unknown."""
        return listed(self.current(), lambda run: self.user(user_id, run), limit)

    def own(self, user_id: str, run: Run | None = None) -> tuple[Run | None, np.ndarray | None]:
        """The current run or `run`, and of it a user's own artists (TOP_ARTIST) or None."""
        run = run or self.current()
        with failures(self.table):
            found = run and self._get(f"user/{user_id}", run.version)
            return run, np.frombuffer(found.get("own", b""), TOP_ARTIST) if found else None

    def user_lists(self, user_ids: list[str], limit: int) -> tuple[Run | None, list[Listed | None]]:
        """The current run, and of it the first `limit` items of each user, None for unknown ones.

        All are of one run. Without a run the list is empty.
        """
        run = self.current()
        with ThreadPoolExecutor(READERS) as pool:
            items = pool.map(lambda user_id: self.user(user_id, run), user_ids) if run else ()
            return run, [listed(run, lambda _, item=item: item, limit) for item in items]

    def new_user_list(self, country: str, age_group: str, limit: int) -> Listed | None:
        """The first `limit` items of the nearest list as JSON; None before the first run."""
        return listed(self.current(), lambda run: self.new_user(country, age_group, run), limit)

    def find_run(self, run_id: str) -> Run | None:
        """The newest finished run of that id, published or not."""
        with failures(self.table):
            items = list(items_of(self._client, self.table, "run"))
        runs = [self._run(item) for item in items if is_live(item)]
        return max(
            (run for run in runs if run.run_id == run_id),
            key=lambda run: run.generated_at,
            default=None,
        )

    def find_version(self, version: str) -> Run | None:
        """The finished run of a version, as it is now; None if it has expired or never was."""
        with failures(self.table):
            written = self._get("run", version)
            return self._run(written) if is_live(written) else None

    def kept(self) -> list[str]:
        """The versions that readers are served, or may be after a rollback."""
        with failures(self.table):
            pointer = self._get("pointer", "-") or {}
        return [pointer[name] for name in ("current", "previous") if pointer.get(name)]

    def is_current(self, run: Run) -> bool:
        """Whether readers are served this run."""
        with failures(self.table):
            return (self._get("pointer", "-") or {}).get("current") == run.version

    def count_users(self, run: Run) -> int | None:
        """None: counting would read the whole table."""
        return None

    def check_users(self, user_ids: Iterable[str]) -> None:
        """Raise UserError for a user id that is too long for a key of the table."""
        longest = KEY_BYTES["key"] - len("user/")
        for user_id in user_ids:
            if len(user_id) * 4 > longest and len(user_id.encode()) > longest:
                raise UserError(
                    f"user id {user_id[:60]!r}... has {len(user_id.encode()):,} bytes; a key of "
                    f"DynamoDB takes {longest:,}: shorten it, or publish to SQLite"
                )

    def forgotten(self) -> set[str]:
        """The marks of users who are to be in no set, see `store.erasure`; the store is locked."""
        with failures(self.table):
            return forgotten_marks(self._client, self.table)

    def forget(self, user_ids: list[str], marks: list[str]) -> dict[str, int]:
        """Remove users from all sets and keep their marks; return how many were in each version."""
        with failures(self.table):
            return forget_users(self._client, self.table, user_ids, marks)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for one run, at most `lock_seconds` beyond the last renewal."""
        with failures(self.table):
            if self.create:
                make_table(self._client, self.table)
            self._take_lock("attribute_not_exists(#key) OR #until < :now OR #owner = :owner")
        try:
            yield
        finally:
            with suppress(StoreError), failures(self.table):
                self._release_lock()

    def renew_lock(self) -> None:
        """Say that the run is alive. Raises StoreLockedError if the lock went to another run."""
        with failures(self.table):
            self._take_lock("#owner = :owner")

    def rehearsal(
        self, run: Run, catalogue: Catalogue, top: int, countries: Iterable[str]
    ) -> DynamoWriter | None:
        """A writer that keeps nothing, and raises UserError for what the table would not take.

        None if all with `top` items a user, of these countries, is sure to be taken.
        """
        sure = surely_fits(catalogue, top, countries)
        return None if sure else self._writer(run, catalogue, send=False)

    @contextmanager
    def begin(self, run: Run, catalogue: Catalogue) -> Iterator["DynamoWriter"]:
        """Begin to write a run; what an unfinished one leaves is never read, and expires."""
        with failures(self.table):
            base = (self._get("pointer", "-") or {}).get("current")
        writer = self._writer(run, catalogue)
        try:
            writer.write_run(run, base=base, complete=False)
            yield writer
        finally:  # without waiting for what is under way, which may be sent again for long
            writer.pool.shutdown(wait=False, cancel_futures=True)

    def publish(self, run: Run) -> None:
        """Keep the run's report and flip the pointer to it, unless it is there.

        Raises StoreError if the run is not finished, or if another was published since it began.
        """
        with failures(self.table):
            written = self._get("run", run.version)
            if not is_live(written):
                raise StoreError(f"table {self.table}: it holds no finished run {run.version}")
            keep_run(self._client, self.table, run)
            if self.is_current(run):
                return
            refused = StoreError(f"another run was published since {run.version} began; run again")
            new, base = run.version, written.get("base")
            if base is None:
                update, condition = "SET #current = :new", "attribute_not_exists(#current)"
            else:
                update, condition = "SET #previous = #current, #current = :new", "#current = :base"
            self._flip(update, condition, {":new": new, ":base": base}, refused)

    def rollback(self) -> Run:
        """Flip the pointer back to the version before. Raises UserError if there is none."""
        with failures(self.table):
            nothing = UserError(f"table {self.table}: there is no version before the current one")
            previous = (self._get("pointer", "-") or {}).get("previous")
            if not previous:
                raise nothing
            run, _ = self._live_run(previous)
            self._flip(
                "SET #current = :previous REMOVE #previous",
                "#previous = :previous",
                {":previous": previous},
                nothing,
            )
            return run

    def close(self) -> None:
        """Release the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    @property
    def _client(self):
        """The client, made when it is first needed."""
        with self._opening:  # making clients is not safe across threads; using one is
            return self._made_client

    @cached_property
    def _made_client(self):
        with failures(self.table):
            return made_client(self.region, patient=self.create)

    def _writer(self, run: Run, catalogue: Catalogue, send: bool = True) -> DynamoWriter:
        """A writer of items that expire as long after now as the store says."""
        expires_at = int(time.time() + self.expire_days * DAY)
        return DynamoWriter(self.region, self.table, run, catalogue, expires_at, send)

    def _get(self, key: str, version: str) -> dict | None:
        """The item as it was last written, not a replica that lags; None if there is none."""
        reply = self._client.get_item(
            TableName=self.table,
            Key={"key": to_wire(key), "version": to_wire(version)},
            ConsistentRead=True,
        )
        return item_from_wire(reply["Item"]) if "Item" in reply else None

    def _list(self, run: Run, country: str, age_group: str) -> dict:
        """The nearest list that the run has."""
        for choice in list_choices(country, age_group):
            if found := self._get(list_key(*choice), run.version):
                return found
        raise StoreError("the run has no list for listeners without history")

    def _user_item(self, run: Run, user_id: str, found: dict) -> dict:
        """The item that readers see of a user's item in the table."""
        played = played_in(found)
        if "country" in found:
            found = self._list(run, found["country"], found["age_group"])
        return user_item(
            run,
            user_id,
            found["rule"],
            found.get("neighbours", 0),
            recommended_in(found),
            played,
        )

    def _live_run(self, version: str) -> tuple[Run, float]:
        """The run of a version that readers may be served, and when it expires."""
        written = self._get("run", version)
        if not is_live(written):
            raise ExpiredError(f"table {self.table}: version {version} has expired; run the job")
        return self._run(written), written["expires_at"]

    def _run(self, written: dict) -> Run:
        """The run of its item. Raises StoreError if a later version of this project wrote it."""
        schema = written.get("schema", 1)  # of the time before there was a number
        if schema > SCHEMA:
            raise StoreError(
                f"table {self.table}: version {written['version']} has schema {schema}, of a later "
                f"version of this project than this one, which reads {SCHEMA}; update it"
            )
        return Run(**json.loads(written["run"]))

    def _take_lock(self, condition: str) -> None:
        """Hold the lock from now on if `condition` holds. Raises StoreLockedError if not."""
        now = int(time.time())
        try:
            self._update(
                "lock",
                "SET #owner = :owner, #until = :until",
                condition,
                {":owner": self._owner, ":now": now, ":until": int(now + self.lock_seconds)},
            )
        except ClientError as error:
            if not is_code(error, REFUSED):
                raise
            raise StoreLockedError(
                f"table {self.table}: another run is writing to it; the lock of a run that was "
                f"killed is free again after {self.lock_seconds:.0f} s"
            ) from error

    def _release_lock(self) -> None:
        """Give the lock back, if it is ours still."""
        self._client.delete_item(
            TableName=self.table,
            Key={"key": to_wire("lock"), "version": to_wire("-")},
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": to_wire(self._owner)},
        )

    def _flip(self, update: str, condition: str, values: dict, refused: Exception) -> None:
        """Update the pointer and forget what was read of it. Raises `refused` if not allowed."""
        try:
            self._update("pointer", update, condition, values)
        except ClientError as error:
            raise refused if is_code(error, REFUSED) else error from error
        self._pointer = (-POINTER_SECONDS, {})

    def _update(self, key: str, update: str, condition: str, values: dict) -> None:
        """Update one item if `condition` holds; #name stands for the attribute `name`.

        The service refuses names and values that the expressions do not use.
        """
        names = ("key", "owner", "until", "current", "previous")
        self._client.update_item(
            TableName=self.table,
            Key={"key": to_wire(key), "version": to_wire("-")},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames={
                f"#{name}": name for name in names if f"#{name}" in update + condition
            },
            ExpressionAttributeValues={
                name: to_wire(value) for name, value in values.items() if name in update + condition
            },
        )


def is_live(written: dict | None) -> bool:
    """Whether a run's item is there, finished and not expired."""
    return bool(written) and written["complete"] and written["expires_at"] > time.time()


def listed(run: Run | None, item_of: Callable[[Run], dict | None], limit: int) -> Listed | None:
    """A run's item as JSON; None if there is no run, or no such item."""
    item = item_of(run) if run else None
    return item and Listed(run, item["rule"], orjson.dumps(item["items"][:limit]))


def recommended_in(found: dict) -> list[dict]:
    """The items that an item of the table recommends."""
    return unpacked(found["items"]) if "items" in found else of_schema_1(unpacked(found["artists"]))


def played_in(found: dict) -> list[dict]:
    """The items that the user of an item of the table plays most."""
    if "top_items" in found:
        return unpacked(found["top_items"])
    return of_schema_1(unpacked(found["top_artists"]))
