#!/usr/bin/env python3
"""The daily job: recommend artists to every user and publish the answers to the store."""

from common.command import Command

import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import click

from common.cluster import cluster_option
from common.output import FORMATS, new_file
from job.input_options import input_options
from job.log import LOG_FORMATS, logged
from job.settings import BLENDS, METRICS, RunSettings
from job.step import step_asked
from store.url import DEFAULT_STORE

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


def stop(*_) -> None:
    """End cleanly at SIGTERM: what was written is not published, and the lock is released.

    Where a network keeps that from being done in time, end all the same.
    """
    click.echo(f"{Path(__file__).name}: stopped; readers stay on the published set", err=True)
    last = threading.Timer(STOP_SECONDS, os._exit, [STOPPED])
    last.daemon = True
    last.start()
    raise SystemExit(STOPPED)


@click.command(cls=Command, epilog=EXAMPLES)
@input_options
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
    "--voters",
    type=click.IntRange(2),
    default=RunSettings.voters,
    metavar="N",
    help="Users who vote at most, drawn from all by the seed where there are more: memory for the "
    "vote, and the time for a list, grow up to this number of users. All users get lists. By "
    "euclidean and with --blend all users vote.",
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
    step = step_asked(options)
    signal.signal(signal.SIGTERM, stop)
    run_id = options.run_id or options.verify or options.publish or ""
    with logged(run_id, step, options.log_format):
        from job import steps  # numba, pandas and more

        click.echo(getattr(steps, step)(options))


if __name__ == "__main__":
    sys.exit(main())
