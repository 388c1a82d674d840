"""Requests and bytes by group, added up part by part."""

import pandas as pd

from traffic.groups import add_up, name_groups, rank
from traffic.question import Question
from traffic.url_part import NO_URLS, UrlPart

MOST_PARTS = 100  # added up at once, for pandas takes a millisecond each time


class GroupTotals:
    """Requests and bytes by group, added up part by part in memory."""

    def __init__(self, question: Question):
        self.question = question
        self.parts = [no_groups(question)]

    def add(self, part: pd.DataFrame) -> None:
        """Add a part of the answer."""
        self.parts.append(part)
        if len(self.parts) > MOST_PARTS:
            self.parts = [add_up(self.parts, self.question.by)]

    def table(self, order: str, top: int | None) -> tuple[pd.DataFrame, int]:
        """The `top` groups by `order`, and how many there are."""
        named = name_groups(add_up(self.parts, self.question.by), self.question)
        return rank(named, self.question.by, order, top), len(named)


def no_groups(question: Question) -> pd.DataFrame | UrlPart:
    """A part that adds nothing."""
    if "url" in question.by:
        return NO_URLS
    return pd.DataFrame(columns=[*question.by, "requests", "bytes"], dtype="int64")


def sum_of_parts(parts: list[pd.DataFrame] | list[UrlPart], question: Question):
    """Return the sum of some parts as one."""
    if "url" not in question.by:
        return add_up(parts, question.by)
    from traffic.url_table import sum_of_urls  # compiled, and only this grouping needs it

    return sum_of_urls(parts)
