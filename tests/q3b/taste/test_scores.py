"""The index answers as the fitted model does: artists, scores and reasons."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from recommender.damped_vote import Settings, fit
from store.protocol import Catalogue
from taste.index import open_index
from taste.scores import own_of, recommended, scores_of, similar
from taste.written import write_index
from tests.q3b.recommender.test_damped_vote import drawn_plays, set_head

TOP = 20


@pytest.fixture(params=[(8, 12, 0.0), (0, 0, 0.002), (99, 99, 0.0), (14, 20, 0.0)])
def fitted(request, monkeypatch, tmp_path):
    """The plays, the model, its index; some artists are in the head, or all, or none."""
    fewest, popular, popularity = request.param
    set_head(monkeypatch, fewest, popular)
    plays = drawn_plays()
    model = fit(plays, Settings(0.05, 0.25, popularity))
    names = np.array([f"item {number}" for number in range(plays.shape[1])], object)
    write_index(model, Catalogue(names, names), tmp_path)
    return plays, model, open_index(tmp_path)


def own_plays(index, plays: csr_array, user: int):
    row = plays[[user]]
    return own_of(index, index.ranks[row.indices], row.data)


def test_every_user_gets_the_models_artists_scores_and_reasons(fitted):
    plays, model, index = fitted
    rows = np.arange(plays.shape[0])
    best = model.best(rows, TOP)
    why = model.reasons(rows, best)
    for user in rows:
        part = slice(best.indptr[user], best.indptr[user + 1])
        rule, found = recommended(index, own_plays(index, plays, user), TOP)
        found = found[: part.stop - part.start]
        assert rule == "neighbours"
        assert model.compared.order[found["artist"]].tolist() == best.indices[part].tolist()
        np.testing.assert_allclose(found["score"], best.data[part], rtol=2e-4, atol=1e-6)
        causes = found["because_artist"]
        causes = np.where(causes >= 0, model.compared.order[causes], -1)
        assert (causes == why.artists[part]).all()
        assert (found["because_listeners"] == why.listeners[part]).all()
        np.testing.assert_allclose(found["because_share"], why.shares[part], rtol=1e-3, atol=1e-5)


def test_the_weights_are_the_models(fitted):
    plays, model, index = fitted
    for user in range(plays.shape[0]):
        own, compared = own_plays(index, plays, user), model.compared.users[[user]]
        assert own.artists.tolist() == compared.indices.tolist()
        assert own.weights.tolist() == compared.data.tolist()


def test_an_empty_taste_gets_what_most_play(fitted):
    plays, model, index = fitted
    rule, found = recommended(index, own_of(index, np.zeros(0, int), np.zeros(0)), TOP)
    listeners = np.bincount(plays.indices)
    expected = np.argsort(-listeners, kind="stable")[:TOP]
    assert rule == "global"
    assert model.compared.order[found["artist"]].tolist() == expected.tolist()
    np.testing.assert_allclose(found["score"], listeners[expected] / plays.shape[0])


def test_similar_items_count_the_listeners_of_both(fitted):
    plays, model, index = fitted
    dense = plays.toarray() > 0
    for artist in range(0, plays.shape[1], 9):
        found = similar(index, int(index.ranks[artist]), TOP)
        assert found
        for other, _, shared in found:
            other = model.compared.order[other]
            assert other != artist
            assert shared == (dense[:, artist] & dense[:, other]).sum() > 0


def test_scores_are_the_formulas(fitted):
    plays, model, index = fitted
    own = own_plays(index, plays, 3)
    users, votes = model.compared.users.toarray(), model.votes.toarray()
    row = users[3]
    expected = row @ (users.T @ votes) - (row @ model.basis) @ model.gains.T
    np.testing.assert_allclose(scores_of(index, own), expected, rtol=1e-3, atol=1e-5)
