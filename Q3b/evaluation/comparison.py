"""Models compared on data sets: which of them can run, and all their measures on each split."""

from common.command import UserError

import sys
import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from evaluation.data import DataSet
from evaluation.metrics import hubness, user_measures, variety
from evaluation.models import MODELS, left_out
from evaluation.names import BLENDS, DEFAULT, RANDOM
from evaluation.settings import settings_for
from evaluation.spaces import SPACES
from evaluation.splits import Split, folds, held_out
from evaluation.tuning import choose
from listening.sample.listeners import generated_play_counts
from recommender.tasks import completed, sent

VALIDATION_SPLIT, FOLDS, QUARTERS = 0, 10, 4


@dataclass(frozen=True)
class Plan:
    """What is compared: `models` by name on `splits` splits of a kind by the first `top` artists.

    tuned: whether settings are chosen anew, in all folds; else where there are none, in one
    trials: settings tried for each choice, the first of them the model's default
    """

    models: list[str]
    splits: int
    top: int
    seed: int
    kind: str = RANDOM
    tuned: bool = False
    trials: int = 10


class Measured(NamedTuple):
    """A model on one split: measures of each user (users,), and of all lists together."""

    users: dict[str, np.ndarray]
    lists: dict[str, float]


def split_of(data: DataSet, plan: Plan, number: int) -> Split:
    """Return one split of a data set; those by time are all the same.

    Raises UserError if nothing is held out that could be found.
    """
    parts = held_out(data.plays.matrix, data.times, plan.kind, plan.seed, number)
    if not parts.test.nnz:
        raise UserError(f"--data {data.name}: no held-out artist is played in training by others")
    return parts


def measure_split(data: DataSet, plan: Plan, model: str, settings: dict, number: int) -> Measured:
    """All measures of a model on one split, and the seconds taken."""
    parts = split_of(data, plan, number)
    began = time.perf_counter()
    output = MODELS[model](replace(data.plays, matrix=parts.train), settings, plan.top, plan.seed)
    seconds = time.perf_counter() - began
    lists = variety(output.recommended, parts.train)
    if output.neighbour_ids is not None:
        lists |= hubness(output.neighbour_ids, parts.train.shape[0])
    lists |= {"seconds": seconds, "held_out": parts.test.nnz, "absent": parts.absent}
    return Measured(user_measures(output.recommended, parts.test, plan.top), lists)


def warm_up() -> None:
    """Load the compiled loops before anything is timed."""
    tiny = generated_play_counts(users=30, artists=40, seed=1)
    for model in ("user-user euclidean", DEFAULT):
        MODELS[model](tiny, {}, 5, 1)


def models_to_run(data: DataSet, asked: list[str]) -> list[str]:
    """Return the models asked for that can be run; report on stderr which cannot, and why.

    Raises UserError if none is left.
    """
    missing = left_out(data.plays)
    for model in missing:
        if model in asked:
            print(f"{data.name}: without {model}: {missing[model]}", file=sys.stderr)
    models = [model for model in MODELS if model in asked and model not in missing]
    if not models:
        raise UserError(f"--data {data.name}: none of the models asked for can be run")
    return models


def settings_key(data: DataSet, plan: Plan) -> str:
    """The name under which settings are kept: a split by time shows other plays."""
    return data.name if plan.kind == RANDOM else f"{data.name}, split {plan.kind}"


def models_to_tune(data: DataSet, plan: Plan, chosen: dict[str, dict]) -> list[str]:
    """Name the models, and parts of blends, whose settings are to be chosen on a data set."""
    asked = models_to_run(data, plan.models)
    needed = {part for model in asked for part in BLENDS.get(model, (model,))}
    known = {} if plan.tuned else chosen.get(settings_key(data, plan), {})
    return [model for model in SPACES if model in needed and model not in known]


def choose_settings(data: DataSet, plan: Plan, model: str) -> dict[str, dict[str, dict]]:
    """Choose one model's settings in folds of the training part of the validation split."""
    train = split_of(data, plan, VALIDATION_SPLIT).train
    parts = folds(train, plan.seed, FOLDS)[: None if plan.tuned else 1]
    key = settings_key(data, plan)
    title = f"{key}: settings of {model}"
    found = choose(data.plays, parts, model, plan.trials, plan.top, plan.seed, title)
    return {key: {model: found}}


def compare(data: DataSet, plan: Plan, chosen: dict, client=None) -> list[dict]:
    """Evaluate the models on one data set; one row for each.

    A row's `lists` are lists of one value a split, its `users` arrays (splits, users). On a cluster
    each split of each model is a task.
    """
    models = models_to_run(data, plan.models)
    of_set = chosen.get(settings_key(data, plan), {})
    settings = {model: settings_for(model, of_set) for model in models}
    asked = [(model, number) for model in models for number in range(1, plan.splits + 1)]
    tasks = [(plan, model, settings[model], number) for model, number in asked]
    if client:
        found = on_cluster(client, sent(client, data), tasks, data.name)
    else:
        bar = tqdm(tasks, desc=data.name, unit="split", disable=None)
        found = [measure_split(data, *task) for task in bar]
    shared = {"data": data.name, "split": plan.kind, "quarters": quarters(data)}
    return [
        shared
        | {"model": model, "settings": settings[model]}
        | joined([one for one, (of, _) in zip(found, asked, strict=True) if of == model])
        for model in models
    ]


def joined(splits: list[Measured]) -> dict[str, dict]:
    """Join the measures of a model's splits."""
    return {
        "lists": {name: [one.lists[name] for one in splits] for name in splits[0].lists},
        "users": {name: np.stack([one.users[name] for one in splits]) for name in splits[0].users},
    }


def quarters(data: DataSet) -> np.ndarray:
    """(users,) 0 for the quarter of the users with the fewest plays in all, to 3; ties by row."""
    plays = data.plays.matrix.sum(axis=1, dtype=np.float64)
    ranks = np.empty(len(plays), np.int64)
    ranks[np.argsort(plays, kind="stable")] = np.arange(len(plays))
    return ranks * QUARTERS // len(plays)


def on_cluster(client, data, tasks: list[tuple], name: str) -> list[Measured]:
    """`measure_split` of each task, in their order; data: those on the workers."""
    futures = [client.submit(measure_split, data, *task, pure=False) for task in tasks]
    results = dict(completed(futures, name, "split"))
    return [results[future] for future in futures]
