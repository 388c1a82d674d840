"""The damped vote against its formula, written out with a dense matrix of users by users."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from listening.sample.listeners import generated_play_counts
from recommender.damped_vote import Settings, fit, recommend
from recommender.votes import BLOCK, votes_of_voters

MANY = 10**6  # entries of the head: no limit
SETTINGS = Settings(limit=0.05, popularity_power=0.25)


def drawn_plays() -> csr_array:
    random = np.random.default_rng(2)
    plays = csr_array(random_array((120, 90), density=0.15, rng=random))
    plays.data = np.floor(random.lognormal(3, 1.5, plays.nnz) + 1)
    plays.sort_indices()
    return plays.astype(np.float32)


def scores_by_formula(plays: csr_array, settings: Settings) -> np.ndarray:
    """K R / listeners^beta with all eigenpairs of G, of which the smallest are hardly damped."""
    dense = plays.toarray().astype(float)
    played = dense > 0
    listeners = played.sum(axis=0)
    means = dense.sum(axis=1) / played.sum(axis=1)
    weights = np.where(played, 1 + np.log1p(dense / means[:, None]), 0)
    rare = weights * np.log(len(dense) / np.maximum(listeners, 1))
    rare /= np.linalg.norm(rare, axis=1, keepdims=True)
    cosine = rare @ rare.T
    values, vectors = np.linalg.eigh(cosine)
    largest = slice(-64, None)
    limit = settings.limit * len(dense)
    damped = values * (1 - (1 + (values / limit) ** 4) ** -0.25) if limit else 0 * values
    votes = weights * np.linalg.norm(weights, axis=1, keepdims=True) ** -0.25
    shared = (vectors[:, largest] * damped[largest]) @ vectors[:, largest].T
    scores = (cosine - shared) @ votes / np.maximum(listeners, 1.0) ** settings.popularity_power
    return scores + settings.popularity * rare.sum(axis=1)[:, None] * listeners


def best_by_sorting(scores: np.ndarray, plays: csr_array, top: int) -> list[list[int]]:
    scores = np.where(plays.toarray() > 0, 0, scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [[a for a in row if scores[user, a] > 0] for user, row in enumerate(order)]


def rows_of(matrix: csr_array) -> list[list[int]]:
    return [part.tolist() for part in np.split(matrix.indices, matrix.indptr[1:-1])]


def set_head(monkeypatch, fewest: int, popular: int, largest: int = MANY, kept: int = 1) -> None:
    monkeypatch.setattr("recommender.damped_vote.FEWEST_IN_HEAD", fewest)
    monkeypatch.setattr("recommender.damped_vote.POPULAR", popular)
    monkeypatch.setattr("recommender.damped_vote.FEWEST_KEPT", kept)
    monkeypatch.setattr("recommender.damped_vote.SMALLEST_HEAD", 0)
    monkeypatch.setattr("recommender.damped_vote.LARGEST_HEAD", largest)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param((1, 1), id="all"),
        pytest.param((1, 18), id="few popular"),
        pytest.param((20, 16, MANY, 99), id="none kept"),
        pytest.param((16, 99, MANY, 18), id="none popular"),
        pytest.param((99, 16), id="popular alone"),
        pytest.param((1, 1, 90 * 7), id="limited"),
        pytest.param((99, 99, MANY, 99), id="none"),
    ],
)
@pytest.mark.parametrize(
    "settings",
    [SETTINGS, Settings(0, 0), Settings(0.02, 0.15), Settings(0.05, 0.15, popularity=0.01)],
)
def test_the_scores_are_those_of_the_formula_whatever_the_head(settings, head, monkeypatch):
    set_head(monkeypatch, *head)
    plays = drawn_plays()
    before = plays.copy()
    expected = scores_by_formula(plays, settings)
    found = recommend(fit(plays, settings), top=10)
    assert rows_of(found) == best_by_sorting(expected, plays, 10)
    users = np.repeat(np.arange(plays.shape[0]), np.diff(found.indptr))
    np.testing.assert_allclose(found.data, expected[users, found.indices], rtol=1e-3)
    assert (plays != before).nnz == 0


@pytest.mark.parametrize("limit", [0.0, 0.002, 0.01])
def test_an_upper_bound_leaves_out_no_artist_of_a_long_tail(limit, monkeypatch):
    set_head(monkeypatch, 32, 128, kept=64)
    plays = generated_play_counts(users=400, artists=1500, seed=4).matrix
    model = fit(plays, Settings(limit, 0.15))
    assert model.head.shape[1] < 200 < 64 * len(model.most.T)
    users, heard = model.compared.users, plays.toarray()[:, model.compared.order] > 0
    scores = (users @ users.T @ model.votes).toarray() - users @ model.basis @ model.gains.T
    best = -np.sort(-np.where(heard, 0, scores), axis=1)[:, :10]
    found = recommend(model, top=10)
    expected = best[best > 0]
    assert found.nnz == len(expected) > 3000
    np.testing.assert_allclose(found.data, expected, rtol=1e-3, atol=1e-5)


def test_blocks_and_threads_change_nothing(monkeypatch):
    set_head(monkeypatch, 17, 20, kept=16)
    plays = drawn_plays()
    whole = recommend(fit(plays, SETTINGS, threads=1), threads=1)
    monkeypatch.setattr("recommender.damped_vote.BLOCK", 7)
    cut = recommend(fit(plays, SETTINGS, threads=3), threads=3)
    assert whole.data.tobytes() == cut.data.tobytes()
    assert rows_of(whole) == rows_of(cut)


def test_summed_votes_are_the_product_whatever_the_threads():
    random = np.random.default_rng(3)
    voters = csr_array(random_array((2 * BLOCK + 5, 70), density=0.1, rng=random), dtype=np.float32)
    votes = csr_array(random_array((70, 40), density=0.2, rng=random), dtype=np.float32)
    one, three = (votes_of_voters(voters, votes, threads) for threads in (1, 3))
    assert one.data.tobytes() == three.data.tobytes()
    assert one.indices.tobytes() == three.indices.tobytes()
    np.testing.assert_allclose(one.toarray(), voters.toarray() @ votes.toarray(), rtol=1e-5)


def test_of_equal_scores_the_artist_with_more_listeners_comes_first():
    plays = np.zeros((6, 6))
    plays[0, 0] = 1
    plays[1:3, :4] = 1  # ann's artist, and three alike
    plays[3:, 1] = 1
    plays[3:, 4] = 1
    found = recommend(fit(csr_array(plays, dtype=np.float32), Settings(0, 0)))
    assert rows_of(found)[0] == [1, 2, 3]


def test_a_new_user_gets_what_the_same_user_gets_in_the_model():
    plays = drawn_plays()
    model = fit(plays, SETTINGS)
    found, known = model.best_of(model.compared.of(plays[3:9])), recommend(model)[3:9]
    assert found.data.tobytes() == known.data.tobytes()
    assert rows_of(found) == rows_of(known)
    nobody = csr_array((1, 90), dtype=np.float32)
    assert model.best_of(model.compared.of(nobody)).nnz == 0


def test_played_artists_are_recommended_on_request():
    plays = drawn_plays()
    model = fit(plays, SETTINGS)
    found = model.best(np.arange(120), 10, include_played=True)
    played = [np.isin(row, plays[[user]].indices) for user, row in enumerate(rows_of(found))]
    assert np.mean(played) > 0.5


@pytest.mark.parametrize(
    "plays",
    [
        np.empty((0, 3)),
        np.array([[1.0, 2, 3]]),
        np.ones((5, 4)),
        np.array([[1.0, 1, 1], [1, 0, 0], [0, 0, 0]]),
    ],
    ids=["nobody", "one user", "everybody plays all", "one plays all, one nothing"],
)
def test_odd_sets_give_no_error_and_nothing_heard(plays):
    matrix = csr_array(plays.astype(np.float32))
    found = recommend(fit(matrix))
    assert found.shape == plays.shape
    assert found.multiply(matrix > 0).nnz == 0
