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
from collections.abc import Sequence

from common.cluster import add_cluster_argument, connected
from common.command_line import ArgumentParser, command, picture, random_seed, whole_number
from evaluation.comparison import compare, read_data_sets, warm_up
from evaluation.data import DATA_SETS
from evaluation.models import MODELS, check_libraries
from evaluation.report import REPORTS
from evaluation.settings import CHOSEN, merged, read_chosen, write_chosen
from evaluation.tuning import SPACES, choose


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
        from evaluation.plot import plot_comparison  # Matplotlib takes half a second to load

        plot_comparison(rows, options.plot, options.top)


if __name__ == "__main__":
    sys.exit(main())
