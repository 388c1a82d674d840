"""Sums by group, added up part by part."""

from traffic.groups import GroupPart, as_table, name_groups, rank, sum_of_groups
from traffic.question import Question
from traffic.sizes import percentiles
from traffic.text_part import TextPart, no_texts

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

    def percentiles(self) -> tuple[int | None, ...]:
        """The percentiles of all sizes, if they are asked for."""
        return percentiles(self.sum.sizes()) if self.question.is_sized else ()


def no_groups(question: Question) -> GroupPart | TextPart:
    """A part that adds nothing."""
    return no_texts(len(question.sums)) if question.is_of_texts else GroupPart()


def sum_of_parts(
    parts: list[GroupPart] | list[TextPart], question: Question
) -> GroupPart | TextPart:
    """Return the sum of some parts as one."""
    if not question.is_of_texts:
        return sum_of_groups(parts)
    from traffic.text_table import sum_of_texts  # compiled, and only texts need it

    return sum_of_texts(parts)
