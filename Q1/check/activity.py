"""Answers about activity compared: what PostgreSQL found, as JSON has it, and what DuckDB found."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

from duckdb import DuckDBPyConnection

from check.comparison import agree, counted
from check.statements import run

Cells = dict[tuple, tuple]  # by value, whether it is the others', period or cohort, and maybe age
RETENTION = ("users", "N-period retention", "unbounded retention")
GROWTH = ("active", "new", "retained", "resurrected", "churned")
EVERY_VALUE = 10**9
STICKINESS = {"daily": 1, "weekly": 7, "monthly": 30}


def compare_activity(
    duck: DuckDBPyConnection, options: SimpleNamespace, parameters: dict[str, Any], record: dict
) -> str:
    """Compare an answer cell by cell; return what is the same. Raises `Difference`."""
    if options.quality:
        return compare_quality(duck, record)
    kinds = {"cohorts": "retention", "growth": "growth", "stickiness": "stickiness"}
    name = next((kinds[it] for it in kinds if getattr(options, it)), "one_day")
    if options.users:
        name, parameters = "user_list", parameters | {"top": EVERY_VALUE}
    if name != "one_day":
        run(duck, "members", parameters)
    ours_of, theirs_of, titles = READERS[name]
    ours = dict(ours_of(record))
    theirs = dict(theirs_of(run(duck, name, parameters)))
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        pair = (answer.get(key, (None,) * len(titles)) for answer in (ours, theirs))
        for title, *values in zip(titles, *pair, strict=True):
            agree(f"{place_of(key)}, {title}", *values)
    return f"{name.replace('_', ' ')} of {counted(len(theirs), 'cell')}"


def compare_quality(duck: DuckDBPyConnection, record: dict[str, Any]) -> str:
    """Compare users and names; return what is the same. Raises `Difference`."""
    ((early, *unclear),) = run(duck, "quality", {})
    found = {it["finding"]: it["users"] for it in record["findings"] if it["users"] is not None}
    ours = [record["users_active_before_install"], *found.values()]
    agree("users of findings", ours, [early, early, *unclear])
    names = sorted(name for it in record["findings"] for name in it["names"])
    agree("names alike", names, sorted(name for (name,) in run(duck, "names", {})))
    return f"findings about {counted(sum(ours[1:]), 'user')} and {counted(len(names), 'name')}"


def place_of(key: tuple) -> str:
    """The place of a cell in words."""
    value, other, start, *ages = key
    group = "other values, " if other else "" if value is None else f"{value}, "
    return f"{group}{start}" + "".join(f", age {age}" for age in ages)


def groups_of(record: dict[str, Any]) -> Iterator[tuple[tuple, dict]]:
    """The value of each group and what was found of it; without groups there is one."""
    for group in record.get("groups", [record]):
        yield (group.get("value"), group.get("other", False)), group


def our_retention(record: dict[str, Any]) -> Iterator[tuple[tuple, tuple]]:
    """The cells of triangles in JSON."""
    for group, found in groups_of(record):
        for cohort in found["cohorts"]:
            counts = zip(
                record["ages"], cohort["active_on"], cohort["active_on_or_after"], strict=True
            )
            for (first, last), *cell in counts:
                yield (*group, cohort["start"], f"{first}-{last}"), (cohort["users"], *cell)


def their_retention(rows: Iterable[tuple]) -> Iterator[tuple[tuple, tuple]]:
    """The cells of `retention.sql`."""
    for value, other, cohort, first, last, users, *counts, observed in rows:
        cell = counts if observed else (None, None)
        yield (value, other, cohort, f"{first}-{last}"), (users, *cell)


def our_growth(record: dict[str, Any]) -> Iterator[tuple[tuple, tuple]]:
    """The periods of growth in JSON."""
    for group, found in groups_of(record):
        for row in found["periods"]:
            yield (*group, row["start"]), tuple(row[name] for name in GROWTH)


def their_growth(rows: Iterable[tuple]) -> Iterator[tuple[tuple, tuple]]:
    """The periods of `growth.sql`."""
    for value, other, start, active, new, *rest, observed, has_before in rows:
        changes = rest if has_before else (None, None, None)
        cell = (active, new, *changes) if observed else (None,) * len(GROWTH)
        yield (value, other, start), cell


def our_stickiness(record: dict[str, Any]) -> Iterator[tuple[tuple, tuple]]:
    """The days of stickiness in JSON."""
    for group, found in groups_of(record):
        for row in found["days"]:
            yield (*group, row["day"]), tuple(row[name] for name in STICKINESS)


def their_stickiness(rows: Iterable[tuple]) -> Iterator[tuple[tuple, tuple]]:
    """The days of `stickiness.sql`."""
    for value, other, day, *counts, days in rows:
        lengths = STICKINESS.values()
        cell = (it if days >= n else None for it, n in zip(counts, lengths, strict=True))
        yield (value, other, day), tuple(cell)


def our_day(record: dict[str, Any]) -> Iterator[tuple[tuple, tuple]]:
    """The counts of a day in JSON, if there are any."""
    for group, found in groups_of(record):
        if found["installed_users"]:
            counts = (found["installed_users"], found["retained_users"])
            yield (*group, record["install_date"]), counts


def their_day(rows: Iterable[tuple]) -> Iterator[tuple[tuple, tuple]]:
    """The counts of `one_day.sql`."""
    for value, other, day, *counts in rows:
        yield (value, other, day), tuple(counts)


def our_users(record: dict[str, Any]) -> Iterator[tuple[tuple, tuple]]:
    """The users in JSON."""
    for user in record["users_listed"]:
        active = [date.fromisoformat(day) for day in user["active"]]
        yield (None, False, str(user["uid"])), (user["value"], user["cohort"], active)


def their_users(rows: Iterable[tuple]) -> Iterator[tuple[tuple, tuple]]:
    """The rows of `user_list.sql`."""
    for uid, value, cohort, active in rows:
        yield (None, False, uid), (value, cohort, sorted(active))


READERS: dict[str, tuple[Callable, Callable, tuple[str, ...]]] = {
    "user_list": (our_users, their_users, ("value", "cohort", "active periods")),
    "one_day": (our_day, their_day, ("users", "active users")),
    "retention": (our_retention, their_retention, RETENTION),
    "growth": (our_growth, their_growth, GROWTH),
    "stickiness": (our_stickiness, their_stickiness, tuple(STICKINESS)),
}
