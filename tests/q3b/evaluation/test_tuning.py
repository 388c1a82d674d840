"""The choice of settings: honest trials, kept whole."""

from common.command import UserError

import json
from dataclasses import asdict

import pytest

from evaluation.names import DEFAULT
from evaluation.settings import SHIPPED, merged, read_chosen, settings_for, write_chosen
from evaluation.splits import split
from evaluation.tuning import ALL_SETS, FOLDS, SPACES, Trial, choose, search, validation_splits
from listening.sample.listeners import generated_play_counts
from recommender.residual_vote import Settings

SPACE = {"a": [1, 2, 3], "b": ["x", "y"]}


def test_a_search_finds_the_best_and_tries_nothing_twice():
    tried = []

    def score(settings: dict) -> float:
        tried.append((settings["a"], settings["b"]))
        return settings["a"] * (1 + (settings["b"] == "y"))

    assert search(SPACE, score, trials=100, seed=1) == Trial({"a": 3, "b": "y"}, 6)
    assert tried[0] == (2, "y")
    assert sorted(tried) == [(a, b) for a in SPACE["a"] for b in SPACE["b"]]


def test_a_search_climbs_where_settings_depend_on_each_other():
    space = {name: list(range(10)) for name in "abc"}

    def score(settings: dict) -> float:
        a, b, c = settings.values()
        return -((a - 8) ** 2) - (b - a) ** 2 - (c - 1) ** 2

    found = search(space, score, trials=200, seed=1)
    assert found.score >= -1
    assert found.settings["c"] == 1


def test_a_search_that_is_stuck_begins_again_elsewhere():
    space = {"a": list(range(4)), "b": list(range(4))}
    heights = {(2, 2): 1.0, (0, 0): 2.0}  # no single step leads from one to the other

    def score(settings: dict) -> float:
        return heights.get((settings["a"], settings["b"]), 0.0)

    assert search(space, score, trials=16, seed=1) == Trial({"a": 0, "b": 0}, 2.0)


def test_a_search_ends_when_its_trials_are_spent():
    scores = []
    search({"a": list(range(50))}, lambda settings: scores.append(1) or 1.0, 7, 1)
    assert len(scores) == 7


def test_validation_plays_are_none_of_the_test_plays_of_their_split():
    data = generated_play_counts(users=80, artists=60, seed=3)
    outer = split(data.matrix, 5, 0)
    inner = validation_splits(data, 5)
    assert len(inner) == FOLDS
    for fold in inner:
        assert fold.test.multiply(outer.test).nnz == 0
        assert (fold.train + fold.test != outer.train).nnz == 0


def test_settings_are_chosen_for_each_set_and_the_default_for_all(implicit):
    sets = {
        "one": generated_play_counts(users=60, artists=50, seed=1),
        "other": generated_play_counts(users=50, artists=40, seed=2),
    }
    chosen = choose(sets, "item-item", trials=2, top=5, seed=1)
    assert set(chosen) == {"one", "other"}
    assert chosen["one"]["item-item"].keys() == SPACES["item-item"].keys()
    default = choose(sets, DEFAULT, trials=2, top=5, seed=1)
    assert set(default) == {ALL_SETS}
    assert default[ALL_SETS][DEFAULT].keys() == SPACES[DEFAULT].keys()


def test_choices_are_kept_and_put_over_older_ones(tmp_path):
    path = tmp_path / "chosen.json"
    old, new = (
        {"a": {"ALS": {"factors": 16}, "EASE": {}}, "b": {}},
        {"a": {"ALS": {"factors": 32}}, "c": {"BPR": {}}},
    )
    write_chosen(merged(old, new), path)
    assert read_chosen(path) == {
        "a": {"ALS": {"factors": 32}, "EASE": {}},
        "b": {},
        "c": {"BPR": {}},
    }


def test_a_file_of_choices_that_is_not_json_is_named(tmp_path):
    path = tmp_path / "chosen.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=r"chosen\.json: not JSON"):
        read_chosen(path)


def test_a_set_without_a_choice_takes_the_one_made_on_hetrec():
    chosen = {"hetrec": {"ALS": {"factors": 3}}, "ml-100k": {}}
    assert settings_for("lastfm-360k", "ALS", chosen) == {"factors": 3}
    assert settings_for("ml-100k", "ALS", chosen) == {}
    assert settings_for("hetrec", DEFAULT, chosen) == {}


def test_the_shipped_defaults_are_the_choice_for_all_data():
    chosen = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert asdict(Settings()) == chosen[ALL_SETS][DEFAULT]


def test_every_kept_choice_lies_in_its_space():
    for models in read_chosen(SHIPPED).values():
        for model, settings in models.items():
            assert settings.keys() == SPACES[model].keys()
            assert all(value in SPACES[model][name] for name, value in settings.items())
