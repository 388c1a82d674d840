"""Requests and bytes by group, added up part by part."""

from traffic.groups import GroupPart, as_table, name_groups, rank, sum_of_groups
from traffic.question import Question
from traffic.url_part import UrlPart, no_urls

MOST_PARTS = 100  # added up at once, for each time costs the same


class GroupTotals:
    """Requests and bytes by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.sum = no_groups(question)

    def add(self, part: GroupPart) -> None:
        """Add a part of the answer."""
        self.sum.add(part)

    def table(self, order: str, top: int | None) -> tuple[dict[str, list], int]:
        """The columns of the `top` groups by `order`, and how many groups there are."""
        by = self.question.by
        named = name_groups(self.sum if by else GroupPart({(): self.sum.sums()}), self.question)
        return as_table(rank(named, by, order, top), by), len(named)


def no_groups(question: Question) -> GroupPart | UrlPart:
    """A part that adds nothing."""
    return no_urls() if "url" in question.by else GroupPart()


def sum_of_parts(parts: list[GroupPart] | list[UrlPart], question: Question) -> GroupPart | UrlPart:
    """Return the sum of some parts as one."""
    if "url" not in question.by:
        return sum_of_groups(parts)
    from traffic.url_table import sum_of_urls  # compiled, and only this grouping needs it

    return sum_of_urls(parts)
