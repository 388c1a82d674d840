"""Lists by many settings at once against the formula, and against a fit by each of them."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from listening.sample.listeners import generated_play_counts
from recommender.damped_vote import Settings, fit, prepared, recommend
from recommender.grid import lists_by_settings
from tests.q3b.recommender.test_damped_vote import (
    best_by_sorting,
    drawn_plays,
    rows_of,
    scores_by_formula,
)

SETTINGS = [
    Settings(0.05, 0.25),
    Settings(0, 0),
    Settings(0.05, 0),
    Settings(0.02, 0.15, popularity=0.01),
    Settings(0.02, 0.15),
]


def test_each_of_the_settings_gives_what_the_formula_says():
    plays = drawn_plays()
    lists = lists_by_settings(prepared(plays), SETTINGS, top=10)
    for settings, found in zip(SETTINGS, lists, strict=True):
        expected = scores_by_formula(plays, settings)
        assert rows_of(found) == best_by_sorting(expected, plays, 10)
        users = np.repeat(np.arange(plays.shape[0]), np.diff(found.indptr))
        np.testing.assert_allclose(found.data, expected[users, found.indices], rtol=1e-3)


def test_a_long_tail_gives_the_scores_of_a_fit_whatever_the_blocks(monkeypatch):
    monkeypatch.setattr("recommender.damped_vote.SMALLEST_HEAD", 0)
    known = prepared(generated_play_counts(users=400, artists=1500, seed=4).matrix)
    by_one, by_three = (list(lists_by_settings(known, SETTINGS, 10, of)) for of in (1, 3))
    for settings, one, three in zip(SETTINGS, by_one, by_three, strict=True):
        assert one.data.tobytes() == three.data.tobytes()
        fitted = recommend(fit(known, settings), top=10)
        assert rows_of(one) == rows_of(three)
        np.testing.assert_array_equal(one.indptr, fitted.indptr)
        np.testing.assert_allclose(one.data, fitted.data, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("plays", [np.empty((0, 3)), np.ones((5, 4)), np.eye(4)])
def test_odd_sets_give_no_error_and_nothing_heard(plays):
    matrix = csr_array(plays.astype(np.float32))
    for found in lists_by_settings(prepared(matrix), SETTINGS):
        assert found.shape == matrix.shape
        assert found.multiply(matrix > 0).nnz == 0
