"""Play weights on numbers worked out by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from recommender.weights import KINDS, fitted_weights, rarity

PLAYS = csr_array([[1.0, 3, 0, 0], [0, 8, 8, 0], [0, 5, 0, 0]])


def weights(kind: str) -> np.ndarray:
    return fitted_weights(PLAYS, kind, np.ones(4)).of(PLAYS).toarray()


def test_binary():
    assert weights("binary").tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0]]


def test_log():
    assert np.allclose(weights("log")[0], [np.log(2), np.log(4), 0, 0])


def test_relative_to_the_mean_of_the_user():
    assert np.allclose(weights("relative")[0], [1 + np.log(1.5), 1 + np.log(2.5), 0, 0])
    assert np.allclose(weights("relative")[1], [0, 1 + np.log(2), 1 + np.log(2), 0])


def test_bm25_of_a_user_of_mean_length_and_of_a_longer_one():
    mean = 25 / 3
    short, long = 0.25 + 0.75 * 4 / mean, 0.25 + 0.75 * 16 / mean
    assert np.isclose(weights("bm25")[0, 1], 3 * 6 / (3 + 5 * short))
    assert np.isclose(weights("bm25")[1, 1], 8 * 6 / (8 + 5 * long))


def test_rarity_is_0_for_what_everybody_or_nobody_plays():
    assert np.allclose(rarity(PLAYS, 1), [np.log(3), 0, np.log(3), 0])
    assert np.allclose(rarity(PLAYS, 2), [np.log(3) ** 2, 0, np.log(3) ** 2, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_weights_fitted_to_some_users_are_the_same_for_the_others(kind):
    fitted = fitted_weights(PLAYS, kind, rarity(PLAYS, 1.25))
    assert np.allclose(fitted.of(PLAYS[[1]]).toarray(), fitted.of(PLAYS).toarray()[[1]])


@pytest.mark.parametrize("kind", KINDS)
def test_no_users_or_no_plays_have_no_weights(kind):
    for empty in (csr_array((0, 4)), csr_array((2, 4))):
        assert fitted_weights(empty, kind, np.ones(4)).of(empty).nnz == 0
