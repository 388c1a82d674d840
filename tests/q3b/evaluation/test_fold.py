"""Settings chosen on a fold: the best there, and never worse than what is popular."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from evaluation.fold import (
    blend_chosen_on,
    chosen_on,
    chosen_settings,
    drawn,
    fold_of,
    popular_artists,
)
from evaluation.metrics import recall_and_ndcg
from evaluation.splits import split
from listening.sample.listeners import generated_play_counts
from recommender import blend, damped_vote
from recommender.damped_vote import Settings


def drawn_by_popularity(seed: int) -> csr_array:
    """Plays without any taste: every user draws artists by the same falling odds."""
    random = np.random.default_rng(seed)
    odds = 1 / np.arange(1, 61) ** 1.2
    dense = np.zeros((150, 60), np.float32)
    for user in dense:
        user[random.choice(60, 8, replace=False, p=odds / odds.sum())] = random.integers(1, 9, 8)
    return csr_array(dense)


def measures(found: csr_array, test: csr_array) -> float:
    return sum(recall_and_ndcg(found, test, 10).values())


@pytest.mark.parametrize("seed", range(3))
def test_the_choice_never_loses_to_what_is_popular(seed):
    fold = split(drawn_by_popularity(seed), seed, 0)
    choice = chosen_on(fold, 10)
    popular = measures(popular_artists(fold.train, 10), fold.test)
    assert choice.score >= popular
    again = damped_vote.recommend(damped_vote.fit(fold.train, choice.settings), 10)
    assert measures(again, fold.test) == pytest.approx(choice.score)


def test_popularity_is_blended_in_only_where_the_method_loses_to_it():
    settings = [chosen_settings(drawn_by_popularity(seed), 10) for seed in range(3)]
    assert any(one.popularity > 0 for one in settings)
    taste = generated_play_counts(users=300, artists=200, seed=1).matrix
    assert chosen_settings(taste, 10).popularity == 0


def test_all_weight_on_popularity_gives_what_is_popular():
    plays = drawn_by_popularity(7)
    found = damped_vote.recommend(damped_vote.fit(plays, Settings(popularity=1e9)), 10)
    assert found.indices.tolist() == popular_artists(plays, 10).indices.tolist()


def test_without_a_play_to_hold_out_the_defaults_stay():
    assert chosen_settings(csr_array(np.eye(4, dtype=np.float32))) == Settings()


def test_of_more_users_some_are_drawn_for_the_fold(monkeypatch):
    plays = generated_play_counts(users=300, artists=200, seed=1).matrix
    assert fold_of(plays, 1).train.shape == (300, 200)
    monkeypatch.setattr("evaluation.fold.MOST_USERS", 100)
    fold, rows = fold_of(plays, 1), drawn(300, 100, 1)
    assert ((fold.train + fold.test) > 0).sum() + fold.absent == plays[rows].nnz
    assert chosen_settings(plays, 10) == chosen_on(fold, 10).settings


def test_what_has_no_taste_is_not_blended(implicit):
    """Everybody plays artists by their popularity alone, which the vote knows already."""
    fold = split(drawn_by_popularity(1), 1, 0)
    assert blend_chosen_on(fold, 10).settings == chosen_on(fold, 10).settings


def test_a_blend_is_chosen_where_it_is_better(implicit):
    fold = split(generated_play_counts(users=150, artists=80, seed=1).matrix, 1, 0)
    choice, alone = blend_chosen_on(fold, 10), chosen_on(fold, 10)
    assert isinstance(choice.settings, blend.Settings)
    assert choice.settings.vote == alone.settings
    assert choice.score > alone.score
