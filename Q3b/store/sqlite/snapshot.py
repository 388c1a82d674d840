"""One state of the file as a reader sees it, on a connection of one thread."""
# ruff: noqa: S608 - all that is formatted into SQL here are numbers: a run's and its items'.

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from recommender.lists import RULES, list_choices
from store.protocol import Run, StoreError
from store.sqlite.file import identity_of, open_to_read
from store.sqlite.tables import ITEMS, check_schema


class Row(NamedTuple):
    """What a run holds for one listener: recommendations and top artists are packed arrays."""

    rule: str
    neighbours: int
    recommendations: bytes
    top_artists: bytes


class Snapshot:
    """The file as it was when it was opened. Raises StoreError if it cannot be read."""

    def __init__(self, path: Path):
        self.identity = identity_of(path)
        self.connection = open_to_read(path)
        self._items = ITEMS[check_schema(self.connection, path)]

    @cached_property
    def current(self) -> tuple[int | None, Run | None]:
        """Number and description of the run that readers are served; None before the first."""
        return current_run(self.connection)

    def numbered(self, run: Run | None) -> tuple[int | None, Run | None]:
        """Number and description of `run`, or of the current run."""
        if run is None:
            return self.current
        row = self.connection.execute("SELECT number FROM runs WHERE version = ?", [run.version])
        return row.fetchone()[0], run

    def finished_runs(self) -> list[Run]:
        """The runs that may be read, the newest first."""
        rows = self.connection.execute("SELECT run FROM runs WHERE complete ORDER BY number DESC")
        return [read_run(text) for (text,) in rows]

    def count_users(self, number: int) -> int:
        """How many users a run holds."""
        return self.connection.execute(f"SELECT count(*) FROM users_{number}").fetchone()[0]

    def user(self, number: int, user_id: str) -> Row | None:
        """What a run holds for a user; None for a user whom it does not know."""
        found = next(self.users(number, "WHERE user_id = ?", user_id), None)
        if found and found[0] != user_id:
            raise ValueError(f"user {found[0]!r} in place of {user_id!r}")
        return found and found[1]

    def users(self, number: int, condition: str = "", *values: str) -> Iterator[tuple[str, Row]]:
        """The users of a run that fulfil a condition, and what it holds for them."""
        rows = self.connection.execute(
            "SELECT user_id, rule, neighbours, recommendations, top_artists, country, age_group "
            f"FROM users_{number} {condition}",
            values,
        )
        for user_id, rule, neighbours, recommendations, top_artists, country, age_group in rows:
            if country is None:
                yield user_id, checked(Row(rule, neighbours, recommendations, top_artists))
            else:
                found = self.listed(number, country, age_group)
                yield user_id, found._replace(top_artists=top_artists)

    def listed(self, number: int, country: str, age_group: str) -> Row:
        """The nearest list of a run. Raises StoreError if there is none."""
        for choice in list_choices(country, age_group):
            row = self.connection.execute(
                f"SELECT rule, recommendations FROM lists_{number} "
                "WHERE country = ? AND age_group = ?",
                choice,
            ).fetchone()
            if row:
                return checked(Row(row[0], 0, row[1], b""))
        raise StoreError("the run has no list for listeners without history")

    def items(self, number: int, wanted: set[int]) -> dict[int, tuple[str, str, str]]:
        """Id, name and fields, as they follow the name in JSON, of items by their numbers."""
        rows = self.connection.execute(
            f"{self._items.format(number)} WHERE number IN ({','.join(map(str, wanted))})"
        )
        return {item: tuple(texts) for item, *texts in rows}

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def checked(row: Row) -> Row:
    """The row, if its rule is one. Raises ValueError if not."""
    if row.rule not in RULES:
        raise ValueError(f"rule {row.rule!r}")
    return row


def current_run(connection: sqlite3.Connection) -> tuple[int | None, Run | None]:
    """Number and description of the run that the pointer names."""
    number = connection.execute("SELECT current FROM pointer").fetchone()[0]
    if number is None:
        return None, None
    row = connection.execute("SELECT run FROM runs WHERE number = ?", [number]).fetchone()
    return number, read_run(row[0])


def read_run(text: str) -> Run:
    """A run from its JSON. Raises TypeError or ValueError for what is none."""
    run = Run(**json.loads(text))
    kinds = {
        "users": int,
        "countries": list,
        "example_users": list,
        "item_names": list,
        "item_fields": list,
        "report": dict,
    }
    for name, value in vars(run).items():
        if not isinstance(value, kinds.get(name, str)):
            raise TypeError(f"{name} is {value!r}")
    if datetime.fromisoformat(run.generated_at).tzinfo is None:
        raise ValueError(f"generated_at is {run.generated_at!r}")
    return run
