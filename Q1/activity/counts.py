"""The counts that `activity.sql` returns, by the value by which they are split."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from activity.calendar import Calendar


class Group(NamedTuple):
    """The users with one value, with none (`value` is None), or with all others together."""

    value: str | None
    other: bool = False

    def __str__(self) -> str:
        return "other" if self.other else "none" if self.value is None else self.value


EVERYBODY = Group(None)
Counts = dict[str, dict[tuple[int | None, int], int]]  # by measure, then by cohort and place


@dataclass(frozen=True)
class Found:
    """What was counted for each group, the largest first, in which periods, and the data's days."""

    groups: dict[Group, Counts]
    calendar: Calendar
    first_day: date
    last_day: date


def counts_by_group(rows: list, by: str) -> dict[Group, Counts]:
    """The rows of `activity.sql` by group: that with most users by the measure `by` comes first."""
    groups = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row.name is not None:
            group = Group(row.value, row.other)
            groups[group][row.name][row.cohort, row.place] = row.users

    def order(group: Group) -> tuple:
        total = sum(groups[group][by].values())
        return group.other, group.value is None, -total, group.value or ""

    return {group: groups[group] for group in sorted(groups, key=order)}
