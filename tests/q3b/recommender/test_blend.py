"""The blend of the damped vote with factors, against z-scores of dense scores written out."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import zscore

from listening.sample.listeners import generated_play_counts
from recommender import blend, damped_vote
from recommender.blend import Settings, z_scores
from recommender.damped_vote import recommend
from recommender.factors import Settings as FactorSettings

USERS, ARTISTS = 200, 150
SETTINGS = Settings(damped_vote.Settings(0.03, 0.15), FactorSettings(8, 5.0, 10.0, 5))


@pytest.fixture(scope="module")
def plays() -> csr_array:
    return generated_play_counts(users=USERS, artists=ARTISTS, seed=6).matrix


@pytest.fixture(scope="module")
def model(plays, implicit):
    return blend.fit(plays, SETTINGS)


def dense_scores(plays: csr_array, factors: tuple) -> tuple[np.ndarray, np.ndarray]:
    """(users, artists) scores by the vote's formula, and by the factors."""
    vote = damped_vote.fit(plays, SETTINGS.vote)
    own = vote.compared.users
    votes = (own @ own.T @ vote.votes).toarray() - own @ vote.basis @ vote.gains.T
    users, artists = factors
    return votes[:, vote.compared.ranks], users @ artists.T


def expected_scores(plays: csr_array, among: np.ndarray) -> np.ndarray:
    """(users, artists) sums of both z-scores over unheard artists `among` all; NaN elsewhere."""
    both = dense_scores(plays, blend.factors.fit(plays, SETTINGS.factors))
    left_out = (plays.toarray() > 0) | ~among
    return sum(zscore(np.where(left_out, np.nan, one), 1, nan_policy="omit") for one in both)


def assert_best(found: csr_array, scores: np.ndarray, top: int) -> None:
    """Each row of `found` has the highest scores above 0, falling."""
    for user, row in enumerate(scores):
        part = slice(*found.indptr[[user, user + 1]])
        best = -np.sort(-row[~np.isnan(row)])[:top]
        np.testing.assert_allclose(found.data[part], best[best > 0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(row[found.indices[part]], found.data[part], rtol=1e-3, atol=1e-4)


def test_a_score_is_the_sum_of_both_z_scores(plays, model):
    found = recommend(model, top=10)
    assert found.nnz == 10 * USERS
    assert_best(found, expected_scores(plays, np.ones(ARTISTS, bool)), 10)


def test_a_large_catalogue_is_blended_where_most_listen(plays, model, monkeypatch):
    monkeypatch.setattr("recommender.damped_vote.MOST_IN_HEAD", 60)
    among = np.zeros(ARTISTS, bool)
    among[model.compared.order[:60]] = True
    found = recommend(blend.fit(plays, SETTINGS), top=10)
    assert among[found.indices].all()
    assert_best(found, expected_scores(plays, among), 10)


def test_blocks_and_threads_change_nothing(plays, model, monkeypatch):
    monkeypatch.setattr("recommender.damped_vote.BLOCK", 7)
    monkeypatch.setattr("recommender.blend.USERS_AT_ONCE", 3)
    found = recommend(blend.fit(plays, SETTINGS, threads=3), threads=3)
    again = recommend(blend.fit(plays, SETTINGS, threads=1), threads=1)
    assert found.data.tobytes() == again.data.tobytes()
    assert found.indices.tobytes() == again.indices.tobytes()


def test_the_reasons_are_those_of_the_vote(plays, model):
    rows = np.arange(5)
    found = model.best(rows, 10)
    alone = damped_vote.fit(plays, SETTINGS.vote).reasons(rows, found)
    for one, other in zip(model.reasons(rows, found), alone, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)
    own = plays.toarray() > 0
    users = np.repeat(rows, np.diff(found.indptr))
    first = alone.artists[:, 0]
    assert own[users[first >= 0], first[first >= 0]].all()
    assert (first >= 0).mean() > 0.9


def test_played_artists_are_recommended_on_request(plays, model):
    found = model.best(np.arange(USERS), 10, include_played=True)
    assert found.multiply(plays > 0).nnz > USERS


def test_a_user_of_whom_nothing_is_known_gets_nothing(model, plays):
    empty = csr_array(np.vstack([plays.toarray(), np.zeros(ARTISTS)]), dtype=np.float32)
    assert blend.fit(empty, SETTINGS).best(np.array([USERS]), 10).nnz == 0


def test_z_scores_are_those_of_the_unheard():
    scores = np.array([[9.0, 1, 2, 3], [5, 5, 5, 0]])
    found = z_scores(scores, csr_array([[1, 0, 0, 0], [0, 0, 0, 1]]))
    assert found[0, 1:] == pytest.approx(np.array([-1, 0, 1]) / np.sqrt(2 / 3))
    assert (found[1, :3] == 0).all(), "equal scores say nothing"


def test_what_is_heard_counts_also_where_its_weight_is_0():
    heard = csr_array((np.zeros(1), np.array([0]), np.array([0, 1])), (1, 3))
    found = z_scores(np.array([[100.0, 1, 3]]), heard)
    assert found[0, 1:].tolist() == [-1, 1]
