#!/usr/bin/env python3
"""Compare recommenders on held-out artists, and choose their settings."""

from common.command import Command

import sys
from pathlib import Path

import click

from common.cluster import cluster_option, connected
from common.output import FORMATS, new_file
from evaluation.names import CSV, DATA_SETS, NAMES, RANDOM, SETTINGS_FILE, SPLITS, TABLES

EXAMPLES = """\b
examples:
  python Q3b/evaluate.py
  python Q3b/evaluate.py --data hetrec FOLDER --plot comparison.png
  python Q3b/evaluate.py --data hetrec FOLDER --models popularity --models EASE
  python Q3b/evaluate.py --data hetrec FOLDER --data ml-100k FOLDER --tune
  python Q3b/evaluate.py --data csv FILE.csv --columns user=u,item=i,plays=r
  python Q3b/evaluate.py --data ml-100k FOLDER --split last --against popularity
"""
NUMBER = click.IntRange(1, 10_000)


def each_once(ctx: click.Context, param: click.Parameter, data: tuple) -> tuple:
    """Check, as the callback of an option, that no data set is named twice."""
    names = [path.name if name == CSV else name for name, path in data]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise click.BadParameter(f"{repeated[0]} is given twice")
    return data


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--data",
    type=(click.Choice(DATA_SETS), click.Path(path_type=Path)),
    multiple=True,
    callback=each_once,
    metavar="NAME PATH",
    help="Data set to compare on and the folder of its files, or csv and a file of your own, whose"
    " name ends in .csv, .tsv, .jsonl or .parquet; give the option again for each."
    f" Names: {', '.join(DATA_SETS)}. By default a sample is drawn from the seed.",
)
@click.option(
    "--columns",
    metavar="USE=TITLE,...",
    help="Titles of the columns of --data csv: user=u,item=i,plays=r,name=n, the last two if there"
    " are any. By default usual titles are looked for.",
)
@click.option(
    "--models",
    type=click.Choice(NAMES),
    multiple=True,
    metavar="MODEL",
    help=f"Model to run; give the option again for each. Models: {'; '.join(NAMES)}. By default"
    " all run whose libraries are installed and whose columns the data have.",
)
@click.option(
    "--split",
    "kind",
    type=click.Choice(SPLITS),
    default=RANDOM,
    help="What is held out: a random fifth of each user's artists; the last fifth of each user by"
    " time; or all plays after a cut in time, which is the same for everybody.",
)
@click.option(
    "--splits",
    type=NUMBER,
    show_default="5, or 1 of a split by time",
    help="Number of splits to report; of a split by time there is one.",
)
@click.option("--top", type=NUMBER, default=20, help="Length of each list of recommendations.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    help="Seed of every random choice: splits, trials, models and the sample.",
)
@click.option(
    "--against",
    type=click.Choice(NAMES),
    metavar="MODEL",
    help="Report the differences from this model only. By default all pairs are compared.",
)
@click.option(
    "--tune",
    is_flag=True,
    help="Choose the settings of the models first, in ten folds of the plays shown, and keep them."
    " Without this option models without kept settings for a data set are tuned in one fold.",
)
@click.option(
    "--trials",
    type=NUMBER,
    show_default="40 with --tune, 10 without",
    help="Number of settings to try for each model; the first are the model's defaults.",
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
    "--table",
    type=click.Choice(TABLES),
    default="models",
    help="Table to write with --format csv; text and json have both.",
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
    columns: str | None,
    models: tuple[str, ...],
    kind: str,
    splits: int | None,
    top: int,
    against: str | None,
    seed: int,
    tune: bool,
    trials: int | None,
    settings: Path | None,
    on_bad_row: str,
    cluster: str | None,
    output_format: str,
    table: str,
    plot: Path | None,
    html: Path | None,
) -> None:
    """Compare recommenders on held-out artists, and choose their settings.

    A fifth of each user's artists is held out at random; a recommender sees the rest and must find
    them in its first 20 (--top). Means over users and several such splits are shown with 95 %
    confidence intervals, and the differences between models, paired by user.

    Settings are chosen by the same number of trials for every model, in folds of the training part
    of a further split. Those chosen with --tune are written to the file of --settings.
    """
    from evaluation.comparison import Plan, choose_settings, compare, models_to_tune, warm_up
    from evaluation.data import read_data_sets
    from evaluation.models import MODELS, check_libraries
    from evaluation.report import report
    from evaluation.settings import merged, read_settings, write_chosen
    from listening.bad_rows import rejected_lines
    from listening.tables.columns import PLAYS, named_columns

    if kind != RANDOM and splits not in (None, 1):
        raise click.BadParameter(f"{splits}: a split by time is one", param_hint="--splits")
    if columns and CSV not in dict(data):
        raise click.BadParameter("names the columns of --data csv FILE", param_hint="--columns")
    chosen = read_settings(settings, tune)
    named = named_columns(PLAYS, columns) if columns else None
    sets = read_data_sets(data, seed, on_bad_row, kind != RANDOM, named)
    for one in sets:
        for line in rejected_lines(one.rejected, one.first_rejected):
            click.echo(line, err=True)
    asked = [name for name in NAMES if name in (models or MODELS)]
    splits, trials = splits or (5 if kind == RANDOM else 1), trials or (40 if tune else 10)
    plan = Plan(asked, splits, top, seed, kind, tune, trials)
    check_libraries(plan.models)  # after the data, so that errors in them are reported first
    with connected(cluster) as client:  # before hours of tuning, in which it takes no part
        for one in sets:
            for model in models_to_tune(one, plan, chosen):
                chosen = merged(chosen, choose_settings(one, plan, model))
                if tune:  # after each model, since a choice takes minutes
                    write_chosen(chosen, settings or Path(SETTINGS_FILE))
        warm_up()
        rows = [row for one in sets for row in compare(one, plan, chosen, client)]
    print(report(output_format, table, rows, sets, against))
    if plot:
        from evaluation.plot import plot_comparison

        plot_comparison(rows, plot, top)
    if html:
        from evaluation.plot import save_comparison

        save_comparison(rows, report("text", table, rows, sets, against), top, html)


if __name__ == "__main__":
    sys.exit(main())
