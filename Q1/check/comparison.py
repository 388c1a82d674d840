"""Two answers compared: what PostgreSQL found, as JSON has it, and what DuckDB found."""

from collections.abc import Iterable
from datetime import date
from typing import Any


class Difference(Exception):
    """The first place where two answers differ."""


def agree(place: str, ours: object, theirs: object) -> None:
    """Raise `Difference` if the answers differ at a place."""
    if ours != theirs:
        raise Difference(f"{place}: PostgreSQL finds {ours}, DuckDB {theirs}")


def compare_count(record: dict[str, Any], retained: dict[str, bool], observed: bool) -> str:
    """Compare the counts of the default question; return what is the same.

    retained: by each user who installed, whether active in the period. Raises `Difference`.
    """
    found = {
        "installed users": (record["installed_users"], len(retained)),
        "retained users": (record["retained_users"], sum(retained.values())),
        "observed": (record["observed"], observed),
    }
    for name, pair in found.items():
        agree(f"install {record['install_date']}, {name}", *pair)
    return f"{sum(retained.values()):,} of {counted(len(retained), 'user')}"


def compare_users(record: dict[str, Any], retained: dict[str, bool]) -> str:
    """Compare the users who came back one by one; return what is the same. Raises `Difference`."""
    listed = sorted(str(uid) for uid in record["uids"])
    found = sorted(uid for uid, active in retained.items() if active)
    for uid in sorted(set(listed) ^ set(found)):
        agree(f"whether {uid!r} came back", uid in listed, uid in found)
    agree("the number of users", len(listed), len(found))
    return counted(len(found), "user")


def compare_triangle(record: dict[str, Any], rows: Iterable[tuple]) -> str:
    """Compare the cells of a triangle one by one; return what is the same. Raises `Difference`.

    rows: those of `triangle.sql`.
    """
    ours = dict(cells_of(record["cohorts"]))
    theirs = {
        (cohort, age): (users, *(counts if observed else (None, None)))
        for cohort, age, users, *counts, observed in rows
    }
    for cohort, age in sorted(ours.keys() | theirs.keys()):
        pair = (answer.get((cohort, age), (None, None, None)) for answer in (ours, theirs))
        for name, *values in zip(
            ("users", "N-day retention", "unbounded retention"), *pair, strict=True
        ):
            agree(f"cohort {cohort}, age {age}, {name}", *values)
    return f"triangle of {counted(len(theirs), 'cell')}"


def counted(number: int, noun: str) -> str:
    """A number of things, such as `1 user` or `1,200 users`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cells_of(cohorts: list[dict[str, Any]]) -> Iterable[tuple[tuple[date, int], tuple]]:
    """The place of each cell of a triangle, and its users and two counts."""
    for cohort in cohorts:
        counts = zip(cohort["active_on"], cohort["active_on_or_after"], strict=True)
        for age, cell in enumerate(counts):
            yield (cohort["start"], age), (cohort["users"], *cell)
