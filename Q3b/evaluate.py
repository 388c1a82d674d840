#!/usr/bin/env python3
"""Compare recommenders on held-out artists, and choose their settings."""

from common.command import Command

import sys
from pathlib import Path

import click

from common.cluster import cluster_option, connected
from common.output import FORMATS, new_file
from evaluation.names import DATA_SETS, NAMES, SETTINGS_FILE

EXAMPLES = """\b
examples:
  python Q3b/evaluate.py
  python Q3b/evaluate.py --data hetrec FOLDER --plot comparison.png
  python Q3b/evaluate.py --data hetrec FOLDER --models popularity --models EASE
  python Q3b/evaluate.py --data hetrec FOLDER --data ml-100k FOLDER --tune
"""
NUMBER = click.IntRange(1, 10_000)
FOLDER = click.Path(file_okay=False, path_type=Path)


def each_once(ctx: click.Context, param: click.Parameter, data: tuple) -> tuple:
    """Check, as the callback of an option, that no data set is named twice."""
    names = [name for name, _ in data]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise click.BadParameter(f"{repeated[0]} is given twice")
    return data


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--data",
    type=(click.Choice(DATA_SETS), FOLDER),
    multiple=True,
    callback=each_once,
    metavar="NAME FOLDER",
    help="Data set to compare on and the folder of its files; give the option again for each."
    f" Names: {', '.join(DATA_SETS)}. By default a sample is drawn from the seed.",
)
@click.option(
    "--models",
    type=click.Choice(NAMES),
    multiple=True,
    metavar="MODEL",
    help=f"Model to run; give the option again for each. Models: {'; '.join(NAMES)}. By default"
    " all run whose libraries are installed and whose columns the data have.",
)
@click.option("--splits", type=NUMBER, default=5, help="Number of splits to report.")
@click.option("--top", type=NUMBER, default=20, help="Length of each list of recommendations.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    help="Seed of every random choice: splits, trials, models and the sample.",
)
@click.option("--tune", is_flag=True, help="Choose the settings of the models first.")
@click.option(
    "--trials", type=NUMBER, default=40, help="Number of settings that --tune tries for each model."
)
@click.option(
    "--settings",
    type=click.Path(dir_okay=False, path_type=Path),
    show_default=SETTINGS_FILE,
    metavar="FILE",
    help="File of the chosen settings; --tune writes its choice into it. Without this option and"
    " without such a file in the current folder the settings that come with the project are read.",
)
@click.option(
    "--on-bad-row",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    help="What to do at a row that cannot be used: stop there, or skip such rows and report them."
    " The default is to stop, since a comparison on a part of the data misleads.",
)
@cluster_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Draw the comparison into a .png, .svg or .pdf file.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write a page with the picture of --plot, the table and the text: one file of HTML that "
    "needs no network.",
)
def main(
    data: tuple[tuple[str, Path], ...],
    models: tuple[str, ...],
    splits: int,
    top: int,
    seed: int,
    tune: bool,
    trials: int,
    settings: Path | None,
    on_bad_row: str,
    cluster: str | None,
    output_format: str,
    plot: Path | None,
    html: Path | None,
) -> None:
    """Compare recommenders on held-out artists, and choose their settings.

    A fifth of each user's artists is held out at random; a recommender sees the rest and must find
    them in its first 20 (--top). The mean over several such splits is shown with its 95 %
    confidence interval.

    --tune first chooses every model's settings by the same number of trials, in ten folds of the
    training part of a further split, and writes them to the file of --settings.
    """
    from evaluation.comparison import Plan, compare, warm_up
    from evaluation.data import read_data_sets
    from evaluation.models import MODELS, check_libraries
    from evaluation.report import report
    from evaluation.settings import merged, read_settings, write_chosen
    from evaluation.tuning import SPACES, choose
    from listening.bad_rows import rejected_lines

    chosen = read_settings(settings, tune)
    sets = read_data_sets(data, seed, on_bad_row)
    for one in sets.values():
        for line in rejected_lines(one.rejected, one.first_rejected):
            click.echo(line, err=True)
    plan = Plan([name for name in NAMES if name in (models or MODELS)], splits, top, seed)
    check_libraries(plan.models)  # after the data, so that errors in them are reported first
    plays = {name: one.plays for name, one in sets.items()}
    with connected(cluster) as client:  # before hours of tuning, in which it takes no part
        for model in SPACES if tune else ():
            if model in plan.models:
                chosen = merged(chosen, choose(plays, model, trials, top, seed))
                # After each model, since a choice takes minutes.
                write_chosen(chosen, settings or Path(SETTINGS_FILE))
        warm_up()
        rows = [row for name in plays for row in compare(name, plays[name], plan, chosen, client)]
    print(report(output_format, rows, sets))
    if plot:
        from evaluation.plot import plot_comparison

        plot_comparison(rows, plot, top)
    if html:
        from evaluation.plot import save_comparison

        save_comparison(rows, sets, top, html)


if __name__ == "__main__":
    sys.exit(main())
