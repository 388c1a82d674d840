"""Batches unlike the training articles are described, and held-out parts of these are not."""

import numpy as np
import pytest

from articles.preparation import prepared
from articles.sample import sample_articles
from tagger.drift import Drift
from tagger.evaluation import evaluate
from tagger.families import families
from tagger.terms import counted

SEEDS = 20


@pytest.fixture(scope="module")
def held_out():
    """Known shares and predicted tags of articles, by models that did not see them."""
    (family,) = families("all", "none", 0)
    articles = prepared(sample_articles(seed=0)[0])
    found = evaluate(
        counted(articles.assign(group=range(len(articles))), family.kinds), [family], 0
    )
    return found.familiarity[:, 1], found.predicted


@pytest.mark.parametrize("size", [20, 60, 180])
def test_held_out_parts_of_the_training_articles_are_no_drift(held_out, size):
    known_share, predicted = held_out
    alarms = 0
    for seed in range(SEEDS):
        batch, rest = np.split(np.random.default_rng(seed).permutation(len(predicted)), [size])
        drift = Drift().fit(known_share[rest], predicted[rest])
        alarms += bool(drift.differences(known_share[batch], predicted[batch]))
    assert alarms <= 1


def test_a_batch_with_other_tags_is_described(held_out):
    known_share, predicted = held_out
    drift = Drift().fit(known_share, predicted)
    batch = np.flatnonzero(predicted == "NBA")[:60]
    (line,) = drift.differences(known_share[batch], predicted[batch])
    usual = (predicted == "NBA").mean()
    assert line.startswith(f"of the tags NBA 100% (usually {usual:.0%}), 拜登 0% (usually ")
    (line,) = drift.differences(known_share[batch], np.full(60, "another tag"))
    assert line.startswith("of the tags another tag 100% (usually 0%), ")
    assert not drift.differences(known_share[batch][:19], predicted[batch][:19])


def test_a_batch_of_unseen_characters_is_described(held_out):
    known_share, predicted = held_out
    drift = Drift().fit(known_share, predicted)
    (line,) = drift.differences(known_share - 0.1, predicted)
    usual = 1 - known_share.mean()
    assert line == (
        f"{usual + 0.1:.1%} of the characters and pairs of them are unseen, usually {usual:.1%}"
    )
    assert not drift.differences(np.minimum(known_share + 0.1, 1), predicted)


def test_the_same_texts_and_one_tag_do_not_divide_by_zero():
    drift = Drift().fit(np.ones(30), np.full(30, "甲"))
    assert not drift.differences(np.ones(30), np.full(30, "甲"))
    assert len(drift.differences(np.full(30, 0.5), np.full(30, "甲"))) == 1
