"""A vote of some users for all: lists, reasons and voters, by the formula written out."""

import pickle

import numpy as np
import pytest

from listening.sample.listeners import generated_play_counts
from recommender import damped_vote
from recommender.blocks import BLOCK, Asked, parts_of_users, recommended_block
from recommender.methods import ByPlays, Users, fitted_recommender
from recommender.popularity import popularity_of
from tests.q3b.recommender.test_damped_vote import SETTINGS, drawn_plays, rows_of

MEMBERS = np.flatnonzero(np.arange(120) % 3)  # 80 of 120 users vote


@pytest.fixture(scope="module")
def vote():
    plays = drawn_plays()
    return ByPlays(damped_vote.fit(plays[MEMBERS], SETTINGS), MEMBERS)


def scores_of_members(users: np.ndarray) -> np.ndarray:
    """What the members' plays give the users: K R / listeners^beta, K by dense eigenpairs."""
    dense = drawn_plays().toarray().astype(float)
    means = dense.sum(axis=1, keepdims=True) / (dense > 0).sum(axis=1, keepdims=True)
    weights = np.where(dense > 0, 1 + np.log1p(dense / means), 0)
    listeners = (dense[MEMBERS] > 0).sum(axis=0)
    rare = weights * np.log(len(MEMBERS) / np.maximum(listeners, 1)) * (listeners > 0)
    rare /= np.linalg.norm(rare, axis=1, keepdims=True)
    votes = weights[MEMBERS]
    votes = votes * np.linalg.norm(votes, axis=1, keepdims=True) ** -0.25
    values, vectors = np.linalg.eigh(rare[MEMBERS] @ rare[MEMBERS].T)
    values, vectors = values[-64:], vectors[:, -64:]
    limit = SETTINGS.limit * len(MEMBERS)
    damped = 1 - (1 + (values / limit) ** 4) ** -0.25
    cosine = rare[users] @ rare[MEMBERS].T
    left = cosine - (cosine @ vectors * damped) @ vectors.T
    return left @ votes / np.maximum(listeners, 1.0) ** SETTINGS.popularity_power


def test_users_who_do_not_vote_get_what_the_voters_give(vote):
    rows = np.setdiff1d(np.arange(120), MEMBERS)
    plays = drawn_plays()[rows]
    found = vote.best(Users(rows, plays), 10)
    expected = np.where(plays.toarray() > 0, 0, scores_of_members(rows))
    order = np.argsort(-expected, axis=1, kind="stable")[:, :10]
    assert rows_of(found) == order.tolist()
    np.testing.assert_allclose(found.data, np.take_along_axis(expected, order, 1).ravel(), 1e-3)
    why = vote.reasons(Users(rows, plays), found)
    users = np.repeat(np.arange(len(rows)), 10)
    assert (plays.toarray()[users, why.artists[:, 0]] > 0).all()


def test_users_who_vote_get_what_they_get_by_number(vote):
    plays = drawn_plays()[MEMBERS]
    users, numbers = Users(MEMBERS, plays), np.arange(len(MEMBERS))
    found, known = vote.best(users, 10), vote.model.best(numbers, 10)
    assert found.data.tobytes() == known.data.tobytes()
    assert rows_of(found) == rows_of(known)
    why, known_why = vote.reasons(users, found), vote.model.reasons(numbers, known)
    assert [part.tobytes() for part in why] == [part.tobytes() for part in known_why]


def test_nobody_votes_for_themselves(vote):
    rows = np.array([0, 1, 2, 3])
    assert vote.voters(Users(rows, drawn_plays()[rows])).tolist() == [80, 79, 79, 80]


def test_a_block_takes_its_own_users_along_and_no_others():
    many, few = (generated_play_counts(users, 300, 1) for users in (2 * BLOCK, BLOCK + 200))
    few = few.select_users(slice(0, BLOCK))
    sizes = [len(pickle.dumps(next(parts_of_users(plays)))) for plays in (many, few)]
    assert abs(sizes[0] - sizes[1]) < 0.2 * sizes[1] < 200_000
    made, popularity = fitted_recommender(many, "cosine"), popularity_of(many)
    blocks = [recommended_block(made, popularity, Asked(5), one) for one in parts_of_users(many)]
    assert [user for block in blocks for user in block.users] == many.users.tolist()
