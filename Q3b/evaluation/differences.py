"""Paired differences between models: the same users, the same held-out artists.

Splits of one data set share most of their plays, so they are not independent. Each user's
differences are averaged over the splits first; users, who are, are the sample. Holm's procedure
(1979) keeps the probability of any wrong verdict among all pairs of a data set at 5 %.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student
from scipy.stats import ttest_1samp

LEVEL = 0.05


class Difference(NamedTuple):
    """A measure of `model` less that of `other`: mean over users, with its interval.

    half_width: of the interval at the level at which Holm's procedure tests this pair, so that the
        interval is on one side of 0 just where the verdict is not "level"; None for fewer than two
        users
    p: two-sided, multiplied as Holm has it
    """

    data: str
    model: str
    other: str
    measure: str
    difference: float
    half_width: float | None
    p: float
    verdict: str  # of `model`: better, worse or level


def mean_over_splits(values: np.ndarray) -> np.ndarray:
    """(scored users,) mean of (splits, users); users who are scored in no split are left out."""
    scored = ~np.isnan(values)
    some = scored.any(axis=0)
    return np.nansum(values[:, some], axis=0) / scored[:, some].sum(axis=0)


def half_width(values: np.ndarray, level: float = LEVEL) -> float | None:
    """Half the width of the mean's confidence interval, by Student's t; None for one value."""
    if len(values) < 2:
        return None
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return float(error * student.isf(level / 2, len(values) - 1))


def differences(rows: Sequence[dict], measure: str, against: str | None = None) -> list[Difference]:
    """All pairs of one data set's rows, better models first; `against`: pairs with that model."""
    means = {row["model"]: mean_over_splits(row["users"][measure]) for row in rows}
    order = sorted(means, key=lambda model: -means[model].mean())
    pairs = [pair for pair in combinations(order, 2) if against is None or against in pair]
    found = [means[model] - means[other] for model, other in pairs]
    p_values = np.array([p_value(values) for values in found])
    levels, adjusted = holm(p_values)
    return [
        Difference(
            rows[0]["data"],
            *pair,
            measure,
            float(values.mean()),
            half_width(values, levels[place]),
            float(adjusted[place]),
            verdict(values.mean(), adjusted[place]),
        )
        for place, (pair, values) in enumerate(zip(pairs, found, strict=True))
    ]


def p_value(values: np.ndarray) -> float:
    """The p of the paired t test that the mean of values is 0; 1 if there is nothing to test."""
    if len(values) < 2 or not values.any():
        return 1.0
    return float(ttest_1samp(values, 0).pvalue) if np.ptp(values) else 0.0


def holm(p_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The level at which Holm's procedure tests each of several p values, and the p it adjusts.

    From the smallest on, the i-th of m is tested at LEVEL / (m - i + 1); the first that fails
    ends it, and the larger ones stay at its level.
    """
    order = np.argsort(p_values, kind="stable")
    steps = len(p_values) - np.arange(len(p_values))
    adjusted = np.maximum.accumulate(np.minimum(p_values[order] * steps, 1))
    failed = np.flatnonzero(adjusted > LEVEL)
    if len(failed):
        steps[failed[0] :] = steps[failed[0]]
    levels, in_place = np.empty(len(order)), np.empty(len(order))
    levels[order], in_place[order] = LEVEL / steps, adjusted
    return levels, in_place


def verdict(difference: float, adjusted_p: float) -> str:
    """Say how a model compares with another."""
    if adjusted_p > LEVEL:
        return "level"
    return "better" if difference > 0 else "worse"
