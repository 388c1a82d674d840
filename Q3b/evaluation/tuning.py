"""Choosing the settings of every model: at most the same number of trials each, on held-out plays.

The validation is ten-fold, in the training part of split 0, whose test plays are never looked at:
every play is held out once, and a model sees nine tenths, nearly as many as it is reported with.
The splits that are reported (1, 2, ...) are further draws from the same plays, so some of the
validation plays are in their tests; split 0 itself shows whether that matters.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import geometric_mean
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from evaluation.metrics import recall_and_ndcg
from evaluation.models import MODELS, models_for
from evaluation.names import DEEP, DEFAULT, MACHINE, TUNED
from evaluation.splits import Split, folds, split
from listening.play_counts import PlayCounts
from recommender.weights import KINDS

VALIDATION_SPLIT, FOLDS = 0, 10
FOLDS_USED = {MACHINE: 2, DEEP: 1}  # whose single fit takes up to a minute
ALL_SETS = "all"  # the name under which one choice for all data sets is kept

# The values of each setting; the search begins with the middle ones.
RESIDUAL_VOTE = {
    "similarity_plays": ["log", "relative", "bm25"],
    "rarity_power": [0.75, 1.0, 1.25, 1.5],
    "neighbours": [150, 250, 350, 500],
    "vote_plays": ["log", "relative", "bm25"],
    "residual": [0.5, 0.6, 0.7, 0.8, 0.9],
    "predicted": [200, 400, 800],
    "popularity_power": [0.0, 0.1, 0.15, 0.2, 0.3],
}
ALL_PREDICTED = 1_000_000  # more than there are artists: nothing is cut
SPACES: dict[str, dict[str, list]] = {
    # One choice for all data: no more neighbours and predictions than 359,347 users can afford.
    DEFAULT: RESIDUAL_VOTE
    | {"neighbours": [150, 200, 250], "predicted": [200, 400], "similarity_power": [1.0]},
    # Small sets can afford more of both, and finer steps where much depends on them.
    TUNED: RESIDUAL_VOTE
    | {
        "similarity_plays": ["relative", "log", "bm25"],
        "rarity_power": [0.75, 1.0, 1.25],
        "neighbours": [250, 300, 350, 400, 500],
        "residual": [0.7, 0.75, 0.8, 0.85, 0.9],
        "predicted": [400, ALL_PREDICTED],
        "popularity_power": [0.05, 0.1, 0.15, 0.2],
        "similarity_power": [1.0, 1.25, 1.5, 2.0],
    },
    "EASE": {
        "kind": list(KINDS),
        "power": [0.5, 1.0, 1.5],
        "regularization": [30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0],
        "popularity_power": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
    },
    "item-item": {
        "neighbours": [20, 50, 100, 200, 500, 1000],
        "k1": [0.2, 0.5, 1.2, 3.0, 10.0, 100.0],
        "b": [0.0, 0.25, 0.5, 0.75, 1.0],
    },
    "ALS": {
        "kind": list(KINDS),
        "factors": [16, 32, 48, 64, 96],
        "regularization": [0.1, 1.0, 10.0, 30.0, 100.0],
        "alpha": [1.0, 3.0, 10.0, 30.0],
        "iterations": [5, 10, 20],
    },
    "BPR": {
        "factors": [16, 32, 64, 128],
        "learning_rate": [0.01, 0.03, 0.1],
        "regularization": [0.001, 0.01, 0.03, 0.1],
        "iterations": [25, 50, 100],
    },
    MACHINE: {
        "components": [16, 32, 64, 128],
        "learning_rate": [0.02, 0.05, 0.1],
        "epochs": [10, 30, 60],
        "decay": [0.0, 1e-6, 1e-5, 1e-4],
    },
    DEEP: {
        "hidden": [100, 200, 400],
        "factors": [25, 50, 100, 200],
        "epochs": [25, 50, 100],
        "learning_rate": [0.0005, 0.001, 0.002],
        "beta": [0.05, 0.1, 0.2, 0.5, 1.0],
    },
}


class Trial(NamedTuple):
    """Settings that were tried, and the score that they reached."""

    settings: dict
    score: float


def validation_splits(data: PlayCounts, seed: int) -> list[Split]:
    """The folds of the training part of split 0."""
    train = split(data.matrix, seed, VALIDATION_SPLIT).train
    return folds(train, seed, FOLDS)


def search(space: dict[str, list], score: Callable[[dict], float], trials: int, seed: int) -> Trial:
    """The best of so many different settings, by coordinate search.

    From the middle of the space, one setting after the other is set to each of its values and
    stays at the best, round after round, until a round changes nothing; then again from settings
    drawn at random, until the trials are spent or the whole space is tried.
    """
    random = np.random.default_rng(seed)
    tried: list[Trial] = []
    trials = min(trials, math.prod(len(values) for values in space.values()))

    def attempt(settings: dict) -> Trial:
        known = [trial for trial in tried if trial.settings == settings]
        if not known and len(tried) < trials:
            tried.append(Trial(settings, score(settings)))
            known = tried[-1:]
        return known[0] if known else Trial(settings, -math.inf)

    start = {name: values[len(values) // 2] for name, values in space.items()}
    while len(tried) < trials:
        climb(space, attempt, start)
        start = {name: values[random.integers(len(values))] for name, values in space.items()}
    return best_trial(tried)


def climb(space: dict[str, list], attempt: Callable[[dict], Trial], start: dict) -> None:
    """Improve one setting after the other from `start`, until a round changes nothing."""
    best, before = attempt(start), None
    while best != before:
        before = best
        for name, values in space.items():
            best = best_trial([best, *(attempt(best.settings | {name: value}) for value in values)])


def best_trial(trials: list[Trial]) -> Trial:
    """The trial of the highest score, of equals the first."""
    return max(trials, key=lambda trial: trial.score)


def score_on(sets: list[PlayCounts], model: str, top: int, seed: int) -> Callable[[dict], float]:
    """A function from a model's settings to their score on the data sets.

    The score of one set is the mean of recall and nDCG, that of several their geometric mean,
    since some sets are harder than others.
    """
    used = FOLDS_USED.get(model, FOLDS)
    held_out = [(data, validation_splits(data, seed)[:used]) for data in sets]

    def score_of_set(settings: dict, data: PlayCounts, parts: list[Split]) -> float:
        measures = []
        for part in parts:
            output = MODELS[model](replace(data, matrix=part.train), settings, top, seed)
            measures += recall_and_ndcg(output.recommended, part.test, top).values()
        return float(np.mean(measures))

    def score(settings: dict) -> float:
        return geometric_mean([score_of_set(settings, *one) for one in held_out])

    return score


def choose(
    sets: dict[str, PlayCounts], model: str, trials: int, top: int, seed: int
) -> dict[str, dict[str, dict]]:
    """Choose a model's settings on each data set, or our default's on all of them together.

    Sets without the columns that the model needs are left out.
    """
    groups = {ALL_SETS: list(sets.values())}
    if model != DEFAULT:
        groups = {name: [data] for name, data in sets.items() if model in models_for(data)}
    chosen = {}
    for name, group in groups.items():
        title = f"{model}, {name}"
        with tqdm(total=trials, desc=title, unit="trial", disable=None) as progress:
            score = score_on(group, model, top, seed)

            def counted(settings: dict, score=score, progress=progress) -> float:
                progress.update()
                return score(settings)

            chosen[name] = {model: search(SPACES[model], counted, trials, seed).settings}
    return chosen
