"""Sums by group and rounded size, from which the percentiles of each group's sizes follow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from traffic.groups import Group, GroupPart, as_table, named, rank
from traffic.question import Question
from traffic.sizes import percentiles

if TYPE_CHECKING:
    import numpy as np

MOST_WAITING = 1 << 20  # groups of parts, which are then added up: at most 64 MB
MOST_FEW = 1 << 16  # groups in a dictionary: some 25 MB


class SizedPart(NamedTuple):
    """Sums by group; the same keys may occur several times."""

    keys: "np.ndarray"  # int64 of shape (groups, keys): those of `Question.keys`
    sums: "np.ndarray"  # int64 of shape (groups, sums): those of `Question.sums`

    def total(self) -> tuple[int, ...]:
        """The sums of all groups."""
        return tuple(self.sums.sum(axis=0).tolist())


def as_arrays(groups: SizedPart | GroupPart, question: Question) -> SizedPart:
    """A part as arrays, also one that is a dictionary."""
    if isinstance(groups, SizedPart):
        return groups
    import numpy as np

    keys = np.array([*groups], np.int64).reshape(-1, len(question.keys))
    return SizedPart(keys, np.array([*groups.values()], np.int64).reshape(-1, len(question.sums)))


def sum_of_sized(parts: list[SizedPart]) -> SizedPart:
    """The sum of parts, in which each group is once; its keys ascend."""
    import numpy as np

    keys, sums = (np.concatenate(column) for column in zip(*parts, strict=True))
    in_order = np.lexsort(keys.T[::-1])
    keys, sums = keys[in_order], sums[in_order]
    starts = starts_of_groups(keys)
    return SizedPart(keys[starts], np.add.reduceat(sums, starts) if len(starts) else sums)


def starts_of_groups(keys: "np.ndarray") -> "np.ndarray":
    """Where other keys begin than those of the row before, int64."""
    import numpy as np

    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    return np.flatnonzero(new)


class InOrder(NamedTuple):
    """Groups in the order of their keys, without sizes, and the sizes in each, which ascend."""

    keys: list[Sequence[int]]
    sums: list[Sequence[int]]
    starts: list[int]  # where the sizes of each group begin
    sizes: list[int]
    numbers: list[int]  # requests of each size


def few_in_order(part: GroupPart) -> InOrder:
    """The groups of a part that is a dictionary."""
    rows, groups, starts = sorted(part.items()), GroupPart(), []
    for place, (keys, sums) in enumerate(rows):
        if keys[:-1] not in groups:
            starts.append(place)
        groups.add_group(keys[:-1], sums)
    sizes, numbers = [keys[-1] for keys, _ in rows], [sums[0] for _, sums in rows]
    return InOrder([*groups], [*groups.values()], starts, sizes, numbers)


def many_in_order(parts: list[SizedPart]) -> InOrder:
    """The groups of parts that are arrays."""
    import numpy as np

    keys, sums = sum_of_sized(parts)
    starts = starts_of_groups(keys[:, :-1])
    totals = np.add.reduceat(sums, starts) if len(starts) else sums
    columns = (keys[starts, :-1], totals, starts, keys[:, -1], sums[:, 0])
    return InOrder(*(column.tolist() for column in columns))


class SizedTotals:
    """Sums by group and size, added up part by part in memory.

    A few that come without arrays, as from a table, are added up without numpy, which takes time
    to load.
    """

    def __init__(self, question: Question):
        self.question = question
        self.few, self.parts, self.waiting = GroupPart(), [], 0

    def add(self, part: SizedPart | GroupPart) -> None:
        """Add a part of the answer."""
        if isinstance(part, GroupPart):
            self.few.add(part)
            if len(self.few) <= MOST_FEW:
                return
            part, self.few = as_arrays(self.few, self.question), GroupPart()
        self.parts.append(part)
        self.waiting += len(part.keys)
        if self.waiting > MOST_WAITING:
            self.parts, self.waiting = [sum_of_sized(self.parts)], 0

    def tables(self, orders: tuple[str, ...], top: int | None) -> tuple[dict, int]:
        """For each order the columns of the `top` groups, and how many groups there are."""
        groups = self.groups()
        return {
            order: as_table(rank(groups, self.question, order, top), self.question)
            for order in orders
        }, len(groups)

    def groups(self) -> list[Group]:
        """The groups under their names, with the percentiles of their sizes."""
        it = many_in_order(self.all_parts()) if self.parts else few_in_order(self.few)
        found = percentiles(it.sizes, it.numbers, it.starts)
        names = (named(keys, self.question) for keys in it.keys)
        return [Group(*group) for group in zip(names, map(tuple, it.sums), found, strict=True)]

    def percentiles(self) -> tuple[int | None, ...]:
        """The percentiles of all sizes."""
        if self.parts:
            parts = [SizedPart(it.keys[:, -1:], it.sums[:, :1]) for it in self.all_parts()]
            it = many_in_order(parts)
        else:
            by_size = GroupPart()
            for keys, sums in self.few.items():
                by_size.add_group(keys[-1:], sums[:1])
            it = few_in_order(by_size)
        return percentiles(it.sizes, it.numbers)[0]

    def all_parts(self) -> list[SizedPart]:
        """All parts as arrays."""
        return [*self.parts, as_arrays(self.few, self.question)]
