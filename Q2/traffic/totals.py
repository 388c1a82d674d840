"""Sums by group, added up part by part."""

from traffic.groups import GroupPart, as_table, name_groups, rank, sum_of_groups
from traffic.question import Question
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
        nothing = (0,) * len(self.question.sums)
        groups = self.sum if self.question.by else GroupPart({(): self.sum.total() or nothing})
        named = name_groups(groups, self.question)
        return {
            order: as_table(rank(named, self.question, order, top), self.question)
            for order in orders
        }, len(named)


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
