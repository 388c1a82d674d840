"""Neighbours and recommendations the classic way, against a computation without shortcuts."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from listening.lastfm import read_lastfm
from listening.sample.listeners import generated_play_counts
from recommender.features import normalised_plays, scaled_age
from recommender.neighbours import Neighbours, nearest_neighbours
from recommender.reference import recommend, similarity_weights
from tests.conftest import ROOT


def dense_features(play_counts) -> np.ndarray:
    plays = normalised_plays(play_counts.matrix.astype(float)).toarray()
    age = scaled_age(play_counts.profiles["age"])[:, None]
    country = pd.get_dummies(play_counts.profiles["country"], dtype=float).to_numpy()
    return np.hstack([plays, age, country])


@pytest.fixture(scope="module")
def listeners():
    return generated_play_counts(users=300, artists=200, seed=1)


@pytest.fixture(scope="module")
def neighbours(listeners):
    return nearest_neighbours(
        normalised_plays(listeners.matrix.astype(float)),
        k=20,
        age=scaled_age(listeners.profiles["age"]),
        country=listeners.profiles["country"],
    )


def test_neighbours_are_those_of_all_pairs_compared(listeners, neighbours):
    features = dense_features(listeners)
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :20]
    assert [set(row) for row in neighbours.ids] == [set(row) for row in expected]
    assert np.allclose(neighbours.distances, np.sort(distances, axis=1)[:, :20], atol=1e-6)


def test_a_twin_is_near_and_a_user_is_nobody_s_own_neighbour():
    plays = csr_array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    neighbours = nearest_neighbours(plays, k=2)
    assert neighbours.ids[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert neighbours.distances[:3].tolist() == [[0, 0]] * 3


def test_k_beyond_the_number_of_users_gives_all_others():
    assert nearest_neighbours(csr_array(np.eye(3)), k=100).ids.shape == (3, 2)


@pytest.mark.parametrize(("users", "k"), [(1, 5), (3, 0), (3, -1)])
def test_no_neighbours_without_two_users_or_with_k_below_one(users, k):
    with pytest.raises(ValueError, match="k >= 1 and two users"):
        nearest_neighbours(csr_array(np.eye(users)), k=k)


def test_weights_fall_from_a_twin_to_the_largest_distance_of_all_users():
    weights = similarity_weights(np.array([[0.0, 1.0], [2.0, 4.0]]))
    assert weights.tolist() == [[1, 0.75], [0.5, 0]]


def test_all_users_alike_count_alike():
    assert similarity_weights(np.zeros((2, 3))).tolist() == [[1] * 3] * 2


def test_users_at_the_largest_distance_of_all_have_no_votes_and_no_recommendations():
    plays = csr_array(np.eye(3))
    assert recommend(plays, nearest_neighbours(plays, k=2)).nnz == 0


def test_all_plays_equal_leave_nothing_to_recommend():
    plays = csr_array(np.full((4, 3), 5.0))
    assert recommend(plays, nearest_neighbours(normalised_plays(plays), k=3)).nnz == 0


def test_scores_are_the_weighted_mean_of_the_neighbours_shares():
    plays = csr_array([[4.0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 5]])
    neighbours = Neighbours(
        ids=np.array([[1, 2], [0, 2], [0, 1]]), distances=np.array([[1, 2], [3, 4], [3, 4.0]])
    )
    scores = recommend(plays, neighbours, top=2)
    by_hand = (0.75 * 0.5) / (0.75 + 0.5), (0.5 * 1) / (0.75 + 0.5)
    assert scores[[0]].indices.tolist() == [3, 1], "of 1 and 2, alike, the lower column"
    assert np.allclose(scores[[0]].data, [by_hand[1], by_hand[0]])


def test_recommendations_are_those_of_the_formula_for_every_user(listeners, neighbours):
    shares = normalised_plays(listeners.matrix).toarray()
    weights = similarity_weights(neighbours.distances)
    recommended = recommend(listeners.matrix, neighbours)  # 20 for each
    for row, heard in enumerate(listeners.matrix.toarray() > 0):
        scores = weights[row] @ shares[neighbours.ids[row]] / weights[row].sum()
        scores[heard] = 0
        best = np.sort(scores)[::-1][:20]
        found = recommended[[row]]
        assert np.allclose(found.data, best[best > 0])
        assert np.allclose(scores[found.indices], found.data)


def test_a_user_of_every_artist_is_recommended_nothing():
    plays = csr_array([[1.0, 1.0], [1.0, 0.0], [0.0, 2.0]])
    recommended = recommend(plays, nearest_neighbours(normalised_plays(plays), k=2))
    assert np.diff(recommended.indptr).tolist()[0] == 0


def test_profiles_of_the_fixture_reach_the_features_by_user_id():
    play_counts, _ = read_lastfm(ROOT / "tests" / "fixtures" / "q3b" / "quirks")
    assert [user[0] for user in play_counts.users] == ["a", "b", "c"]
    features = dense_features(play_counts)
    assert features.shape == (3, 5 + 1 + 3)
    germany, poland, unknown = [0, 1, 0], [0, 0, 1], [1, 0, 0]
    assert features[:, -3:].tolist() == [germany, poland, unknown]
