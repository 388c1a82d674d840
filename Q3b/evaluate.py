"""Compare recommenders on held-out artists, and choose their settings.

    python Q3b/evaluate.py                                  on generated listeners
    python Q3b/evaluate.py --data hetrec FOLDER --plot comparison.png
    python Q3b/evaluate.py --data hetrec FOLDER --data ml-100k FOLDER --tune

A fifth of each user's artists is held out at random; a recommender sees the rest and must find
them in its first 20. The mean over several such splits is shown with its 95 % confidence
interval. --tune first chooses every model's settings by the same number of trials, in ten
folds of the training part of a further split, and keeps them in chosen_settings.json.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chosen_settings import CHOSEN, merged, read_chosen, settings_for, write_chosen
from cluster import add_cluster_argument, completed, connected, sent
from command_line import (
    ArgumentParser,
    UserError,
    command,
    picture,
    random_seed,
    whole_number,
)
from evaluation_data import DATA_SETS, read_data_set
from evaluation_metrics import hubness, recall_and_ndcg, variety
from evaluation_models import DEFAULT, MODELS, TUNED, ModelOutput, check_libraries, left_out
from evaluation_report import REPORTS
from evaluation_splits import split, usable
from evaluation_tuning import SPACES, choose
from listeners import generated_play_counts
from play_counts import PlayCounts
from tqdm import tqdm


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    number = whole_number(1, 10_000)
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        nargs="+",
        action="append",
        metavar=("NAME", "FOLDER"),
        help=f"a data set and its folder, several times if you like: {', '.join(DATA_SETS)}"
        " (default: sample, which needs no folder)",
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, metavar="MODEL", help="only these")
    parser.add_argument(
        "--splits", type=number, default=5, metavar="N", help="how many splits to report"
    )
    parser.add_argument("--top", type=number, default=20, metavar="N", help="length of the lists")
    parser.add_argument("--seed", type=random_seed, default=1, help="of splits, trials and models")
    parser.add_argument("--tune", action="store_true", help="choose and keep the settings first")
    parser.add_argument(
        "--trials", type=number, default=40, metavar="N", help="settings tried a model"
    )
    add_cluster_argument(parser)
    parser.add_argument("--format", choices=REPORTS, default="text", help="of the comparison")
    parser.add_argument("--plot", type=picture, metavar="FILE.png", help="draw the comparison")
    return parser.parse_args(argv)


def read_data_sets(named: list[list[str]] | None, seed: int) -> dict[str, PlayCounts]:
    """Read the data sets named on the command line, as [name] or [name, folder]."""
    sets = {}
    for name, *folder in named or [["sample"]]:
        if len(folder) > 1:
            raise UserError(f"--data {name} takes one folder, not {len(folder)}")
        data = usable(read_data_set(name, Path(folder[0]) if folder else None, seed))
        if len(data.users) < 2:
            raise UserError(f"--data {name}: fewer than two users with five artists or more")
        sets[name] = data
    return sets


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
    """The models asked for that can be run; which cannot, and why, is said on stderr.

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


def compare(name: str, data: PlayCounts, options, chosen: dict, client=None) -> list[dict]:
    """Evaluate the models on one data set; one row for each.

    Its measures are lists, one entry a split. On a cluster each split of each model is a task.
    """
    models = models_to_run(name, data, options.models or list(MODELS), name in chosen)
    settings = {model: settings_for(name, model, chosen) for model in models}
    asked = [(model, number) for model in models for number in range(1, options.splits + 1)]
    tasks = [(model, settings[model], number, options.top, options.seed) for model, number in asked]
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
    import evaluate  # by its own name workers find it; as a script it has another

    futures = [client.submit(evaluate.measure_split, data, *task, pure=False) for task in tasks]
    results = dict(completed(futures, name, "split"))
    return [results[future] for future in futures]


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Compare the models of the command line on its data sets."""
    options = parse(argv)
    sets = read_data_sets(options.data, options.seed)
    check_libraries(options.models or MODELS)  # after the data: a mistake is told first
    chosen = read_chosen(CHOSEN)
    for model in SPACES if options.tune else []:
        if model in (options.models or MODELS):
            new = choose(sets, model, options.trials, options.top, options.seed)
            chosen = merged(chosen, new)
            write_chosen(chosen, CHOSEN)  # after each model, since a choice takes minutes
    warm_up()
    with connected(options.cluster) as client:
        rows = [
            row
            for name, data in sets.items()
            for row in compare(name, data, options, chosen, client)
        ]
    print(REPORTS[options.format](rows))
    if options.plot:
        from evaluation_plot import plot_comparison  # Matplotlib takes half a second to load

        plot_comparison(rows, options.plot, options.top)


if __name__ == "__main__":
    sys.exit(main())
