"""Every recommender that is compared finds a structure that is there by construction."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from evaluation.models import MODELS, models_for
from evaluation.names import BLEND, BLENDS
from evaluation.rivals.linear import (
    ease,
    linear_scorer,
    projected_by_artists,
    projected_by_users,
    rdlae_scorer,
)
from evaluation.rivals.ranking import best_of_dense, filled, rows_by_score
from evaluation.rivals.walks import rp3beta
from evaluation.spaces import DEFAULTS
from listening.play_counts import play_counts_of
from listening.sample.listeners import generated_play_counts
from recommender.implicit_library import IMPLICIT

USERS, ARTISTS = 60, 40
FEW = {"factors": 4}
SETTINGS = {
    "BPR": {"factors": 8, "iterations": 300, "learning_rate": 0.1},
    "ALS": FEW,
    "EASE + ALS": {"EASE": DEFAULTS["EASE"], "ALS": DEFAULTS["ALS"] | FEW},
}


@pytest.fixture
def model(request):
    """The model of a name with its settings here, where its library can be loaded."""
    name = request.param
    if name == BLEND or IMPLICIT.keys() & {name, *BLENDS.get(name, ())}:
        request.getfixturevalue("implicit")
    return lambda data: MODELS[name](data, SETTINGS.get(name, {}), 5, 1).recommended


@pytest.fixture(scope="module")
def two_circles():
    """Even users play only even artists, odd users odd ones: 12 of 20 each."""
    random = np.random.default_rng(1)
    pairs = [
        (user, 2 * artist + user % 2)
        for user in range(USERS)
        for artist in random.choice(ARTISTS // 2, 12, replace=False)
    ]
    users, artists = zip(*pairs, strict=True)
    return play_counts_of(users, artists, random.integers(1, 50, len(pairs)))


@pytest.mark.parametrize("model", [name for name in MODELS if "country" not in name], indirect=True)
def test_a_model_recommends_unheard_artists_by_falling_score(two_circles, model):
    found = model(two_circles)
    assert found.shape == two_circles.matrix.shape
    assert found.multiply(two_circles.matrix).nnz == 0
    for user in range(USERS):
        row = slice(found.indptr[user], found.indptr[user + 1])
        assert 0 < row.stop - row.start <= 5
        assert (np.diff(found.data[row]) <= 0).all()
        assert len(set(found.indices[row])) == row.stop - row.start


@pytest.mark.parametrize(
    "model",
    [name for name in MODELS if "country" not in name and name != "popularity"],
    indirect=True,
)
def test_a_model_stays_within_the_user_s_circle(two_circles, model):
    found = model(two_circles)
    circle = np.array([int(artist) % 2 for artist in two_circles.artists])
    users = np.repeat(two_circles.users.astype(int), np.diff(found.indptr))
    assert (circle[found.indices] == users % 2).mean() > 0.95


def test_popularity_recommends_the_most_played_artist_that_is_unheard():
    data = play_counts_of([*"aabbbcc"], [*"xyxyzzw"], [1] * 7)
    found = MODELS["popularity"](data, {}, 1, 1).recommended
    assert data.artists[found.indices].tolist() == ["z", "w", "x"]


def test_the_country_s_artists_come_from_the_country():
    data = generated_play_counts(users=400, artists=60, seed=2)
    assert "top artists of the country" in models_for(data)
    found = MODELS["top artists of the country"](data, {}, 3, 1).recommended
    for user in range(0, 400, 37):
        same = (data.profiles["country"] == data.profiles["country"].iloc[user]).to_numpy()
        listeners = (data.matrix[same] > 0).sum(axis=0)
        heard = (data.matrix[[user]] > 0).toarray()[0]
        expected = np.sort(np.where(heard, 0, listeners))[::-1][:3]
        row = found.data[found.indptr[user] : found.indptr[user + 1]]
        assert row.tolist() == expected[expected > 0].tolist()


def test_data_without_countries_have_no_country_model(two_circles):
    assert "top artists of the country" not in models_for(two_circles)
    assert "ALS" in models_for(two_circles)


@pytest.fixture(scope="module")
def weights() -> csr_array:
    random = np.random.default_rng(3)
    return csr_array(random.random((30, 20)) * (random.random((30, 20)) < 0.3))


def test_ease_is_a_ridge_regression_of_each_artist_on_the_others(weights):
    scores = linear_scorer(weights, np.full(20, 2.0))(np.arange(30))
    dense, column = weights.toarray(), 7
    others = np.delete(dense, column, axis=1)
    model = np.linalg.solve(others.T @ others + 2 * np.eye(19), others.T @ dense[:, column])
    assert np.allclose(scores[:, column], others @ model)


def test_both_ways_to_solve_a_linear_model_agree(weights):
    penalties = np.linspace(0.5, 3, 20)
    (by_artists, one), (by_users, other) = (
        solve(weights, penalties) for solve in (projected_by_artists, projected_by_users)
    )
    assert np.allclose(by_artists(np.arange(30)), by_users(np.arange(30)))
    assert np.allclose(one, other)


def test_rdlae_is_the_best_under_its_bound():
    """By its definition (Moon, Kim & Lee 2023): no other model under the bound has a lower loss."""
    random = np.random.default_rng(5)
    plays = csr_array((random.random((40, 8)) < 0.5).astype(np.float32))
    settings = DEFAULTS["RDLAE"] | {"regularization": 3.0, "dropout": 0.4, "relaxation": 0.3}
    scores = rdlae_scorer(plays, 0, **settings)(np.arange(40))
    dense = plays.toarray().astype(float)
    model = np.linalg.lstsq(dense, scores)[0]
    diagonal = np.diag(model)
    assert (diagonal <= 0.3 + 1e-9).all()
    assert np.isclose(diagonal, 0.3).any()

    def loss(model: np.ndarray) -> float:
        dropped = np.sqrt(0.4 / 0.6 * np.diag(dense.T @ dense))[:, None] * model
        return ((dense - dense @ model) ** 2).sum() + (dropped**2).sum() + 3 * (model**2).sum()

    for _ in range(200):
        other = model + random.normal(0, 0.01, model.shape)
        np.fill_diagonal(other, np.minimum(np.diag(other), 0.3))
        assert loss(other) > loss(model)


def test_ease_divides_its_scores_by_a_power_of_popularity():
    random = np.random.default_rng(4)
    plays = csr_array((random.random((40, 12)) < 0.3).astype(np.float32))
    settings = DEFAULTS["EASE"]
    plain = ease(plays, 12, 0, **settings | {"popularity_power": 0.0})
    damped = ease(plays, 12, 0, **settings | {"popularity_power": 0.4})
    listeners = (plays > 0).sum(axis=0)
    expected = plain.toarray() / listeners**0.4
    assert np.allclose(damped.toarray(), expected, rtol=1e-5)


def test_rp3beta_walks_three_steps():
    """Probabilities counted path by path; see Paudel et al. (2017)."""
    plays = csr_array([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 1, 1, 1]])
    found = rp3beta(plays, 4, 0, kind="binary", alpha=2.0, beta=0.5, neighbours=10).toarray()
    # From user 0 to artist 2: by artist 1 alone (artist 0 has no other listener), by users 1 and 2.
    step = 0.5**2 * (1 / 3) ** 2 * (0.5**2 + (1 / 3) ** 2)
    assert found[0, 2] == pytest.approx(step / 2**0.5)
    assert found[0, 3] == pytest.approx(0.5**2 * (1 / 3) ** 2 * (1 / 3) ** 2)
    assert (found[plays.toarray() > 0] == 0).all()


def test_lists_are_filled_with_others_once_each():
    found = csr_array((np.array([9.0, 8, 5]), np.array([3, 0, 1]), np.array([0, 2, 2, 3])), (3, 5))
    others = csr_array((np.ones(6), np.array([0, 2, 4, 1, 1, 2]), np.array([0, 3, 4, 6])), (3, 5))
    full = filled(found, others, 3)
    assert np.split(full.indices, full.indptr[1:-1])[0].tolist() == [3, 0, 2]
    assert [part.tolist() for part in np.split(full.indices, full.indptr[1:-1])[1:]] == [
        [1],
        [1, 2],
    ]
    assert (np.diff(full.data[:3]) < 0).all()


def test_fillers_are_not_recommended():
    lowest = np.finfo(np.float32).min
    found = rows_by_score(
        np.array([[2, 0, -1], [1, 2, 0]]), np.array([[3.0, 1, lowest], [2, lowest, lowest]]), (2, 3)
    )
    assert found.toarray().tolist() == [[1, 0, 3], [0, 2, 0]]


def test_the_best_of_dense_scores_leave_out_what_was_heard():
    scores = np.array([[5.0, 4, 3], [1, 2, 3]])
    columns, best = best_of_dense(scores, csr_array([[1, 0, 0], [0, 0, 1]]), 2)
    assert columns.tolist() == [[1, 2], [1, 0]]
    assert best.tolist() == [[4, 3], [2, 1]]
