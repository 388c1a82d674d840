"""The neighbour search is exact: against scikit-learn's brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, hstack
from sklearn.neighbors import NearestNeighbors

from listening.sample.listeners import generated_play_counts
from recommender import search as neighbour_search
from recommender.features import normalised_plays, scaled_age
from recommender.kernels.neighbours import EMPTY, STRIDE, Best, select
from recommender.neighbours import nearest_neighbours

USERS, K = 4000, 30


@pytest.fixture(scope="module")
def parts():
    """Shares of plays, scaled age and country; some countries have fewer users than K."""
    listeners = generated_play_counts(users=USERS, artists=1500, seed=3)
    country = listeners.profiles["country"].to_numpy(dtype=object, copy=True)
    country[:40] = [f"Islet {number % 9}" for number in range(40)]
    plays = normalised_plays(listeners.matrix.astype(float))
    return plays, scaled_age(listeners.profiles["age"]), pd.Series(country)


def side_by_side(plays: csr_array, age: np.ndarray, country: pd.Series) -> csr_array:
    """All features as columns, one for each country."""
    one_hot = pd.get_dummies(country, dtype=float).to_numpy()
    return hstack([plays, csr_array(age[:, None]), csr_array(one_hot)], format="csr")


@pytest.fixture(scope="module")
def brute_force(parts):
    plays, age, country = parts
    features = side_by_side(plays, age, country)
    return NearestNeighbors(n_neighbors=K, algorithm="brute").fit(features).kneighbors()


def test_float64_gives_scikit_learn_s_neighbours_in_the_same_order(parts, brute_force):
    plays, age, country = parts
    found = nearest_neighbours(plays, K, age=age, country=country, dtype=np.float64)
    distances, ids = brute_force
    assert np.array_equal(found.ids, ids)
    assert np.allclose(found.distances, distances, rtol=0, atol=1e-9)


def test_float32_gives_the_same_sets_and_distances(parts, brute_force):
    plays, age, country = parts
    found = nearest_neighbours(plays, K, age=age, country=country)
    distances, ids = brute_force
    assert found.distances.dtype == np.float32
    assert np.allclose(found.distances**2, distances**2, rtol=0, atol=1e-6)
    for row, (one, other) in enumerate(zip(found.ids, ids, strict=True)):
        missed = set(other) - set(one)  # only what float32 cannot tell from the last one in
        assert all(distances[row, list(other).index(m)] > distances[row, -1] - 1e-6 for m in missed)


def test_profiles_may_be_left_out_or_stand_among_the_columns(parts):
    plays, age, country = parts
    features = side_by_side(plays, age, country)
    apart = nearest_neighbours(plays, K, age=age, country=country, dtype=np.float64)
    together = nearest_neighbours(features, K, dtype=np.float64)
    assert np.array_equal(apart.ids, together.ids)


def test_the_numbers_of_the_largest_block_fit_in_two_bytes():
    assert np.iinfo(np.uint16).max == neighbour_search.MAXIMUM_BLOCK - 1


def test_blocks_and_threads_change_nothing(parts, monkeypatch):
    plays, age, country = parts
    whole = nearest_neighbours(plays, K, age=age, country=country, threads=1)
    monkeypatch.setattr(neighbour_search, "MAXIMUM_BLOCK", 97)
    monkeypatch.setattr(neighbour_search, "QUERIES_AT_ONCE", 13)
    cut = nearest_neighbours(plays, K, age=age, country=country, threads=4)
    assert np.array_equal(whole.ids, cut.ids)
    assert np.array_equal(whole.distances, cut.distances)


def test_twins_are_at_distance_0_and_equal_distances_stand_by_row():
    plays = csr_array(np.repeat([[0.5, 0.3, 0.2, 0], [0, 0.1, 0.2, 0.7]], 300, axis=0))
    found = nearest_neighbours(plays, 310)
    for row in (0, 150, 299, 300, 599):
        twins, others = np.arange(300), np.arange(300, 600)
        if row >= 300:
            twins, others = others, twins
        assert found.ids[row].tolist() == [*twins[twins != row], *others[:11]]
        assert (found.distances[row, :299] == 0).all()
        assert (found.distances[row, 299:] > 0.8).all()


def test_ties_by_the_thousand_stand_by_row():
    found = nearest_neighbours(csr_array(np.eye(3000)), 7)
    assert found.ids[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert found.ids[2999].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert np.allclose(found.distances, np.sqrt(2))


@pytest.mark.parametrize("low", [slice(None, None, STRIDE), slice(1, None, STRIDE), slice(0, 0)])
def test_an_unlucky_sample_of_the_candidates_is_made_good(low):
    k = 250
    keys = np.arange(1.0, 20_001.0)
    keys[low] *= -1  # all of the sample, none of it, nothing at all
    best = Best(np.full(k, np.inf), np.full(k, EMPTY, np.int32))
    buffer = Best(np.empty(6 * k), np.empty(6 * k, np.int32))
    select(keys, np.arange(20_000, dtype=np.int32), best.keys, best.numbers, buffer)
    assert np.array_equal(np.sort(best.keys), np.sort(keys)[:k])
    assert np.array_equal(keys[best.numbers], best.keys)


def test_rows_without_plays_are_compared_by_their_profile():
    plays = csr_array([[0, 0], [1.0, 0], [0, 0], [0, 0]])
    found = nearest_neighbours(
        plays, 3, age=np.array([0, 0, 0.5, 0]), country=np.array(["a", "a", "a", "b"])
    )
    assert found.ids.tolist() == [[2, 1, 3], [0, 2, 3], [0, 1, 3], [0, 2, 1]]
    assert np.allclose(found.distances[0] ** 2, [0.25, 1, 2])
    assert np.allclose(found.distances[3] ** 2, [2, 2.25, 3])


@pytest.mark.parametrize("columns", [0, 5])
def test_a_matrix_without_entries_gives_neighbours_by_row(columns):
    found = nearest_neighbours(csr_array((3, columns)), 2)
    assert found.ids.tolist() == [[1, 2], [0, 2], [0, 1]]


def test_integer_plays_are_not_multiplied_as_integers():
    plays = csr_array(np.array([[60_000, 0], [60_000, 1], [0, 60_000]], dtype=np.int32))
    found = nearest_neighbours(plays, 1, dtype=np.float64)
    assert found.ids.ravel().tolist() == [1, 0, 1]
    assert found.distances[0, 0] == 1


@pytest.mark.parametrize(("users", "k"), [(0, 5), (1, 5), (3, 0), (3, -1)])
def test_neighbours_need_two_users_and_k_of_at_least_1(users, k):
    with pytest.raises(ValueError, match="k >= 1 and two users"):
        nearest_neighbours(csr_array((users, 4)), k=k)
