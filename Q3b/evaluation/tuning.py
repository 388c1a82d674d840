"""Choosing the settings of every model by trials on held-out plays, all models in one way.

The validation is ten-fold, in the training part of split 0, whose test plays are never looked at:
every play is held out once, and a model sees nine tenths, nearly as many as it is reported with.
The splits that are reported (1, 2, ...) are further draws from the same plays, so some of the
validation plays are in their tests; split 0 itself shows whether that matters. A split by time has
no further draws: its own training part is the validation's.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from tqdm import tqdm

from evaluation.metrics import recall_and_ndcg
from evaluation.models import MODELS
from evaluation.names import DEEP, MACHINE
from evaluation.spaces import DEFAULTS, SPACES
from evaluation.splits import Split
from listening.play_counts import PlayCounts

if TYPE_CHECKING:
    import optuna

MOST_FOLDS = {MACHINE: 2, DEEP: 1}  # whose single fit takes up to a minute
FIRST_TRIALS = 5  # drawn at random, in all folds


class Trial(NamedTuple):
    """Settings that were tried, and the score that they reached."""

    settings: dict
    score: float


def search(
    space: dict[str, list],
    first: dict,
    fold_scores: Callable[[dict], Iterator[float]],
    trials: int,
    seed: int,
) -> Trial:
    """The best of so many trials by Optuna's TPE sampler (Bergstra et al. 2011), `first` first.

    The first five are drawn at random and go through all folds. A later one ends at the fold
    after which its mean is below the median of the trials before. On the whole grid of EASE on
    MovieLens 40 trials so found one of the best nine of 432 settings by 11 of 12 seeds; Optuna's
    usual ten first trials by 9, random search by 7.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a warning of it is a traceback
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(n_startup_trials=FIRST_TRIALS, seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=FIRST_TRIALS),
    )
    study.enqueue_trial(places(space, first))
    study.optimize(lambda trial: mean_of_folds(trial, space, fold_scores), n_trials=trials)
    return Trial(settings_at(space, study.best_trial.params), study.best_value)


def places(space: dict[str, list], settings: dict) -> dict[str, int | str]:
    """Settings as the sampler sees them: numbers as places in their lists, names as they are."""
    return {
        name: settings[name] if isinstance(values[0], str) else values.index(settings[name])
        for name, values in space.items()
    }


def settings_at(space: dict[str, list], found: dict[str, int | str]) -> dict:
    """The settings of the sampler's `places`."""
    return {
        name: found[name] if isinstance(values[0], str) else values[found[name]]
        for name, values in space.items()
    }


def mean_of_folds(
    trial: "optuna.Trial",
    space: dict[str, list],
    fold_scores: Callable[[dict], Iterator[float]],
) -> float:
    """The mean score of the settings that a trial suggests. Raises TrialPruned to end early."""
    from optuna import TrialPruned

    found = {
        name: trial.suggest_categorical(name, values)
        if isinstance(values[0], str)
        else trial.suggest_int(name, 0, len(values) - 1)
        for name, values in space.items()
    }
    scores = []
    for score in fold_scores(settings_at(space, found)):
        scores.append(score)
        trial.report(fmean(scores), len(scores))
        if trial.should_prune():
            raise TrialPruned
    return fmean(scores)


def choose(
    data: PlayCounts, parts: list[Split], model: str, trials: int, top: int, seed: int, title: str
) -> dict:
    """Choose a model's settings by the mean of recall and nDCG in the folds `parts`."""
    used = parts[: MOST_FOLDS.get(model)]
    with tqdm(total=trials, desc=title, unit="trial", disable=None) as progress:

        def fold_scores(settings: dict) -> Iterator[float]:
            progress.update()
            for part in used:
                output = MODELS[model](replace(data, matrix=part.train), settings, top, seed)
                yield fmean(recall_and_ndcg(output.recommended, part.test, top).values())

        return search(SPACES[model], DEFAULTS[model], fold_scores, trials, seed).settings
