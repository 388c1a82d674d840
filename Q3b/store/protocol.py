"""What a store of recommendations holds and does; `store.url.open_store` opens one.

A run writes under its own version; readers follow one pointer, which flips to the new version
when all of it is written. So readers see the old set or the new one, each whole, and nothing
between. The version before is kept for a rollback.
"""

from common.command import OutsideError, UserError

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from recommender.lists import Block, RuleList

SCHEMA = 2  # of what stores hold; a store names its own, and one of a later schema is refused
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")


class StoreError(OutsideError):
    """The store is down, missing or refuses to work; trying again later may help."""


class ExpiredError(StoreError):
    """The published set has expired: the job has not run for long."""


class StoreLockedError(StoreError):
    """Another run is writing to the store."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


@dataclass(frozen=True)
class Run:
    """One published set, as readers see it."""

    version: str  # unique to the run that wrote it
    run_id: str  # the scheduler's name of the run, such as a date; "" if it gave none
    generated_at: str  # ISO 8601, UTC
    users: int = 0
    countries: list[str] = field(default_factory=list)  # that have a list of their own
    example_users: list[str] = field(default_factory=list)
    item_names: list[str] = field(default_factory=lambda: ["artist", "artists"])  # one, several
    item_fields: list[str] = field(default_factory=list)  # that answers carry of each item
    report: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """The items for one user as a JSON array, best first, and the rule behind them."""

    run: Run
    rule: str
    items: bytes
    stale: bool = False  # an answer of before, since the store fails


@dataclass(frozen=True)
class Catalogue:
    """The items that a run's numbers stand for: the app's own ids, names, and further fields.

    ids, names: (m,) texts; fields: (m,) texts by field, "" where there is none
    """

    ids: np.ndarray
    names: np.ndarray
    fields: dict[str, np.ndarray] = field(default_factory=dict)

    def item(self, number: int) -> dict:
        """The item as readers see it among reasons and own items: id and name."""
        return {"id": str(self.ids[number]), "name": str(self.names[number])}

    def recommended(self, number: int) -> dict:
        """The item as readers see it where it is recommended: with its fields."""
        return self.item(number) | self.fields_of(number)

    def fields_of(self, number: int) -> dict[str, str | None]:
        """The further fields of an item; None where it has none."""
        return {name: str(values[number]) or None for name, values in self.fields.items()}


class Writer(Protocol):
    """Writes one run, block by block.

    One that `writes_on_workers` can be sent to other processes, several of which write at once.
    """

    writes_on_workers: bool

    def write(self, block: Block) -> None:
        """Write the users of `block`."""

    def write_lists(self, lists: list[RuleList]) -> None:
        """Write the lists for listeners without history; the global one must be among them."""

    def finish(self, run: Run) -> None:
        """Say that all is written; `run` holds what is known only now."""


class Store(Protocol):
    """What both stores do.

    The lock outlives its last renewal by `lock_seconds`; None if it goes with its process.
    """

    lock_seconds: float | None

    def current(self) -> Run | None:
        """The run that readers are served, or None if none was ever published."""

    def user(self, user_id: str, run: Run | None = None) -> dict | None:
        """The item of a user (see `user_item`) in the current run or `run`; None if unknown."""

    def new_user(
        self, country: str = "", age_group: str = "", run: Run | None = None
    ) -> dict | None:
        """The nearest list that exists: country and age, country, age, then everyone's."""

    def user_list(self, user_id: str, limit: int) -> Listed | None:
        """The first `limit` items of a user in the current run; None for an unknown one."""

    def own(self, user_id: str, run: Run | None = None) -> tuple[Run | None, np.ndarray | None]:
        """The current run or `run`, and of it a user's own artists (TOP_ARTIST); None if unknown.

        Sets of an earlier version of this project have the ten most played alone, or none.
        """

    def user_lists(self, user_ids: list[str], limit: int) -> tuple[Run | None, list[Listed | None]]:
        """The current run, and of it the first `limit` items of each user, None for unknown ones.

        All are of one run. Without a run the list is empty.
        """

    def new_user_list(self, country: str, age_group: str, limit: int) -> Listed | None:
        """The first `limit` items of the nearest list; None if nothing was published."""

    def users(self, run: Run) -> Iterator[dict]:
        """The items of all users of a run, as `user` returns them."""

    def find_run(self, run_id: str) -> Run | None:
        """The newest finished run of that id, published or not."""

    def find_version(self, version: str) -> Run | None:
        """The finished run of a version, as it is now; None if the store does not keep it."""

    def is_current(self, run: Run) -> bool:
        """Whether readers are served this run."""

    def kept(self) -> list[str]:
        """The versions that readers are served, or may be after a rollback."""

    def count_users(self, run: Run) -> int | None:
        """How many users the run holds, counted in the store; None where that is not possible."""

    def check_users(self, user_ids: Iterable[str]) -> None:
        """Raise UserError for a user id that the store cannot hold, before anything is written."""

    def forgotten(self) -> set[str]:
        """The marks of users who are to be in no set, see `store.erasure`; the store is locked."""

    def forget(self, user_ids: list[str], marks: list[str]) -> dict[str, int]:
        """Remove users from all sets and keep their marks; return how many were in each version.

        The store is locked. Nothing that is kept names them any more.
        """

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one run. Raises StoreLockedError if another run holds it."""

    def renew_lock(self) -> None:
        """Say that the run is alive; called between the steps of a run."""

    def rehearsal(
        self, run: Run, catalogue: Catalogue, top: int, countries: Iterable[str]
    ) -> Writer | None:
        """A writer that keeps nothing, and raises UserError for what the store would not take.

        None if all with `top` items a user, of these countries, is sure to be taken.
        """

    def begin(self, run: Run, catalogue: Catalogue) -> AbstractContextManager[Writer]:
        """Begin to write a run under its version; a run that is not finished is never served."""

    def publish(self, run: Run) -> None:
        """Keep the run's report and flip the pointer to it, unless it is there.

        Raises StoreError if the run is not finished, or if another was published since it began.
        """

    def rollback(self) -> Run:
        """Flip the pointer back to the version before. Raises UserError if there is none."""

    def close(self) -> None:
        """Release connections."""


def new_run(run_id: str = "", now: datetime | None = None) -> Run:
    """A run with a version of its own. Raises UserError for a run id with odd characters."""
    if run_id and not RUN_ID.fullmatch(run_id):
        raise UserError(f"run id {run_id!r}: use up to 64 letters, digits and . _ : + -")
    now = (now or datetime.now(UTC)).astimezone(UTC)
    version = f"{run_id or now.strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(4)}"
    return Run(version, run_id, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
