"""The reasons of a recommendation, against slow computations by their definition."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from listening.sample.listeners import generated_play_counts
from recommender import damped_vote, reference
from recommender.damped_vote import Settings, parts_of_scores
from recommender.explanations import REASONS, empty_parts
from recommender.kernels.reasons import parts_of_votes
from recommender.votes import table_of

USERS = 120


@pytest.fixture(scope="module")
def listeners():
    return generated_play_counts(users=USERS, artists=90, seed=5)


@pytest.fixture(params=[(1, 1, 1), (45, 30, 25), (30, 45, 45), (99, 1, 1)], ids=str)
def damped(request, listeners, monkeypatch):
    monkeypatch.setattr("recommender.damped_vote.FEWEST_IN_HEAD", request.param[0])
    monkeypatch.setattr("recommender.damped_vote.POPULAR", request.param[1])
    monkeypatch.setattr("recommender.damped_vote.FEWEST_KEPT", request.param[2])
    monkeypatch.setattr("recommender.damped_vote.SMALLEST_HEAD", 0)
    return damped_vote.fit(listeners.matrix, Settings(limit=0.03, popularity=0.001))


def test_the_parts_of_own_artists_add_up_to_the_score(damped, listeners):
    rows = np.arange(USERS)
    found = damped.best(rows, 20)
    parts = parts_of_scores(damped, damped.compared.users, found)
    assert found.nnz > 1000
    np.testing.assert_allclose(parts.sum(axis=1), found.data, rtol=2e-4, atol=1e-5)
    users = np.repeat(rows, np.diff(found.indptr))
    own = listeners.matrix.toarray() > 0
    for entry in range(0, found.nnz, 97):
        artists = damped.compared.order[parts[[entry]].indices]
        assert own[users[entry], artists].all()
        assert len(artists) == own[users[entry]].sum()


def test_a_part_is_what_the_score_loses_without_the_artist(damped):
    """A score is linear in the user's row: with one artist's entry at 0 it lacks that part."""
    user = damped.compared.users[[7]]
    found = damped.best_of(user, 5)
    parts = parts_of_scores(damped, user, found).toarray()
    without = user.copy()
    without.data[3] = 0
    lost = found.toarray() - damped.best_of(without, 90).toarray()
    expected = parts[:, user.indices[3]]
    np.testing.assert_allclose(lost[0, found.indices], expected, rtol=1e-3, atol=1e-4)


def test_shares_and_listeners_are_those_of_the_definition(damped, listeners):
    rows = np.array([7, 3, 20])
    found = damped.best(rows, 10)
    why = damped.reasons(rows, found)
    own = listeners.matrix.toarray() > 0
    parts = parts_of_scores(damped, damped.compared.users[rows], found).toarray()
    by_column = parts[:, damped.compared.ranks]
    for entry, artist in enumerate(found.indices):
        speaking = np.maximum(by_column[entry], 0)
        order = np.argsort(-speaking, kind="stable")[:REASONS]
        both = (own[:, order] & own[:, [artist]]).sum(axis=0)
        order, both = order[both > 0], both[both > 0]
        shares = np.zeros(REASONS)
        shares[: len(order)] = speaking[order] / speaking.sum()
        np.testing.assert_allclose(why.shares[entry], shares, rtol=1e-4)
        assert why.artists[entry].tolist() == [*order, *[-1] * (REASONS - len(order))]
        assert why.listeners[entry].tolist() == [*both, *[0] * (REASONS - len(both))]


def test_a_block_of_users_gets_what_all_users_get(damped):
    rows = np.array([7, 3, 20])
    whole, part = damped.best(np.arange(USERS), 20), damped.best(rows, 20)
    entries = np.concatenate([np.arange(*whole.indptr[[row, row + 1]]) for row in rows])
    every, some = damped.reasons(np.arange(USERS), whole), damped.reasons(rows, part)
    for one, all_of_them in zip(some, every, strict=True):
        np.testing.assert_array_equal(one, all_of_them[entries])


def parts_by_definition(user, artist, model):
    """(m,) what each of the user's own artists brings: each vote divided by shared products."""
    weights, shares = model.neighbours.toarray(), model.shares.toarray()
    given = np.zeros(shares.shape[1])
    for neighbour in np.flatnonzero(weights[user]):
        products = shares[user] * shares[neighbour]
        if products.sum() > 0:
            vote = weights[user, neighbour] * shares[neighbour, artist]
            given += vote * products / products.sum()
    return given


def test_the_votes_of_neighbours_are_divided_among_shared_artists(listeners):
    model = reference.fit(listeners, 15)
    rows = np.array([4, 90])
    found = model.best(rows, 8)
    parts, shares = empty_parts(model.shares[rows], found), table_of(model.shares)
    neighbours, wanted = table_of(model.neighbours[rows]), table_of(found)
    parts_of_votes(rows, neighbours, shares, shares, wanted, 90, parts.data)
    users = np.repeat(rows, np.diff(found.indptr))
    for entry, (user, artist) in enumerate(zip(users, found.indices, strict=True)):
        expected = parts_by_definition(user, artist, model)
        np.testing.assert_allclose(parts[[entry]].toarray()[0], expected, rtol=1e-3, atol=1e-7)
    assert (model.reasons(rows, found).listeners > 0).any()


def test_a_neighbour_that_shares_no_artist_is_no_reason():
    shares = csr_array(np.array([[1, 0], [0, 1]], dtype=np.float32))
    weights = csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32))
    model = reference.ReferenceVote(weights, shares, csr_array(shares.T.tocsr()))
    rows = np.arange(2)
    why = model.reasons(rows, model.best(rows, 2))
    assert (why.artists == -1).all()
    assert (why.shares == 0).all()
