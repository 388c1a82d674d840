"""The choice of settings: honest trials, the same for every model, kept whole."""

from common.command import UserError

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from evaluation.comparison import FOLDS, Plan, choose_settings, models_to_tune, split_of
from evaluation.data import DataSet
from evaluation.names import BY_USER, DEFAULT
from evaluation.settings import merged, read_chosen, settings_for, write_chosen
from evaluation.spaces import DEFAULTS, SPACES
from evaluation.splits import folds
from evaluation.tuning import search
from listening.sample.listeners import generated_play_counts

# As in EASE's space: one setting of names and several of numbers in order.
SPACE = {"kind": ["a", "b", "c"], "power": [0.5, 1.0, 1.5], "penalty": list(range(8))}
FIRST = {"kind": "a", "power": 1.0, "penalty": 0}


def height(settings: dict) -> float:
    """Best at c, 1.5 and 6; a larger power asks for a larger penalty."""
    kind = {"a": 0.0, "b": 0.1, "c": 0.3}[settings["kind"]]
    return kind - abs(settings["penalty"] - 4 * settings["power"]) / 10 + settings["power"] / 10


def test_a_search_finds_one_of_the_best_where_settings_depend_on_each_other():
    heights = [height(dict(zip(SPACE, values, strict=True))) for values in product(*SPACE.values())]
    found = search(SPACE, FIRST, lambda settings: iter([height(settings)]), trials=40, seed=1)
    assert found.score == height(found.settings)
    assert sum(better > found.score for better in heights) < 3, "of 72"


def test_a_search_begins_with_the_first_settings_and_ends_when_its_trials_are_spent():
    tried = []

    def scores(settings: dict) -> Iterator[float]:
        tried.append(settings)
        yield 1.0

    assert search(SPACE, FIRST, scores, trials=1, seed=1).settings == FIRST
    search(SPACE, FIRST, scores, trials=7, seed=1)
    assert tried[1] == FIRST
    assert len(tried) == 8


def test_hopeless_settings_end_after_few_folds_and_are_not_chosen():
    """A first fold that flatters its settings is not enough."""
    used = []

    def scores(settings: dict) -> Iterator[float]:
        used.append([settings, 0])
        for fold in range(10):
            used[-1][1] += 1
            yield height(settings) + (settings["kind"] == "a") * (2 if fold == 0 else -1)

    found = search(SPACE, FIRST, scores, trials=40, seed=1)
    assert [folds for _, folds in used[:5]] == [10] * 5
    assert sum(folds for _, folds in used) < 330
    assert found.settings["kind"] != "a"
    assert 10 in [folds for settings, folds in used if settings == found.settings]


def test_a_search_repeats_by_its_seed():
    one, same = (search(SPACE, FIRST, lambda it: iter([height(it)]), 12, 4) for _ in range(2))
    assert one == same


def test_validation_plays_are_none_of_the_test_plays_of_their_split():
    data = DataSet("drawn", generated_play_counts(users=80, artists=60, seed=3))
    outer = split_of(data, Plan([], 1, 5, seed=5), 0)
    inner = folds(outer.train, 5, FOLDS)
    assert len(inner) == FOLDS
    for fold in inner:
        assert fold.test.multiply(outer.test).nnz == 0
        assert (fold.train + fold.test != outer.train).sum() == fold.absent


def test_settings_are_chosen_where_there_are_none_or_if_asked_to():
    data = DataSet("mine", generated_play_counts(users=60, artists=50, seed=1))
    plan = Plan(["EASE + ALS", DEFAULT, "BPR"], 1, 5, 1)
    kept = {"mine": {"ALS": {}}, "hetrec": {"EASE": {}, "BPR": {}}}
    assert models_to_tune(data, plan, kept) == ["BPR", "EASE"], "nothing from another set"
    anew = Plan(["ALS", DEFAULT], 1, 5, 1, tuned=True)
    assert models_to_tune(data, anew, kept) == ["ALS"]


def test_a_split_by_time_has_a_choice_of_its_own():
    """That of random splits has seen later plays."""
    plays = generated_play_counts(users=60, artists=50, seed=1)
    times = np.random.default_rng(1).random(plays.matrix.nnz)
    data = DataSet("mine", plays, times)
    plan = Plan(["RP3beta"], 1, 5, 1, BY_USER, trials=2)
    assert models_to_tune(data, plan, {"mine": {"RP3beta": {}}}) == ["RP3beta"]
    ((key, found),) = choose_settings(data, plan, "RP3beta").items()
    assert key == "mine, split last"
    assert found["RP3beta"].keys() == SPACES["RP3beta"].keys()


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


def test_a_model_without_a_choice_takes_its_defaults():
    assert settings_for("ALS", {"ALS": {"factors": 3}}) == {"factors": 3}
    assert settings_for("ALS", {}) == DEFAULTS["ALS"]
    assert settings_for(DEFAULT, {"ALS": {"factors": 3}}) == {}
