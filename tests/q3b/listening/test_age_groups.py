"""Every sane age has one group; what people tell for fun has none."""

import pytest

from listening.age_groups import FIRST_YEARS, UNKNOWN, age_group


@pytest.mark.parametrize(
    ("age", "group"),
    [
        *((0, "under 18"), (17.9, "under 18"), (18, "18-24"), (24, "18-24"), (25, "25-34")),
        *((54, "45-54"), (55, "55 or older"), (100, "55 or older")),
    ],
)
def test_an_age_has_its_group(age, group):
    assert age_group(age) == group


@pytest.mark.parametrize("age", [None, float("nan"), -1337, -1, 101, 1002])
def test_an_age_that_cannot_be_has_no_group(age):
    assert age_group(age) == UNKNOWN


def test_every_group_is_met():
    assert {age_group(age) for age in range(101)} == set(FIRST_YEARS)
