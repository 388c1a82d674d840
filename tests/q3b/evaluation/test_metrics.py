"""The measures of recommendations on cases worked out by hand, and by trec_eval."""

import ir_measures
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from evaluation.metrics import gini, hits, hubness, recall_and_ndcg, user_measures, variety

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


@pytest.mark.parametrize("top", [1, 5, 20])
def test_measures_of_each_user_are_those_of_trec_eval(top):
    """On lists that are shorter and longer than `top`, and users without a hit."""
    random = np.random.default_rng(top)
    test = csr_array((random.random((60, 50)) < 0.15).astype(float))
    lists = [random.permutation(50)[: random.integers(0, 25)] for _ in range(60)]
    starts = np.cumsum([0, *map(len, lists)])
    scores = -np.concatenate([np.arange(len(one)) for one in lists]).astype(float)
    recommended = csr_array((scores, np.concatenate(lists), starts), test.shape)
    found = user_measures(recommended, test, top)

    names = {"R": "recall", "nDCG": "ndcg", "AP": "map", "RR": "mrr", "Success": "hit_rate"}
    measures = {getattr(ir_measures, theirs) @ top: ours for theirs, ours in names.items()}
    held_out = pd.DataFrame(
        np.transpose(test.nonzero()).astype(str), columns=["query_id", "doc_id"]
    )
    users = np.repeat(np.arange(60), np.diff(starts)).astype(str)
    run = pd.DataFrame({"query_id": users, "doc_id": recommended.indices.astype(str)})
    scored = ir_measures.iter_calc(
        measures, held_out.assign(relevance=1), run.assign(score=recommended.data)
    )
    theirs = {name: np.zeros(60) for name in names.values()}
    for one in scored:
        theirs[measures[one.measure]][int(one.query_id)] = one.value
    has_some = np.diff(test.indptr) > 0
    for name, values in theirs.items():
        assert np.allclose(found[f"{name}@{top}"][has_some], values[has_some])
        assert np.isnan(found[f"{name}@{top}"][~has_some]).all()


def test_coverage_novelty_gini_and_popularity_lift():
    train = csr_array(
        [[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0], [1, 1, 1, 0, 1, 0]]
    )
    one = csr_array(([1.0, 2.0], ([0, 1], [2, 3])), shape=(4, 6))
    found = variety(one, train)
    assert found["coverage"] == pytest.approx(2 / 6)
    assert found["novelty"] == pytest.approx((np.log2(4 / 2) + np.log2(4 / 1)) / 2)
    assert found["gini"] == pytest.approx(2 / 3)  # two of six once each
    # Listeners of the artists: 4, 3, 2, 1, 2, 0. Recommended: 2 and 1. Own, by user's mean:
    own = (10 / 4 + 7 / 2 + 6 / 2 + 11 / 4) / 4
    assert found["popularity_lift"] == pytest.approx(1.5 / own - 1)


def test_the_gini_coefficient_is_half_the_mean_difference_over_the_mean():
    counts = np.random.default_rng(1).integers(0, 9, 40)
    between = np.abs(counts[:, None] - counts).mean()
    assert gini(counts) == pytest.approx(between / 2 / counts.mean())
    assert gini(np.full(7, 3)) == 0
    assert gini(np.zeros(7)) == 0


def test_no_recommendations_cover_nothing():
    assert set(variety(csr_array((2, 3)), csr_array((2, 3))).values()) == {0.0}


def test_nothing_held_out_is_found_by_nobody():
    found = recall_and_ndcg(csr_array(np.ones((2, 3))), csr_array((2, 3)), top=2)
    assert found == {"recall@2": 0, "ndcg@2": 0}


def test_hubness_counts_who_is_chosen():
    found = hubness(np.array([0, 0, 0, 1, 1, 5]), users=200)
    assert found["antihubs"] == pytest.approx(197 / 200)
    assert found["hub_links"] == pytest.approx(5 / 6)
