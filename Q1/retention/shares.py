"""Shares of users: their 95 % intervals, and their mean over cohorts of different sizes."""

from collections.abc import Iterable
from statistics import NormalDist
from typing import Any, NamedTuple

from retention.questions import Cohort

DIGITS = 6  # of a share in JSON and CSV
Z = NormalDist().inv_cdf(0.975)


class Mean(NamedTuple):
    """All cohorts together, by age: the users of those observed at it, and how many were active."""

    users: list[int]
    active_on: list[int]
    active_on_or_after: list[int]


def weighted_mean(cohorts: list[Cohort]) -> Mean:
    """The cohorts together, each age without those that are not observed at it.

    Its shares are the means of the cohorts' shares, weighted by their users.
    """
    ages = range(len(cohorts[0].active_on))
    observed = [[it for it in cohorts if it.active_on[age] is not None] for age in ages]
    return Mean(
        [sum(it.users for it in observed[age]) for age in ages],
        [sum(it.active_on[age] for it in observed[age]) for age in ages],
        [sum(it.active_on_or_after[age] for it in observed[age]) for age in ages],
    )


def shares(counts: Iterable[int | None], users: Iterable[int]) -> list[float | None]:
    """Counts as shares of users; None where nothing was observed or nobody is."""
    pairs = zip(counts, users, strict=True)
    return [round(count / of, DIGITS) if of and count is not None else None for count, of in pairs]


def intervals(
    counts: Iterable[int | None], users: Iterable[int]
) -> tuple[list[float | None], list[float | None]]:
    """The lower and the upper ends of the 95 % intervals of shares; None where there is none."""
    ends = [
        wilson_interval(count, of) if of and count is not None else (None, None)
        for count, of in zip(counts, users, strict=True)
    ]
    low, high = (
        [None if end is None else round(end, DIGITS) for end in side]
        for side in zip(*ends, strict=True)
    )
    return low, high


def wilson_interval(found: Any, users: int) -> tuple[Any, Any]:
    """The 95 % interval of the share `found` of so many users, by Wilson's score.

    `found` is a number or an array. Brown, Cai and DasGupta 2001, doi.org/10.1214/ss/1009213286:
    the interval is also right for few users and for shares near 0 and 1.
    """
    share = found / users
    middle = share + Z**2 / (2 * users)
    half = Z * (share * (1 - share) / users + Z**2 / (4 * users**2)) ** 0.5
    return (middle - half) / (1 + Z**2 / users), (middle + half) / (1 + Z**2 / users)


def with_shares(counts: dict[str, list[int | None]], users: list[int]) -> dict[str, list]:
    """Counts by name and age, each with its shares and the ends of their intervals."""
    columns = {}
    for name, numbers in counts.items():
        low, high = intervals(numbers, users)
        columns[name] = numbers
        columns |= {f"{name}_share": shares(numbers, users)}
        columns |= {f"{name}_low": low, f"{name}_high": high}
    return columns
