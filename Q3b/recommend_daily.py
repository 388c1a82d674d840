#!/usr/bin/env python3
"""The daily job: recommend artists to every user and publish the answers to the store."""

from common.command import Command, UserError

import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from common.cluster import cluster_option
from common.output import FORMATS, new_file
from job.log import LOG_FORMATS, logged
from job.settings import BLENDS, METRICS, RunSettings
from listening.tables.columns import ITEMS, MARKS, PROFILES, TIMED_PLAYS, Kind, named_columns
from store.url import DEFAULT_STORE

if TYPE_CHECKING:
    from listening.maximum_age import MaximumAge

STEPS = ("export", "verify", "publish", "rollback", "diff")  # each in place of a run
STOPPED = 128 + signal.SIGTERM
STOP_SECONDS = 4  # from SIGTERM on, to release the lock and end
EXAMPLES = """\b
examples:
  python Q3b/recommend_daily.py
  python Q3b/recommend_daily.py --plays plays.parquet --profiles profiles.parquet
  python Q3b/recommend_daily.py --plays views.csv.gz --columns user=account,item=film,plays=views \\
      --items films.parquet --item-fields url,image --item-name film
  python Q3b/recommend_daily.py --source postgresql://reader@db/app --max-age 5y \\
      --store 'dynamodb://recommendations?region=eu-west-1' --run-id 2026-11-24
"""


def read_age(ctx: click.Context, param: click.Parameter, text: str | None) -> "MaximumAge | None":
    """Read --max-age, as its callback: pandas loads only where it is given."""
    if text is None:
        return None
    from listening.maximum_age import maximum_age

    try:
        return maximum_age(text)
    except UserError as error:
        raise click.BadParameter(error.message) from None


def columns_of(kind: Kind) -> Callable:
    """Return the callback of an option that names the columns of a kind of table."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> dict | None:
        try:
            return text if text is None else named_columns(kind, text)
        except UserError as error:
            raise click.BadParameter(error.message) from None

    return read


def check_name(ctx: click.Context, param: click.Parameter, text: str) -> str:
    """Check --item-name, such as film, or story,stories."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts) or len(parts) > 2 or not text.isprintable():
        raise click.BadParameter(f"{text!r}: write film, or story,stories")
    return text


def read_fields(ctx: click.Context, param: click.Parameter, text: str) -> tuple[str, ...]:
    """Read --item-fields: titles of columns, divided by commas."""
    titles = tuple(title.strip() for title in text.split(",")) if text else ()
    if "" in titles or len(set(titles)) < len(titles):
        raise click.BadParameter(f"{text!r}: write url,image, each title once")
    return titles


def stop(*_) -> None:
    """End cleanly at SIGTERM: what was written is not published, and the lock is released.

    Where a network keeps that from being done in time, end all the same.
    """
    click.echo(f"{Path(__file__).name}: stopped; readers stay on the published set", err=True)
    last = threading.Timer(STOP_SECONDS, os._exit, [STOPPED])
    last.daemon = True
    last.start()
    raise SystemExit(STOPPED)


def check_step(options: SimpleNamespace) -> str:
    """Return the step that the options ask for. Raises UsageError if they contradict each other."""
    asked = [name for name in STEPS if getattr(options, name)]
    if len(asked) > 1:
        raise click.UsageError(f"--{asked[0]} and --{asked[1]} exclude each other")
    if asked and (options.report or options.output_format != "text"):
        raise click.UsageError(f"--{asked[0]} has neither a --report nor another --format")
    if asked and not options.diff and (options.plot or options.html):
        raise click.UsageError(f"--{asked[0]} has neither a --plot nor an --html page")
    if options.plot and not find_spec("matplotlib"):
        raise click.UsageError("--plot needs matplotlib: pip install matplotlib")
    if options.export and options.plays:
        raise click.UsageError("--export reads --source: leave out --plays")
    if options.neighbours and options.metric != "euclidean":
        raise click.UsageError("--neighbours needs --metric euclidean")
    if options.blend and options.metric != "cosine":
        raise click.UsageError("--blend needs --metric cosine")
    if options.blend and not find_spec("implicit"):
        raise click.UsageError("--blend als needs implicit: pip install implicit")
    if options.profiles and not options.plays:
        raise click.UsageError("--profiles needs --plays")
    if options.columns and not (options.plays or options.source):
        raise click.UsageError("--columns needs --plays or --source")
    if options.profile_columns and not (options.profiles or (options.source and not options.plays)):
        raise click.UsageError("--profile-columns needs --profiles or --source")
    if (options.item_columns or options.item_fields) and not options.items:
        raise click.UsageError("--item-columns and --item-fields need --items")
    if options.mark_columns and not options.marks:
        raise click.UsageError("--mark-columns needs --marks")
    if options.marks and options.source and not options.plays:
        raise click.UsageError("--marks needs --plays: the app's database has a table of its own")
    for name in ("share", "max_drop", "min_coverage"):
        if math.isnan(getattr(options, name)):  # which lies in every FloatRange
            raise click.UsageError(f"--{name.replace('_', '-')} nan is not a number")
    # A RECOMMENDER_SOURCE in the environment gives way to --plays.
    typed = click.get_current_context().get_parameter_source("source")
    if options.source and options.plays and typed is ParameterSource.COMMANDLINE:
        raise click.UsageError("--source and --plays exclude each other")
    if options.export and not options.source:
        raise click.UsageError("--export needs --source, or RECOMMENDER_SOURCE in the environment")
    return asked[0] if asked else "run"


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--plays",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Plays of each user and item: .csv, .tsv, .jsonl or .parquet, the first three also as "
    ".gz, .bz2 or .zst; a .tsv whose columns are not named is in the layout of Last.fm 360K.",
)
@click.option(
    "--profiles",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Gender, age and country of each user, in the same kinds of files; needs --plays.",
)
@click.option(
    "--columns",
    callback=columns_of(TIMED_PLAYS),
    metavar="USE=TITLE,...",
    help="Columns of the plays: user, item, name, plays, and time for --max-age, such as "
    "user=account,item=track. Without plays each row counts once. item=#2 is the second column of "
    "a file without a header. Titles such as user_id, item_id, name and plays are known.",
)
@click.option(
    "--profile-columns",
    callback=columns_of(PROFILES),
    metavar="USE=TITLE,...",
    help="Columns of the profiles: user, gender, age, country and signup.",
)
@click.option(
    "--items",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Table of items by id, in the same kinds of files: their names and fields.",
)
@click.option(
    "--item-columns",
    callback=columns_of(ITEMS),
    metavar="USE=TITLE,...",
    help="Columns of the items: item, which is the id, and name.",
)
@click.option(
    "--item-fields",
    default="",
    show_default=False,
    callback=read_fields,
    metavar="TITLE,...",
    help="Columns of the items that answers carry, as text, such as url,image.",
)
@click.option(
    "--item-name",
    default=RunSettings.item_name,
    callback=check_name,
    metavar="NAME",
    help="What the page and the API's description call an item: film, or story,stories.",
)
@click.option(
    "--marks",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What users said of items, in the same kinds of files: a row has a user, an item and "
    "like, dislike or block. A liked item counts as an average one of the user, the plays of a "
    "disliked one do not count, and neither that nor a blocked one is recommended to the user.",
)
@click.option(
    "--mark-columns",
    callback=columns_of(MARKS),
    metavar="USE=TITLE,...",
    help="Columns of the marks: user, item and mark.",
)
@click.option(
    "--blocked",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Ids of items, one a line in UTF-8, that are left out of plays, lists and reasons.",
)
@click.option(
    "--source",
    metavar="URL",
    envvar="RECOMMENDER_SOURCE",
    show_envvar=True,
    help="URL of the app's PostgreSQL, read where --plays is not given.",
)
@click.option(
    "--max-age",
    metavar="AGE",
    callback=read_age,
    help="Leave out plays older than this: 5y, 18m, 6w or 30d.",
)
@click.option(
    "--on-bad-row",
    type=click.Choice(["stop", "skip"]),
    default="skip",
    help="End at the first row that cannot be used, or leave such rows out and report them by "
    "reason. The default is skip: the real Last.fm files have 87 such rows.",
)
@click.option(
    "--gender", type=click.Choice(["f", "m"]), help="Recommend to users of this gender alone."
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=RunSettings.share,
    metavar="F",
    help="Fraction of users to sample.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=RunSettings.seed,
    help="Seed of every random choice.",
)
@click.option(
    "--metric",
    type=click.Choice(METRICS),
    default=RunSettings.metric,
    help="Compare users by this: cosine (the damped vote) finds more of what users play, "
    "euclidean is the reference method.",
)
@click.option(
    "--neighbours",
    type=click.IntRange(1, 2**31 - 1),
    metavar="N",
    show_default="100",
    help="Nearest users who vote for each user's artists; needs --metric euclidean, since by "
    "cosine everybody votes.",
)
@click.option(
    "--blend",
    type=click.Choice(BLENDS),
    help="Blend the vote with ALS factors, which finds a little more of what users play: scores "
    "are the sum of both z-scores, reasons are those of the vote. The 20,000 items that most users "
    "play take part. Needs --metric cosine and the package implicit.",
)
@click.option(
    "--recommendations",
    type=click.IntRange(1, 1000),
    default=RunSettings.recommendations,
    metavar="N",
    help="Items to recommend to each user.",
)
@click.option("--include-played", is_flag=True, help="Recommend also what a user plays already.")
@cluster_option
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_STORE,
    envvar="RECOMMENDER_STORE",
    show_envvar=True,
    help="Store to publish to: sqlite:///FILE, where a relative FILE is in the current folder, or "
    "dynamodb://TABLE?region=REGION.",
)
@click.option(
    "--index",
    metavar="PLACE",
    default="",
    show_default="next to an SQLite file: FILE.index",
    envvar="RECOMMENDER_INDEX",
    show_envvar=True,
    help="Where the indexes of the sets go, by which the API recommends for any taste: a folder, "
    "or a bucket such as s3://BUCKET/PREFIX. none writes no index, as for DynamoDB without a "
    "place.",
)
@click.option(
    "--run-id",
    default="",
    show_default=False,
    metavar="ID",
    help="Name of the run, such as its date: a run of one name is published only once.",
)
@click.option(
    "--no-publish", is_flag=True, help="Write the set, but leave readers on the published one."
)
@click.option(
    "--min-users",
    type=click.IntRange(0),
    default=100,
    metavar="N",
    help="Do not publish a set of fewer users with plays.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 1),
    default=0.2,
    metavar="F",
    help="Do not publish a set that has lost more than this fraction of the published one's users "
    "with plays.",
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 1),
    default=0.01,
    metavar="F",
    help="Do not publish a set that recommends less than this fraction of the items; nor is one "
    "published whose recall is below that of recommending what is popular.",
)
@click.option(
    "--force", is_flag=True, help="Publish a set that misses these limits, and record that."
)
@click.option(
    "--export",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="In place of a run, write the app's tables as Parquet files into this folder.",
)
@click.option(
    "--verify", metavar="ID", help="In place of a run, read the set of a finished run and check it."
)
@click.option(
    "--publish", metavar="ID", help="In place of a run, let readers see the set of a finished run."
)
@click.option(
    "--rollback",
    is_flag=True,
    help="In place of a run, let readers see the set before the current one again.",
)
@click.option(
    "--diff",
    is_flag=True,
    help="In place of a run, print how the published set differs from the one before it.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output.",
)
@click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    envvar="RECOMMENDER_LOG_FORMAT",
    show_envvar=True,
    help="Format of the log on standard error: json has one object a line for the beginning and "
    "the end of the run, with its id, and for a failure with its exit code.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write the report of the run to this file, as JSON.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write the report, and the picture of --plot, as a page: one file of HTML that needs no "
    "network.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Draw how the published sets changed into a .png, .svg or .pdf file: users who got other "
    "items, coverage and recall over time.",
)
def main(**given):
    """Recommend artists to every user and publish the answers to a store.

    Plays and profiles are files or come from the app's PostgreSQL; ids are any text. Without
    either, the job reads the Last.fm files in the folder Q3b or, failing that, a sample drawn from
    a seed, which is for SQLite files alone. Readers of the store see the new set when all of it is
    written, and the old one until then.

    A scheduler can split the work: --export writes the app's tables to files, --no-publish writes
    a set that readers do not see yet, --verify reads it back, --publish shows it. A run id makes
    each step safe to repeat.

    \b
    Exit codes:
      0    done
      1    a failure outside: a retry may succeed
      2    wrong settings or data: do not retry
      65   the set misses a limit and is not published: look at the data
      75   another run holds the store: retry later
      130  stopped by SIGINT
      143  stopped by SIGTERM
    """
    options = SimpleNamespace(**given)
    step = check_step(options)
    signal.signal(signal.SIGTERM, stop)
    run_id = options.run_id or options.verify or options.publish or ""
    with logged(run_id, step, options.log_format):
        from job import steps  # numba, pandas and more

        click.echo(getattr(steps, step)(options))


if __name__ == "__main__":
    sys.exit(main())
