"""Choosing the settings of every model: the same number of random trials each, on held-out plays.

The validation plays are cut from the training part of split 0. The splits that are reported are
others (1, 2, ...), so no choice is made on the plays it is reported on.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from command_line import UserError, replacing
from evaluation_metrics import recall_and_ndcg
from evaluation_models import DEFAULT, MODELS, TUNED
from evaluation_splits import Split, split
from play_counts import PlayCounts
from tqdm import tqdm

CHOSEN = Path(__file__).with_name("chosen_settings.json")
VALIDATION_SPLIT = 0
ALL_SETS = "all"  # the name under which one choice for all data sets is kept
KINDS = ["binary", "log", "relative", "bm25"]

# Each setting's values are drawn with equal chance.
RESIDUAL_VOTE = {
    "similarity_plays": ["log", "relative", "bm25"],
    "rarity_power": [0.75, 1.0, 1.25, 1.5],
    "neighbours": [150, 250, 350, 500],
    "vote_plays": ["log", "relative", "bm25"],
    "residual": [0.5, 0.6, 0.7, 0.8, 0.9],
    "predicted": [200, 400, 800],
    "popularity_power": [0.0, 0.1, 0.15, 0.2, 0.3],
}
SPACES: dict[str, dict[str, list]] = {
    # One choice for all data: no more neighbours and predictions than 359,347 users can afford.
    DEFAULT: RESIDUAL_VOTE | {"neighbours": [150, 200, 250], "predicted": [200, 400]},
    TUNED: RESIDUAL_VOTE,
    "item-item": {
        "neighbours": [20, 50, 100, 200, 500, 1000],
        "k1": [0.2, 0.5, 1.2, 3.0, 10.0, 100.0],
        "b": [0.0, 0.25, 0.5, 0.75, 1.0],
    },
    "ALS": {
        "kind": KINDS,
        "factors": [16, 32, 48, 64, 96],
        "regularization": [0.1, 1.0, 10.0, 30.0, 100.0],
        "alpha": [1.0, 3.0, 10.0, 30.0],
        "iterations": [5, 10, 20],
    },
    "BPR": {
        "factors": [16, 32, 64, 128],
        "learning_rate": [0.01, 0.03, 0.1],
        "regularization": [0.001, 0.01, 0.03, 0.1],
        "iterations": [50, 100, 200, 400],
    },
    "EASE": {
        "kind": KINDS,
        "power": [0.5, 1.0, 1.5],
        "regularization": [30.0, 100.0, 300.0, 1000.0, 3000.0],
    },
}


class Trial(NamedTuple):
    """Settings that were tried, and the mean of recall and nDCG that they reached."""

    settings: dict
    score: float


def validation_split(data: PlayCounts, seed: int) -> Split:
    """Cut the validation plays from the training part of split 0."""
    return split(split(data.matrix, seed, VALIDATION_SPLIT).train, seed, VALIDATION_SPLIT)


def draws(space: dict[str, list], trials: int, seed: int) -> list[dict]:
    """Draw settings at random, no settings twice."""
    random = np.random.default_rng(seed)
    size = int(np.prod([len(values) for values in space.values()]))
    numbers = random.choice(size, min(trials, size), replace=False)
    return [combination(space, int(number)) for number in numbers]


def combination(space: dict[str, list], number: int) -> dict:
    """Return one of all combinations of a space, counted from 0."""
    chosen = {}
    for name, values in space.items():
        number, place = divmod(number, len(values))
        chosen[name] = values[place]
    return chosen


def trials_of(data: PlayCounts, model: str, trials: int, top: int, seed: int) -> list[Trial]:
    """Try settings of a model, the same ones on all data, on the validation plays."""
    held_out = validation_split(data, seed)
    shown = replace(data, matrix=held_out.train)
    results = []
    for settings in tqdm(draws(SPACES[model], trials, seed), desc=model, unit="trial"):
        answer = MODELS[model](shown, settings, top, seed)
        measures = recall_and_ndcg(answer.recommended, held_out.test, top)
        results.append(Trial(settings, float(np.mean(list(measures.values())))))
    return results


def best_of(trials: list[Trial]) -> Trial:
    """Return the trial of the highest score, of equals the first."""
    return max(trials, key=lambda trial: trial.score)


def best_of_all(trials: list[list[Trial]]) -> Trial:
    """Return the settings of the highest mean score over several data sets."""
    return best_of(
        [
            Trial(same[0].settings, float(np.mean([trial.score for trial in same])))
            for same in zip(*trials, strict=True)
        ]
    )


def choose(
    sets: dict[str, PlayCounts], models: list[str], trials: int, top: int, seed: int
) -> dict:
    """Choose the settings of each model on each data set, and our default's on all together."""
    chosen = {name: {} for name in [*sets, ALL_SETS]}
    for model in models:
        results = {name: trials_of(data, model, trials, top, seed) for name, data in sets.items()}
        if model == DEFAULT:
            chosen[ALL_SETS][model] = best_of_all(list(results.values())).settings
        else:
            chosen |= {
                name: chosen[name] | {model: best_of(results[name]).settings} for name in sets
            }
    return chosen


def read_chosen(path: Path) -> dict[str, dict[str, dict]]:
    """Read the chosen settings: data set -> model -> settings; none if there is no file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); repeat evaluate.py --tune") from error


def write_chosen(chosen: dict[str, dict[str, dict]], path: Path) -> None:
    """Write the chosen settings, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(json.dumps(chosen, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def merged(old: dict[str, dict], new: dict[str, dict]) -> dict[str, dict]:
    """Return the old choices with the new ones put over them."""
    return {name: old.get(name, {}) | new.get(name, {}) for name in old | new}


def settings_for(name: str, model: str, chosen: dict[str, dict[str, dict]]) -> dict:
    """Return the settings of a model on a data set; nothing for its own defaults.

    A data set without a choice of its own takes that of HetRec, which are plays of artists too.
    """
    return {} if model == DEFAULT else chosen.get(name, chosen.get("hetrec", {})).get(model, {})
