"""Sums by group, and how groups are named and ranked."""

from collections.abc import Iterable, Sequence
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from logs.names import LONGEST_NAME, pack, unpack
from traffic.question import Question
from traffic.sizes import PERCENTILES, rounded
from traffic.times import QUARTER, TIMES, place_in_time, time_keys, time_name

if TYPE_CHECKING:
    import numpy as np

    from logs.scanner import Columns

NOTHING = "(none)"  # the name of what a request does not have
# CloudFront's results; packed names keep their first 12 letters.
CACHE_RESULTS = (
    *("Hit", "RefreshHit", "OriginShieldHit", "Miss", "Error", "Redirect"),
    *("LimitExceeded", "CapacityExceeded", "LambdaGeneratedResponse", "LambdaExecutionError"),
    *("FunctionGeneratedResponse", "FunctionExecutionError", "FunctionThrottledError"),
)


class GroupPart(dict[tuple[int, ...], tuple[int, ...]]):
    """Sums by group, whose keys, one for each grouping, are still numbers."""

    def add_group(self, keys: tuple[int, ...], sums: tuple[int, ...]) -> None:
        """Add to a group's sums, those of `Question.sums`."""
        before = self.get(keys)
        self[keys] = tuple(map(add, before, sums)) if before else sums

    def add(self, other: "GroupPart") -> None:
        """Add the groups of another part."""
        for keys, sums in other.items():
            self.add_group(keys, sums)

    def total(self) -> tuple[int, ...]:
        """The sums of all groups; nothing where there are none."""
        return tuple(map(sum, zip(*self.values(), strict=True)))


class Group(NamedTuple):
    """A group under the names that people know it by, one for each grouping of the question."""

    names: tuple[str, ...]
    sums: tuple[int, ...]  # those of `Question.sums`
    sizes: tuple[int | None, ...] = ()  # those of `PERCENTILES`, if asked for


def sum_of_groups(parts: Iterable[GroupPart]) -> GroupPart:
    """The sum of parts."""
    total = GroupPart()
    for part in parts:
        total.add(part)
    return total


def group_key(records: "Columns", by: str, question: Question, mask: "np.ndarray") -> "np.ndarray":
    """What the records that `mask` selects are grouped by: whole numbers of type int64."""
    if by in TIMES:
        return time_keys(records.second[mask] // QUARTER, by, question.time_zone)
    if by == "status_class":
        return records.status[mask].astype("int64") // 100
    if by == "size":
        return rounded(records.size[mask])
    return getattr(records, by)[mask].astype("int64")


def name_groups(part: GroupPart, question: Question) -> list[Group]:
    """The groups under their names."""
    return [Group(named(keys, question), sums) for keys, sums in part.items()]


def named(keys: Sequence[int], question: Question) -> tuple[str, ...]:
    """The names of the groups that these keys stand for."""
    return tuple(map(group_name, keys, question.by))


def group_name(key: int, by: str) -> str:
    """The name of one group."""
    if by in TIMES:
        return time_name(key, by)
    if by == "size":
        return str(key)
    if by == "extension":
        return unpack(key) or NOTHING
    if by == "status":
        return f"{key:03}"
    if by == "status_class":
        return f"{key}xx" if key else "000"
    if by == "cache":
        known = (result for result in CACHE_RESULTS if pack(result[:LONGEST_NAME]) == key)
        return next(known, unpack(key))
    raise ValueError(by)


def in_time(by: tuple[str, ...], top: int | None) -> bool:
    """Whether groups follow in time: all of them are shown, and some grouping is a time."""
    return top is None and not {*TIMES}.isdisjoint(by)


def rank(groups: list[Group], question: Question, order: str, top: int | None) -> list[Group]:
    """The `top` groups with the largest sums of `order`; times stay in their order."""

    def place(group: Group) -> list[str | float]:
        return list(map(place_in_time, group.names, question.by))

    if in_time(question.by, top):
        return sorted(groups, key=place)
    number = question.sums.index(order)
    return sorted(groups, key=lambda group: (-group.sums[number], place(group)))[:top]


def as_table(groups: list[Group], question: Question) -> dict[str, list]:
    """The columns of a table with a row per group."""
    names = {by: [group.names[place] for group in groups] for place, by in enumerate(question.by)}
    sums = enumerate(question.sums)
    sizes = enumerate(PERCENTILES if question.is_sized else ())
    names |= {name: [group.sums[place] for group in groups] for place, name in sums}
    return names | {name: [group.sizes[place] for group in groups] for place, name in sizes}
