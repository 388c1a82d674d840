"""Paired differences between models: who is compared, and when two are level."""

import numpy as np
import pytest

from evaluation.differences import (
    LEVEL,
    differences,
    half_width,
    holm,
    mean_over_splits,
    p_value,
)

NDCG = "ndcg@20"


def row(model: str, splits: list) -> dict:
    """A row of a comparison whose users have these values in each split."""
    return {"data": "set", "model": model, "users": {NDCG: np.array(splits, float)}}


def test_a_user_s_splits_are_averaged_and_users_never_scored_left_out():
    values = np.array([[0.2, np.nan, np.nan], [0.4, 0.5, np.nan]])
    assert mean_over_splits(values) == pytest.approx([0.3, 0.5])


def test_copies_of_a_split_do_not_make_an_interval_narrower():
    random = np.random.default_rng(2)
    once = [row("a", [random.random(50)]), row("b", [random.random(50)])]
    often = [row(one["model"], np.repeat(one["users"][NDCG], 5, axis=0)) for one in once]
    assert differences(once, NDCG)[0] == pytest.approx(differences(often, NDCG)[0])


def test_a_difference_is_the_mean_of_users_with_student_s_interval():
    """The values of Student (1908): ten patients' hours of sleep with two drugs."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    (found,) = differences([row("first", [first]), row("second", [second])], NDCG)
    assert (found.model, found.other, found.verdict) == ("second", "first", "better")
    assert found.difference == pytest.approx(1.58)
    assert found.p == pytest.approx(0.00283289)
    assert found.half_width == pytest.approx((2.4598858 - 0.7001142) / 2)


def test_holm_s_procedure():
    """R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")."""
    levels, adjusted = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert levels == pytest.approx([LEVEL / 3, LEVEL / 2, LEVEL / 2, LEVEL / 4])


def test_an_interval_is_on_one_side_of_zero_just_where_the_verdict_is_not_level():
    random = np.random.default_rng(3)
    values = random.normal(0, 1, (8, 1, 200)) + 0.08 * np.arange(8)[:, None, None]
    found = differences([row(str(place), one) for place, one in enumerate(values)], NDCG)
    assert len(found) == 28
    assert {one.verdict for one in found} == {"better", "level"}
    for one in found:
        assert (abs(one.difference) > one.half_width) == (one.verdict == "better")
    raw = [values[int(one.model), 0] - values[int(one.other), 0] for one in found]
    assert any(
        one.verdict == "level" and p_value(values) < LEVEL
        for one, values in zip(found, raw, strict=True)
    ), "a pair that is level among 28 differs by itself"


def test_pairs_with_one_model_alone():
    rows = [row(name, [np.full(4, mean)]) for name, mean in (("a", 0.1), ("b", 0.3), ("c", 0.2))]
    found = differences(rows, NDCG, against="c")
    assert [(one.model, one.other) for one in found] == [("b", "c"), ("c", "a")]


@pytest.mark.parametrize(
    ("values", "p", "width"), [([0.2], 1.0, None), ([0.0, 0.0], 1.0, 0.0), ([0.5, 0.5], 0.0, 0.0)]
)
def test_values_that_do_not_vary(values, p, width):
    assert p_value(np.array(values)) == p
    assert half_width(np.array(values)) == width
