"""How long after the first start: ages in periods or in hours, one by one or in brackets."""

from typing import NamedTuple


class Ages(NamedTuple):
    """The ages of one column of the triangle, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def single_ages(oldest: int) -> list[Ages]:
    """Each age from 0 on by itself."""
    return [Ages(age, age) for age in range(oldest + 1)]


def brackets_to(lasts: tuple[int, ...], oldest: int) -> list[Ages]:
    """Age 0, and the brackets that end with the ages `lasts`, as far as anyone is that old."""
    firsts = [0, *(last + 1 for last in (0, *lasts))]
    return [
        Ages(first, last)
        for first, last in zip(firsts, (0, *lasts), strict=False)
        if first <= max(oldest, 0)
    ]
