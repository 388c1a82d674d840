"""Sums by group and rounded size, from which the percentiles of each group's sizes follow."""

from typing import TYPE_CHECKING, NamedTuple

from traffic.groups import Group, as_table, named, rank
from traffic.question import Question
from traffic.sizes import percentiles

if TYPE_CHECKING:
    import numpy as np

MOST_WAITING = 1 << 20  # groups of parts, which are then added up: at most 64 MB


class SizedPart(NamedTuple):
    """Sums by group; the same keys may occur several times."""

    keys: "np.ndarray"  # int64 of shape (groups, keys): those of `Question.keys`
    sums: "np.ndarray"  # int64 of shape (groups, sums): those of `Question.sums`

    def total(self) -> tuple[int, ...]:
        """The sums of all groups."""
        return tuple(self.sums.sum(axis=0).tolist())


def sized_part(groups: dict[tuple[int, ...], tuple[int, ...]], question: Question) -> SizedPart:
    """A part of groups that are in a dictionary."""
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


class SizedTotals:
    """Sums by group and size, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.parts, self.waiting = [sized_part({}, question)], 0

    def add(self, part: SizedPart) -> None:
        """Add a part of the answer."""
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
        import numpy as np

        self.parts = [sum_of_sized(self.parts)]
        ((keys, sums),) = self.parts
        starts = starts_of_groups(keys[:, :-1])
        if not len(starts):
            return []
        found = percentiles(keys[:, -1], sums[:, 0], starts)
        names = (named(key, self.question) for key in keys[starts, :-1].tolist())
        totals = map(tuple, np.add.reduceat(sums, starts).tolist())
        return [Group(*group) for group in zip(names, totals, found, strict=True)]

    def percentiles(self) -> tuple[int | None, ...]:
        """The percentiles of all sizes."""
        keys, sums = sum_of_sized([SizedPart(it.keys[:, -1:], it.sums[:, :1]) for it in self.parts])
        return percentiles(keys[:, 0], sums[:, 0])[0]
