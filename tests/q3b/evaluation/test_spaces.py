"""What is tried for each model, and what it takes without a choice."""

import pytest

from evaluation.models import MODELS
from evaluation.names import BLENDS, DEEP, MACHINE, NAMES
from evaluation.rivals.blends import SCORERS
from evaluation.settings import SHIPPED, read_chosen, settings_for
from evaluation.spaces import DEFAULTS, SPACES
from listening.sample.listeners import generated_play_counts

HELD = {
    "item-item": {"neighbours": 100, "k1": 1.2, "b": 0.75},
    "RP3beta": {"kind": "binary", "alpha": 1.0, "beta": 0.3, "neighbours": 200},
    "ALS": {"kind": "log", "factors": 64, "regularization": 1.0, "alpha": 10.0, "iterations": 10},
    "BPR": {"factors": 64, "learning_rate": 0.03, "regularization": 0.01, "iterations": 100},
    "EASE": {"kind": "binary", "power": 1.0, "regularization": 100.0, "popularity_power": 0.0},
    "RDLAE": {"kind": "binary", "power": 1.0, "regularization": 100.0, "popularity_power": 0.0}
    | {"dropout": 0.3, "relaxation": 0.1},
    MACHINE: {"components": 32, "learning_rate": 0.05, "epochs": 30, "decay": 0.0},
    DEEP: {"hidden": 200, "factors": 50, "epochs": 50, "learning_rate": 0.001, "beta": 0.2},
}


def test_every_model_can_be_named_on_the_command_line():
    """`names.py` loads no model, so that --help costs little: a new one is entered there too."""
    unnamed = MODELS.keys() - {*NAMES}
    assert not unnamed, f"add to NAMES of evaluation/names.py: {', '.join(unnamed)}"


def test_every_rival_s_defaults_are_held():
    new = DEFAULTS.keys() - HELD.keys()
    assert not new, f"write down in HELD above what it takes without a choice: {', '.join(new)}"
    assert DEFAULTS == HELD


def test_every_default_and_every_kept_choice_is_among_the_values_tried():
    choices = [choice for of_set in read_chosen(SHIPPED).values() for choice in of_set.items()]
    for model, settings in [*DEFAULTS.items(), *choices]:
        assert settings.keys() == SPACES[model].keys()
        assert all(value in SPACES[model][name] for name, value in settings.items())


@pytest.mark.parametrize("model", sorted(SPACES.keys() & MODELS.keys()))
def test_a_model_without_settings_takes_the_defaults(model, implicit):
    data = generated_play_counts(users=60, artists=50, seed=1)
    if model == DEEP:
        pytest.skip("its defaults take long; those of all others go the same way")
    bare, stated = (MODELS[model](data, settings, 5, 1) for settings in ({}, HELD[model]))
    assert (bare.recommended != stated.recommended).nnz == 0


def test_a_blend_has_the_settings_of_its_parts():
    own = {"regularization": 3000.0}
    found = settings_for("EASE + ALS", {"EASE": own})
    assert found == {"EASE": own, "ALS": DEFAULTS["ALS"]}
    assert all(part in SCORERS for parts in BLENDS.values() for part in parts)
