"""The rivals of requirements-models.txt find what is there by construction, and join the table."""

import json

import numpy as np
import pytest

import evaluate
from evaluation.models import MODELS, models_for
from evaluation.names import DEEP, MACHINE
from evaluation.rivals.larger import installed, profile_features
from listening.play_counts import PlayCounts
from listening.sample.listeners import generated_play_counts

pytestmark = pytest.mark.slow
models = pytest.mark.parametrize("name", [MACHINE, DEEP])
USERS, ARTISTS = 120, 40


def required(name: str) -> None:
    if not installed(name):
        pytest.skip(f"{name} needs requirements-models.txt")


@pytest.fixture(scope="module")
def two_circles() -> PlayCounts:
    """Even users play only even artists, odd users odd ones: 12 of 20 each."""
    data = generated_play_counts(users=USERS, artists=ARTISTS, seed=1)
    random = np.random.default_rng(1)
    plays = np.zeros((USERS, ARTISTS), np.float32)
    for user in range(USERS):
        own = 2 * random.choice(ARTISTS // 2, 12, replace=False) + user % 2
        plays[user, own] = random.integers(1, 50, len(own))
    matrix = type(data.matrix)(plays)
    profiles = data.profiles.iloc[:USERS]
    artists = np.arange(ARTISTS).astype(str)
    return PlayCounts(data.users[:USERS], artists, artists, matrix, profiles)


@models
def test_a_model_stays_within_the_user_s_circle(two_circles, name):
    required(name)
    settings = {MACHINE: {"epochs": 60}, DEEP: {"epochs": 100}}[name]
    found = MODELS[name](two_circles, settings, 5, 1).recommended
    assert found.multiply(two_circles.matrix).nnz == 0
    assert np.diff(found.indptr).tolist() == [5] * USERS
    users = np.repeat(np.arange(USERS), 5)
    assert (found.indices % 2 == users % 2).mean() > 0.9  # by chance: 0.5
    scores = found.data.reshape(USERS, 5)
    assert (np.diff(scores, axis=1) <= 0).all()


@models
def test_the_same_seed_gives_the_same_answer(two_circles, name):
    required(name)
    first, second = (MODELS[name](two_circles, {"epochs": 3}, 5, 7).recommended for _ in range(2))
    assert (first != second).nnz == 0


def test_profiles_are_features_beside_the_user():
    data = generated_play_counts(users=50, artists=60, seed=2)
    features = profile_features(data)
    users = len(data.users)
    assert (features[:, :users].toarray() == np.eye(users)).all()
    assert (features.sum(axis=1) == 4).all()  # the user, a gender, an age group, a country


@models
def test_real_listeners_are_served_better_than_by_popularity(real_data, capsys, name):
    required(name)
    data = ["--data", "ml-100k", str(real_data / "q3b" / "ml-100k"), "--splits", "1"]
    data += ["--models", "popularity", "--models", name]
    assert evaluate.main([*data, "--format", "json"]) == 0
    popularity, model = json.loads(capsys.readouterr().out)["models"]
    assert model["model"] == name
    assert model["recall@20"] > popularity["recall@20"] + 0.05


def test_without_profiles_the_factorisation_machine_is_left_out():
    data = generated_play_counts(users=30, artists=40, seed=1)
    bare = PlayCounts(data.users, data.artists, data.artist_names, data.matrix, None)
    assert MACHINE not in models_for(bare)
