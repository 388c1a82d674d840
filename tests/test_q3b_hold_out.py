"""The score on a hold-out, with recommendations of which the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hold_out import FEWEST, hide, hold_out_scores
from listeners import generated_play_counts
from scipy.sparse import csr_array

TOP = 20


@pytest.fixture(scope="module")
def plays():
    return generated_play_counts(users=300, artists=200, seed=1)


def recommending(hidden_first, plays):
    """Recommend what was hidden (the oracle) or what is not played at all."""

    def recommend(sample):
        rows, columns = [], []
        whole = plays.matrix.toarray()[np.searchsorted(plays.users, sample.users)] > 0
        kept = sample.matrix.toarray() > 0
        for user in range(len(sample.users)):
            wanted = whole[user] & ~kept[user] if hidden_first else ~whole[user]
            best = np.flatnonzero(wanted)[:TOP]
            rows += [user] * len(best)
            columns += best.tolist()
        shape = sample.matrix.shape
        return csr_array((np.ones(len(rows)), (rows, columns)), shape)

    return recommend


def test_an_oracle_scores_one_and_its_opposite_zero(plays):
    assert hold_out_scores(plays, recommending(True, plays), TOP, seed=3) == {
        "recall@20": 1.0,
        "ndcg@20": 1.0,
    }
    scores = hold_out_scores(plays, recommending(False, plays), TOP, seed=3)
    assert set(scores.values()) == {0.0}


def test_a_fifth_of_each_history_is_hidden_and_nothing_is_lost(plays):
    kept, hidden = hide(plays.matrix, np.random.default_rng(0))
    counts = np.diff(plays.matrix.indptr)
    quota = np.where(counts >= FEWEST, counts // 5, 0)
    assert np.diff(hidden.indptr).tolist() == quota.tolist()
    assert ((kept + hidden) != plays.matrix).nnz == 0
    assert kept.multiply(hidden).nnz == 0


def test_one_hit_of_two_counts_by_its_place():
    matrix = csr_array(np.ones((1, 10), dtype=np.float32))
    plays = generated_play_counts(users=1, artists=10, seed=1)
    plays = replace(plays, matrix=matrix)

    def recommend(sample):
        hidden = np.setdiff1d(range(10), sample.matrix.indices)
        columns = np.array([sample.matrix.indices[0], hidden[0]])
        return csr_array((np.array([2.0, 1.0]), columns, np.array([0, 2])), matrix.shape)

    scores = hold_out_scores(plays, recommend, 2, seed=0)
    assert scores["recall@2"] == 0.5
    assert scores["ndcg@2"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))


def test_nothing_to_hide_is_no_score(plays):
    short = replace(plays, matrix=csr_array(np.eye(300, 200, dtype=np.float32)))
    assert hold_out_scores(short, recommending(True, short), TOP, seed=0) == {}
