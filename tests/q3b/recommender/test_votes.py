"""The best artists by weighted votes: ties, artists already played, and votes that cancel."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from recommender.votes import best_artists


def best_by_sorting(scores: np.ndarray, heard: np.ndarray, top: int) -> list[list[int]]:
    scores = np.where(heard, 0, scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [[a for a in row if scores[user, a] > 0] for user, row in enumerate(order)]


def rows_of(matrix: csr_array) -> list[list[int]]:
    return [part.tolist() for part in np.split(matrix.indices, matrix.indptr[1:-1])]


def test_best_artists_of_equal_score_stand_by_column_and_heard_ones_fall_out():
    votes = csr_array(np.ones((2, 300)))
    heard = csr_array(([1.0, 1.0], ([0, 0], [0, 2])), shape=(2, 300))
    found = best_artists(lambda users: csr_array([[1.0, 1.0], [0, 0]])[users], votes, heard, top=4)
    assert rows_of(found) == [[1, 3, 4, 5], []]
    assert found.data.tolist() == [2] * 4


@pytest.mark.parametrize("artists", [60, 20_000], ids=["many votes", "few for so many artists"])
def test_votes_that_tie_or_cancel_count_as_by_hand(artists):
    random = np.random.default_rng(5)
    votes = np.zeros((9, artists))
    votes[:, random.choice(artists, 30, replace=False)] = random.integers(-2, 3, (9, 30))
    heard = (random.random((9, artists)) < 0.1) * 1.0
    everyone = csr_array(np.ones((9, 9)))
    found = best_artists(lambda users: everyone[users], csr_array(votes), csr_array(heard), top=12)
    assert rows_of(found) == best_by_sorting(everyone @ votes, heard > 0, 12)
