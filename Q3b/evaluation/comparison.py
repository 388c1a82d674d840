"""Models compared on data sets: which of them can run, and all their measures on each split."""

from common.command import UserError

import sys
import time
from dataclasses import dataclass, replace

from tqdm import tqdm

from evaluation.metrics import hubness, recall_and_ndcg, variety
from evaluation.models import MODELS, ModelOutput, left_out
from evaluation.names import DEFAULT, TUNED
from evaluation.settings import settings_for
from evaluation.splits import split
from listening.play_counts import PlayCounts
from listening.sample.listeners import generated_play_counts
from recommender.tasks import completed, sent


@dataclass(frozen=True)
class Plan:
    """What is compared: `models` by name on `splits` splits by the first `top` artists."""

    models: list[str]
    splits: int
    top: int
    seed: int


def measure(output: ModelOutput, train, test, top: int) -> dict[str, float]:
    """All measures of one output."""
    measures = recall_and_ndcg(output.recommended, test, top) | variety(output.recommended, train)
    if output.neighbour_ids is not None:
        measures |= hubness(output.neighbour_ids, train.shape[0])
    return measures


def measure_split(
    data: PlayCounts, model: str, settings: dict, number: int, top: int, seed: int
) -> dict[str, float]:
    """All measures of a model on one split, and the seconds taken."""
    held_out = split(data.matrix, seed, number)
    began = time.perf_counter()
    output = MODELS[model](replace(data, matrix=held_out.train), settings, top, seed)
    seconds = time.perf_counter() - began
    return measure(output, held_out.train, held_out.test, top) | {"seconds": seconds}


def warm_up() -> None:
    """Load the compiled loops before anything is timed."""
    tiny = generated_play_counts(users=30, artists=40, seed=1)
    for model in ("user-user euclidean", DEFAULT):
        MODELS[model](tiny, {}, 5, 1)


def models_to_run(name: str, data: PlayCounts, asked: list[str], tuned: bool) -> list[str]:
    """Return the models asked for that can be run; report on stderr which cannot, and why.

    Raises UserError if none is left.
    """
    missing = left_out(data)
    if not tuned:
        missing[TUNED] = "no settings were chosen for these data; --tune chooses them"
    for model in missing:
        if model in asked:
            print(f"{name}: without {model}: {missing[model]}", file=sys.stderr)
    models = [model for model in MODELS if model in asked and model not in missing]
    if not models:
        raise UserError(f"--data {name}: none of the models asked for can be run")
    return models


def compare(name: str, data: PlayCounts, plan: Plan, chosen: dict, client=None) -> list[dict]:
    """Evaluate the models on one data set; one row for each.

    Its measures are lists, one entry a split. On a cluster each split of each model is a task.
    """
    models = models_to_run(name, data, plan.models, name in chosen)
    settings = {model: settings_for(name, model, chosen) for model in models}
    asked = [(model, number) for model in models for number in range(1, plan.splits + 1)]
    tasks = [(model, settings[model], number, plan.top, plan.seed) for model, number in asked]
    if client:
        found = on_cluster(client, sent(client, data), tasks, name)
    else:
        bar = tqdm(tasks, desc=name, unit="split", disable=None)
        found = [measure_split(data, *task) for task in bar]
    rows = []
    for model in models:
        results = [one for one, (of, _) in zip(found, asked, strict=True) if of == model]
        measures = {key: [result[key] for result in results] for key in results[0]}
        rows.append(
            {"data": name, "model": model, "settings": settings[model], "measures": measures}
        )
    return rows


def on_cluster(client, data, tasks: list[tuple], name: str) -> list[dict[str, float]]:
    """`measure_split` of each task, in their order; data: those on the workers."""
    futures = [client.submit(measure_split, data, *task, pure=False) for task in tasks]
    results = dict(completed(futures, name, "split"))
    return [results[future] for future in futures]
