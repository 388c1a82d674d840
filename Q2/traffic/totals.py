"""Sums by group, added up part by part."""

from traffic.groups import GroupPart, as_table, name_groups, rank, sum_of_groups
from traffic.question import Question
from traffic.sized import SizedPart, as_arrays, sum_of_sized
from traffic.text_part import TextPart, no_texts

Groups = GroupPart | SizedPart | TextPart
MOST_PARTS = 100  # added up at once, for each time costs the same


class GroupTotals:
    """Sums by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.sum = GroupPart()

    def add(self, part: GroupPart) -> None:
        """Add a part of the answer."""
        self.sum.add(part)

    def tables(self, orders: tuple[str, ...], top: int | None) -> tuple[dict, int]:
        """For each order the columns of the `top` groups, and how many groups there are."""
        named = name_groups(self.sum, self.question)
        return {
            order: as_table(rank(named, self.question, order, top), self.question)
            for order in orders
        }, len(named)

    def percentiles(self) -> tuple[int, ...]:
        """The percentiles of all sizes, which are not asked for."""
        return ()


def no_groups(question: Question) -> Groups:
    """A part that adds nothing."""
    if question.is_of_texts:
        return no_texts(len(question.sums))
    return GroupPart()


def sum_of_parts(parts: list[Groups], question: Question) -> Groups:
    """Return the sum of some parts as one; of texts all are or none is."""
    if not question.is_of_texts:
        if all(isinstance(part, GroupPart) for part in parts):
            return sum_of_groups(parts)
        return sum_of_sized([as_arrays(part, question) for part in parts])
    from traffic.text_table import sum_of_texts  # compiled, and only texts need it

    return sum_of_texts(parts)
