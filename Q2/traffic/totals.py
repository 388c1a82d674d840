"""Requests and bytes by group, added up part by part."""

import numpy as np

from traffic.groups import GroupPart, add_up, as_table, name_groups, rank
from traffic.question import Question
from traffic.url_part import NO_URLS, UrlPart

MOST_PARTS = 100  # added up at once, for each time costs the same


class GroupTotals:
    """Requests and bytes by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.parts = [no_groups(question)]

    def add(self, part: GroupPart) -> None:
        """Add a part of the answer."""
        self.parts.append(part)
        if len(self.parts) > MOST_PARTS:
            self.parts = [add_up(self.parts, self.question.by)]

    def table(self, order: str, top: int | None) -> tuple[dict[str, list], int]:
        """The columns of the `top` groups by `order`, and how many groups there are."""
        named = name_groups(add_up(self.parts, self.question.by), self.question)
        first = rank(named, self.question.by, order, top)
        return as_table(first, self.question.by), len(named)


def no_groups(question: Question) -> GroupPart | UrlPart:
    """A part that adds nothing."""
    if "url" in question.by:
        return NO_URLS
    nothing = np.zeros(0, dtype=np.int64)
    return GroupPart(nothing.reshape(0, len(question.by)), nothing, nothing)


def sum_of_parts(parts: list[GroupPart] | list[UrlPart], question: Question):
    """Return the sum of some parts as one."""
    if "url" not in question.by:
        return add_up(parts, question.by)
    from traffic.url_table import sum_of_urls  # compiled, and only this grouping needs it

    return sum_of_urls(parts)
