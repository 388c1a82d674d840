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
from store.sqlite.lists import numbers_in, rendered_list, texts_of, unpacked
from store.sqlite.tables import ITEMS, RENDERED, check_schema

USER = (
    "SELECT user_id, rule, neighbours, recommendations, top_artists, country, age_group "
    "FROM users_{}"
)


class Row(NamedTuple):
    """What a run holds for one listener: a rendered list, see `lists`, and a packed array."""

    rule: str
    neighbours: int
    recommendations: bytes
    top_artists: bytes


class Snapshot:
    """The file as it was when it was opened. Raises StoreError if it cannot be read."""

    def __init__(self, path: Path):
        self.identity = identity_of(path)
        self.connection = open_to_read(path)
        schema = check_schema(self.connection, path)
        self._items, self._rendered = ITEMS[schema], schema >= RENDERED

    @cached_property
    def current(self) -> tuple[int | None, Run | None]:
        """Number and description of the run that readers are served; None before the first."""
        return current_run(self.connection)

    def numbered(self, run: Run | None) -> tuple[int | None, Run | None]:
        """Number and description of `run`, or of the current run."""
        if run is None:
            return self.current
        query = "SELECT number FROM runs WHERE version = ?"
        row = self.connection.execute(query, [run.version]).fetchone()
        if row is None:
            raise StoreError(f"version {run.version} is no longer kept")
        return row[0], run

    def finished_runs(self) -> list[Run]:
        """The runs that may be read, the newest first."""
        rows = self.connection.execute("SELECT run FROM runs WHERE complete ORDER BY number DESC")
        return [read_run(text) for (text,) in rows]

    def kept(self) -> list[str]:
        """The versions of the current run and of the one before."""
        query = "SELECT version FROM runs, pointer WHERE number IN (current, previous)"
        return [version for (version,) in self.connection.execute(query)]

    def count_users(self, number: int) -> int:
        """How many users a run holds."""
        return self.connection.execute(f"SELECT count(*) FROM users_{number}").fetchone()[0]

    def user(self, number: int, user_id: str) -> Row | None:
        """What a run holds for a user; None for a user whom it does not know."""
        query = f"{USER.format(number)} WHERE user_id = ?"
        found = self.connection.execute(query, (user_id,)).fetchone()
        if found and found[0] != user_id:
            raise ValueError(f"user {found[0]!r} in place of {user_id!r}")
        return found and self._user(number, found)

    def users(self, number: int) -> Iterator[tuple[str, Row]]:
        """The users of a run, and what it holds for them."""
        for found in self.connection.execute(USER.format(number)):
            yield found[0], self._user(number, found)

    def _user(self, number: int, found: tuple) -> Row:
        """What a row of the table of users says, or the list that it names."""
        _, rule, neighbours, recommendations, top_artists, country, age_group = found
        if country is None:
            return self._row(number, rule, neighbours, recommendations, top_artists)
        return self.listed(number, country, age_group)._replace(top_artists=top_artists)

    def listed(self, number: int, country: str, age_group: str) -> Row:
        """The nearest list of a run. Raises StoreError if there is none."""
        for choice in list_choices(country, age_group):
            row = self.connection.execute(
                f"SELECT rule, recommendations FROM lists_{number} "
                "WHERE country = ? AND age_group = ?",
                choice,
            ).fetchone()
            if row:
                return self._row(number, row[0], 0, row[1], b"")
        raise StoreError("the run has no list for listeners without history")

    def items(self, number: int, wanted: set[int]) -> list[tuple[int, str, str, str]]:
        """Number, id, name and fields, as they follow the name in JSON, of items of a run."""
        return self.connection.execute(
            f"{self._items.format(number)} WHERE number IN ({','.join(map(str, wanted))})"
        ).fetchall()

    def _row(
        self, number: int, rule: str, neighbours: int, recommendations: bytes, top_artists: bytes
    ) -> Row:
        """A row of whatever schema. Raises ValueError for a rule that is none."""
        if rule not in RULES:
            raise ValueError(f"rule {rule!r}")
        if not self._rendered:
            found = unpacked(recommendations)
            texts = texts_of(self.items(number, numbers_in(found)))
            recommendations = rendered_list(found, texts)
        return Row(rule, neighbours, recommendations, top_artists)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


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
