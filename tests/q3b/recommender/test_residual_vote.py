"""The recommender against its formula written out with dense matrices."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array
from sklearn.metrics.pairwise import cosine_similarity

from recommender.residual_vote import ResidualVote, Settings, fit, neighbours_of_new, recommend
from recommender.votes import best_artists, less_what_neighbours_predict

ALL = 10**6


def drawn_plays() -> csr_array:
    random = np.random.default_rng(2)
    plays = csr_array(random_array((120, 90), density=0.15, rng=random))
    plays.data = np.floor(random.lognormal(3, 1.5, plays.nnz) + 1)
    plays.sort_indices()
    return plays.astype(np.float32)


def scores_by_formula(plays: csr_array, settings: Settings) -> np.ndarray:
    """(W - t W W) R / listeners^beta with relative play weights, all dense."""
    dense = plays.toarray().astype(float)
    played = dense > 0
    listeners = played.sum(axis=0)
    means = dense.sum(axis=1) / played.sum(axis=1)
    weights = np.where(played, 1 + np.log1p(dense / means[:, None]), 0)
    rarity = np.log(len(dense) / np.maximum(listeners, 1)) ** settings.rarity_power
    similarity = cosine_similarity(weights * rarity)
    np.fill_diagonal(similarity, 0)
    limits = -np.sort(-similarity, axis=1)[:, settings.neighbours - 1]
    similarity[similarity < limits[:, None]] = 0
    similarity **= settings.similarity_power
    hop = similarity / similarity.sum(axis=1, keepdims=True)
    scores = (hop - settings.residual * hop @ hop) @ weights
    return scores * np.maximum(listeners, 1.0) ** -settings.popularity_power


def best_by_sorting(scores: np.ndarray, heard: np.ndarray, top: int) -> list[list[int]]:
    scores = np.where(heard, 0, scores)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [[a for a in row if scores[user, a] > 0] for user, row in enumerate(order)]


def rows_of(matrix: csr_array) -> list[list[int]]:
    return [part.tolist() for part in np.split(matrix.indices, matrix.indptr[1:-1])]


def recommend_new(model: ResidualVote, plays: csr_array) -> csr_array:
    """The artists of users not in the model, as `recommend` finds those of the others."""
    neighbours = neighbours_of_new(model, plays)
    return best_artists(lambda users: neighbours[users], model.votes, plays)


@pytest.mark.parametrize(("residual", "power"), [(0.0, 1.0), (0.7, 1.0), (0.7, 1.5)])
def test_the_scores_are_those_of_the_formula(residual, power):
    plays = drawn_plays()
    settings = Settings(
        similarity_plays="relative",
        vote_plays="relative",
        neighbours=30,
        residual=residual,
        predicted=ALL,
        similarity_power=power,
    )
    expected = scores_by_formula(plays, settings)
    found = recommend(fit(plays, settings), top=10)
    assert rows_of(found) == best_by_sorting(expected, plays.toarray() > 0, 10)
    users = np.repeat(np.arange(plays.shape[0]), np.diff(found.indptr))
    assert np.allclose(found.data, expected[users, found.indices], rtol=1e-4)


def test_own_artists_and_the_largest_predictions_are_kept():
    votes = csr_array([[2.0, 0, 0, 0, 0], [0, 4, 3, 2, 1], [6, 1, 0, 0, 8]])
    neighbours = csr_array([[0, 1.0, 0], [0, 0, 1.0], [0.5, 0.5, 0]])
    found = less_what_neighbours_predict(votes, neighbours, share=0.5, kept=2)
    expected = [[2, -2, -1.5, 0, 0], [-3, 3.5, 3, 2, -3], [5.5, 0, -0.75, -0.5, 7.75]]
    assert found.toarray().tolist() == expected


def test_predictions_that_tie_for_the_last_place_are_left_out():
    votes = csr_array([[1.0, 0, 0], [0, 2, 2]])
    neighbours = csr_array([[0, 1.0], [0, 0]])
    found = less_what_neighbours_predict(votes, neighbours, share=0.5, kept=1)
    assert found.toarray().tolist() == [[1, 0, 0], [0, 2, 2]]


def test_blocks_and_threads_change_nothing(monkeypatch):
    plays = drawn_plays()
    whole = recommend(fit(plays, threads=1), threads=1)
    monkeypatch.setattr("recommender.votes.BLOCK", 7)
    cut = recommend(fit(plays, threads=3), threads=3)
    assert (whole != cut).nnz == 0
    assert rows_of(whole) == rows_of(cut)


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


def test_a_new_user_with_the_plays_of_a_known_one_meets_that_twin_first():
    plays = drawn_plays()
    model = fit(plays, Settings(neighbours=20))
    hops = neighbours_of_new(model, plays[:5])
    assert [row[0] for row in rows_of(hops)] == [0, 1, 2, 3, 4]
    assert np.allclose(hops.sum(axis=1), 1)
    found = recommend_new(model, plays[:5])
    assert found.multiply(plays[:5] > 0).nnz == 0
    assert np.diff(found.indptr).tolist() == [20] * 5


def test_a_new_user_gets_what_the_same_user_gets_in_the_model():
    plays = drawn_plays()
    settings = Settings(  # nothing here depends on who else is in the model
        "relative",
        rarity_power=0,
        neighbours=15,
        vote_plays="relative",
        residual=0,
        popularity_power=0,
        similarity_power=1.5,
    )
    found = recommend_new(fit(plays[1:], settings), plays[:1])
    assert rows_of(found)[0] == rows_of(recommend(fit(plays, settings)))[0]


def test_a_new_user_without_a_known_artist_gets_nothing():
    assert recommend_new(fit(drawn_plays()), csr_array((1, 90), dtype=np.float32)).nnz == 0


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


def test_settings_that_make_no_sense_are_named():
    with pytest.raises(ValueError, match="no weights named 'cubic': choose from binary"):
        fit(drawn_plays(), Settings(vote_plays="cubic"))
    with pytest.raises(ValueError, match="k >= 1"):
        fit(drawn_plays(), Settings(neighbours=0))
