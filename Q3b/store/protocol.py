"""What a store of recommendations holds and does; `store_url.open_store` opens one.

A run writes under its own version; readers follow one pointer, which flips to the new version
when all of it is written. So readers see the old set or the new one, each whole, and nothing
between. The version before is kept for a rollback.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
from command_line import OutsideError, UserError

REASONS = 3  # of the user's own artists that explain a recommendation
NEIGHBOURS, COUNTRY, GLOBAL = RULES = ("neighbours", "country", "global")

# One recommended artist. Artists are numbers into the run's catalogue; -1 is no artist.
RECOMMENDATION = np.dtype(
    [
        ("artist", "<i4"),
        ("score", "<f4"),
        ("because_artist", "<i4", (REASONS,)),
        ("because_share", "<f4", (REASONS,)),
        ("because_listeners", "<i4", (REASONS,)),
    ]
)
# One of the artists that the user plays most.
TOP_ARTIST = np.dtype([("artist", "<i4"), ("plays", "<i4")])

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}")


class StoreError(OutsideError):
    """The store is down, missing or refuses to work; trying again later may help."""


class StoreLockedError(StoreError):
    """Another run is writing to the store."""


@dataclass(frozen=True)
class Run:
    """One published set, as readers are told of it."""

    version: str  # unique to the run that wrote it
    run_id: str  # the scheduler's name of the run, such as a date; "" if it gave none
    generated_at: str  # ISO 8601, UTC
    users: int = 0
    countries: list[str] = field(default_factory=list)  # that have a list of their own
    example_users: list[str] = field(default_factory=list)
    report: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """The artists that a run's numbers stand for: names and MBIDs ("" where there is none)."""

    names: np.ndarray
    mbids: np.ndarray

    def artist(self, number: int) -> dict:
        """The artist as readers see it."""
        return {"name": str(self.names[number]), "mbid": str(self.mbids[number]) or None}

    def told_apart(self) -> bool:
        """Whether no two artists have the same name and MBID."""
        return len(set(zip(self.names, self.mbids, strict=True))) == len(self.names)


@dataclass(frozen=True)
class Block:
    """The recommendations of some users: n users, r recommendations, t top artists in all.

    A user of whom `lists` names a country and an age group is served from that list; None means
    the user's own recommendations. Raises ValueError if a user stands in the block twice, or if
    a score is no number.
    """

    users: list[str]
    rules: list[str]
    neighbours: np.ndarray  # (n,) how many listeners stand behind the recommendations
    recommendations: np.ndarray  # (r,) RECOMMENDATION, best first within a user
    recommendation_starts: np.ndarray  # (n + 1,)
    top_artists: np.ndarray  # (t,) TOP_ARTIST, most played first
    top_starts: np.ndarray  # (n + 1,)
    lists: list[tuple[str, str] | None]

    def __post_init__(self):
        if len(set(self.users)) != len(self.users):
            repeated = next(user for user in self.users if self.users.count(user) > 1)
            raise ValueError(f"user {repeated!r} stands twice in one block")
        if not np.isfinite(self.recommendations["score"]).all():
            raise ValueError("a score is not a finite number")

    def slices(self) -> Iterator[tuple]:
        """Each user's fields in the order of this class, arrays cut to the user."""
        recommended, top = self.recommendation_starts.tolist(), self.top_starts.tolist()
        for index, user in enumerate(self.users):
            yield (
                user,
                self.rules[index],
                int(self.neighbours[index]),
                self.recommendations[recommended[index] : recommended[index + 1]],
                self.top_artists[top[index] : top[index + 1]],
                self.lists[index],
            )


@dataclass(frozen=True)
class RuleList:
    """Recommendations for listeners without history; "" stands for every country or age."""

    country: str
    age_group: str
    recommendations: np.ndarray  # (r,) RECOMMENDATION, best first

    @property
    def rule(self) -> str:
        """The rule's name, as readers see it."""
        return COUNTRY if self.country else GLOBAL


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

    def find_run(self, run_id: str) -> Run | None:
        """The newest finished run of that id, published or not."""

    def is_current(self, run: Run) -> bool:
        """Whether readers are served this run."""

    def count_users(self, run: Run) -> int | None:
        """How many users the run holds, counted in the store; None where that is not possible."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store for one run. Raises StoreLockedError if another run holds it."""

    def renew_lock(self) -> None:
        """Say that the run is alive; called between the steps of a run."""

    def begin(self, run: Run, catalogue: Catalogue) -> AbstractContextManager[Writer]:
        """Begin to write a run under its version; a run that is not finished is never served."""

    def publish(self, run: Run) -> None:
        """Flip the pointer to a finished run. Raises StoreError if another was published since."""

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


def list_choices(country: str, age_group: str) -> list[tuple[str, str]]:
    """The lists that may serve a listener, nearest first."""
    return list(dict.fromkeys([(country, age_group), (country, ""), ("", age_group), ("", "")]))
