"""Shares of users: their intervals, as scipy computes them, and their weighted mean."""

from datetime import date

import pytest
from scipy.stats import binomtest

from retention.questions import Cohort
from retention.shares import intervals, shares, weighted_mean


def test_intervals_are_those_of_scipy():
    counts, users = [0, 1, 3, 40, 40, None, 0], [1, 3, 3, 41, 1_000_000, 5, 0]
    expected = [
        tuple(binomtest(count, of).proportion_ci(method="wilson")) if of and count is not None
        else (None, None)
        for count, of in zip(counts, users, strict=True)
    ]  # fmt: skip
    for found, ends in zip(zip(*intervals(counts, users), strict=True), expected, strict=True):
        assert found == pytest.approx(ends, abs=1e-6)


def test_the_mean_weighs_each_cohort_by_its_users_where_it_is_observed():
    cohorts = [
        Cohort(date(2017, 4, 1), 10, [10, 5, 1], [10, 6, 1]),
        Cohort(date(2017, 4, 2), 30, [30, 3, None], [30, 4, None]),
        Cohort(date(2017, 4, 3), 60, [60, None, None], [60, None, None]),
    ]
    mean = weighted_mean(cohorts)
    assert mean == ([100, 40, 10], [100, 8, 1], [100, 10, 1])
    assert shares(mean.active_on, mean.users) == [1, 0.2, 0.1]
