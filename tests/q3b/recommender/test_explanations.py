"""The reasons of a recommendation, against a slow computation by their definition."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from recommender.explanations import REASONS, neighbour_shares, reasons
from recommender.votes import table_of

USERS, ARTISTS = 40, 30


@pytest.fixture
def model():
    """Random neighbours, votes and compared weights of USERS users and ARTISTS artists."""
    random = np.random.default_rng(5)
    compared = random_array((USERS, ARTISTS), density=0.2, rng=random, dtype=np.float32).tocsr()
    votes = random_array((USERS, ARTISTS), density=0.3, rng=random, dtype=np.float32).tocsr()
    votes.data -= 0.2  # some vote against an artist
    weights = random_array((USERS, USERS), density=0.3, rng=random, dtype=np.float32).tolil()
    weights.setdiag(0)
    return csr_array(weights), csr_array(votes), csr_array(compared)


def best_unheard(weights, votes, compared):
    scores = np.where(compared.toarray() > 0, 0, (weights @ votes).toarray())
    best = np.argsort(-scores, axis=1)[:, :5]
    rows = np.repeat(np.arange(USERS), 5)
    kept = scores[rows, best.ravel()] > 0
    return csr_array((scores[rows, best.ravel()][kept], (rows[kept], best.ravel()[kept])))


def shares_by_definition(user, artist, weights, votes, compared):
    """(ARTISTS,) the share of the score of `artist` that comes by each of the user's own."""
    given, total = np.zeros(ARTISTS), 0.0
    for neighbour in np.flatnonzero(weights[user]):
        vote = weights[user, neighbour] * votes[neighbour, artist]
        products = compared[user] * compared[neighbour]
        if vote > 0:
            total += vote
            given += vote * products / products.sum() if products.sum() > 0 else 0
    return given / total


def test_shares_and_listeners_are_those_of_the_definition(model):
    weights, votes, compared = model
    recommended = best_unheard(*model)
    recommended.resize((USERS, ARTISTS))
    found = reasons(np.arange(USERS), weights, table_of(votes), table_of(compared), recommended)
    dense = [matrix.toarray() for matrix in model]
    assert recommended.nnz > 100
    for entry, (user, artist) in enumerate(zip(*recommended.nonzero(), strict=True)):
        expected = shares_by_definition(user, artist, *dense)
        order = np.argsort(-expected, kind="stable")[:REASONS]
        order = order[expected[order] > 0]
        np.testing.assert_allclose(found.shares[entry][: len(order)], expected[order], rtol=1e-4)
        assert (found.artists[entry][len(order) :] == -1).all()
        for cause, listeners in zip(found.artists[entry], found.listeners[entry], strict=True):
            if cause >= 0:
                assert dense[2][user, cause] > 0
                assert listeners == np.sum((dense[0][user] > 0) & (dense[2][:, cause] > 0))


def test_a_block_of_users_gets_what_all_users_get(model):
    weights, votes, compared = model
    recommended = best_unheard(*model)
    recommended.resize((USERS, ARTISTS))
    whole = reasons(np.arange(USERS), weights, table_of(votes), table_of(compared), recommended)
    rows = np.array([7, 3, 20])
    part = reasons(rows, weights[rows], table_of(votes), table_of(compared), recommended[rows])
    entries = np.concatenate([np.arange(*recommended.indptr[[row, row + 1]]) for row in rows])
    for one, all_of_them in zip(part, whole, strict=True):
        np.testing.assert_array_equal(one, all_of_them[entries])


def test_a_neighbour_that_shares_no_artist_is_no_reason():
    weights = csr_array(np.array([[0, 1], [1, 0]], dtype=np.float32))
    votes = csr_array(np.array([[0, 0], [0, 2]], dtype=np.float32))
    compared = csr_array(np.array([[1, 0], [0, 1]], dtype=np.float32))
    recommended = csr_array(np.array([[0, 2], [0, 0]], dtype=np.float32))
    found = reasons(np.arange(2), weights, table_of(votes), table_of(compared), recommended)
    assert (found.artists == -1).all()
    assert (found.shares == 0).all()


def test_shares_of_the_neighbours_are_their_parts_of_the_score_without_their_names(model):
    weights, votes, _ = model
    for user in range(USERS):
        given = (weights[[user]].toarray().ravel()[:, None] * votes.toarray())[:, 4]
        given = np.sort(given[given > 0])[::-1]
        shares = neighbour_shares(weights[[user]], votes, artist=4)
        np.testing.assert_allclose(shares, given / given.sum(), rtol=1e-5)
    nobody = csr_array((1, USERS), dtype=np.float32)
    assert neighbour_shares(nobody, votes, artist=4).tolist() == []
