"""The measures of recommendations on cases worked out by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from evaluation.metrics import hits, hubness, recall_and_ndcg, variety

# Two users and one without held-out artists; rows of artists by falling score.
RECOMMENDED = csr_array(
    (np.array([9.0, 8, 7, 9, 8, 5]), np.array([3, 0, 4, 1, 2, 0]), np.array([0, 3, 5, 6])),
    shape=(3, 6),
)
TEST = csr_array([[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0]])


def test_hits_by_rank():
    assert hits(RECOMMENDED, TEST, 3).tolist() == [
        [True, True, False],
        [False, True, False],
        [False, False, False],
    ]


def test_recall_and_ndcg_are_means_over_users_with_something_to_find():
    found = recall_and_ndcg(RECOMMENDED, TEST, 3)
    second = 1 / np.log2(3)
    assert found["recall@3"] == pytest.approx((2 / 2 + 1 / 3) / 2)
    assert found["ndcg@3"] == pytest.approx((1 + second / (1 + second + 0.5)) / 2)


def test_the_ideal_list_is_no_longer_than_the_list():
    assert recall_and_ndcg(RECOMMENDED, TEST, 1) == pytest.approx(
        {"recall@1": (1 / 2 + 0) / 2, "ndcg@1": (1 + 0) / 2}
    )


def test_coverage_and_novelty():
    train = csr_array(
        [[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0], [1, 1, 1, 0, 1, 0]]
    )
    one = csr_array(([1.0, 2.0], ([0, 1], [2, 3])), shape=(4, 6))
    found = variety(one, train)
    assert found["coverage"] == pytest.approx(2 / 6)
    assert found["novelty"] == pytest.approx((np.log2(4 / 2) + np.log2(4 / 1)) / 2)


def test_no_recommendations_cover_nothing():
    assert variety(csr_array((2, 3)), csr_array((2, 3))) == {"coverage": 0.0, "novelty": 0.0}


def test_hubness_counts_who_is_chosen():
    found = hubness(np.array([0, 0, 0, 1, 1, 5]), users=200)
    assert found["antihubs"] == pytest.approx(197 / 200)
    assert found["hub_links"] == pytest.approx(5 / 6)
