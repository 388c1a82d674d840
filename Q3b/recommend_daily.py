"""The daily job: recommend artists to every user and publish the answers to the store.

    python Q3b/recommend_daily.py
    python Q3b/recommend_daily.py --plays plays.parquet --profiles profiles.parquet
    python Q3b/recommend_daily.py --source postgresql://reader@db/app --max-age 5y \\
        --store dynamodb://recommendations?region=eu-west-1 --run-id 2026-11-24

Plays and profiles are files (the two Last.fm 360K files or Parquet) or come from the app's
PostgreSQL; without either they are the Last.fm files in this folder or, failing that, a sample
drawn from a seed, which is for SQLite files alone. Readers of the store see the new set when all of
it is written, and the old one until then.

A scheduler can split the work: --export takes the app's tables into files, --no-publish writes a
set that readers do not see yet, --verify reads it back, --publish shows it. A run id, such as the
date, makes each step safe to repeat.

Exit codes: 0 done; 1 a failure outside, trying again may help; 2 wrong settings or data, it will
not; 75 another run holds the store; 130 and 143 stopped by SIGINT and SIGTERM.
"""

from common.command import UserError

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from common.cluster import add_cluster_argument, connected
from common.command_line import ArgumentParser, command, random_seed, share, whole_number
from common.output import replacing
from job.report import report_csv, report_json, summary
from job.run import daily_run
from job.settings import RunSettings
from job.verify import check_set
from listening.database import export_tables
from listening.lastfm import PLAYS_FILE, PROFILE_FILE
from listening.maximum_age import MaximumAge, maximum_age
from listening.sample.files import write_listeners
from listening.source import Listening, read_listening
from recommender.methods import METRICS
from store.lock import renewed_lock
from store.protocol import Run, Store, StoreLockedError, new_run
from store.url import default_store, open_store

HERE = Path(__file__).resolve().parent
LOCKED = 75  # EX_TEMPFAIL of sysexits.h: try again later
STOPPED = 128 + signal.SIGTERM


def read_input(options: argparse.Namespace) -> Listening:
    """Read the files that are named, or the app's tables, or the files here, or a sample."""
    age = options.max_age
    source = options.source or os.environ.get("RECOMMENDER_SOURCE")
    if options.plays:
        return read_listening(options.plays, options.profiles, age)
    if options.profiles:
        raise UserError("--profiles is given without --plays")
    with tempfile.TemporaryDirectory(prefix="recommend-daily-") as folder:
        if source:
            return read_listening(*exported(source, Path(folder), age))
        if (HERE / PLAYS_FILE).exists():
            return read_listening(HERE / PLAYS_FILE, HERE / PROFILE_FILE, age)
        if urlsplit(options.store).scheme != "sqlite":  # real users would be served the sample
            raise UserError(
                f"no plays are named, and a sample does not belong into {options.store}; "
                "name --source, RECOMMENDER_SOURCE or --plays"
            )
        print("no plays are named: using a sample drawn from a seed", file=sys.stderr)
        return read_listening(*write_listeners(Path(folder)), age)


def exported(source: str, folder: Path, age: MaximumAge | None) -> tuple[Path, Path]:
    """Take the app's tables into files in `folder`."""
    return export_tables(source, folder, age and age.interval())


def export(options: argparse.Namespace) -> str:
    """The step before a run: the app's tables as files."""
    source = options.source or os.environ.get("RECOMMENDER_SOURCE")
    if not source:
        raise UserError("--export needs --source, or RECOMMENDER_SOURCE in the environment")
    options.export.mkdir(parents=True, exist_ok=True)
    return "\n".join(map(str, exported(source, options.export, options.max_age)))


def run(options: argparse.Namespace) -> str:
    """Write a set and publish it, unless a run of its id is published already."""
    if options.source and options.plays:
        raise UserError("--source and --plays exclude each other")
    settings = RunSettings(**{name: getattr(options, name) for name in RunSettings.__annotations__})
    store, about = open_store(options.store, create=True), new_run(options.run_id)
    with store.lock(), renewed_lock(store):
        done = store.find_run(options.run_id) if options.run_id else None
        if done and store.is_current(done):
            print(f"run {done.run_id} is published already", file=sys.stderr)
            write_report(done, options.report)
            return shown(done, f"version {done.version} is published", options.format)
        listening = read_input(options)
        with connected(options.cluster) as client:
            finished = daily_run(listening, settings, store, about, client)
        if not options.no_publish:
            store.publish(finished)
    write_report(finished, options.report)
    state = "finished, not published" if options.no_publish else "published"
    return shown(finished, summary(finished, state), options.format)


def write_report(finished: Run, path: Path | None) -> None:
    """Write the run's report, if a file was named for it."""
    if path:
        with replacing(path) as beside:
            beside.write_text(report_json(finished) + "\n", encoding="utf-8")


def shown(finished: Run, text: str, form: str) -> str:
    """A run in the form that was asked for; `text`: the run in words."""
    forms = {"csv": report_csv, "json": report_json}
    return forms[form](finished) if form in forms else text


def found_run(store: Store, run_id: str) -> Run:
    """The finished run of an id. Raises UserError if there is none."""
    found = store.find_run(run_id)
    if not found:
        raise UserError(f"the store holds no finished run {run_id!r}")
    return found


def verify(options: argparse.Namespace) -> str:
    """Read a set back."""
    store = open_store(options.store)
    found = found_run(store, options.verify)
    return f"version {found.version}: {check_set(store, found)} users read back, all as reported"


def publish(options: argparse.Namespace) -> str:
    """Show a finished set to readers."""
    store = open_store(options.store)
    found = found_run(store, options.publish)
    store.publish(found)
    return f"version {found.version} is published"


def rollback(options: argparse.Namespace) -> str:
    """Show the set before the current one again."""
    back = open_store(options.store).rollback()
    return f"rolled back to version {back.version}, generated at {back.generated_at}"


def parser() -> ArgumentParser:
    """What the command takes."""
    result = ArgumentParser(description=__doc__)
    add = result.add_argument_group("data").add_argument
    add("--plays", type=Path, metavar="FILE", help="plays, .tsv or .parquet")
    add("--profiles", type=Path, metavar="FILE", help="profiles, .tsv or .parquet")
    add("--source", metavar="URL", help="the app's PostgreSQL; also RECOMMENDER_SOURCE")
    add("--max-age", type=maximum_age, metavar="AGE", help="leave out older plays: 5y, 18m, 30d")
    add("--gender", choices=["f", "m"], help="only these users")
    add("--share", type=share, default=1.0, metavar="SHARE", help="of the users, drawn")
    add("--seed", type=random_seed, default=RunSettings.seed, help="of all random choices")
    add = result.add_argument_group("method").add_argument
    add("--metric", choices=METRICS, default=RunSettings.metric, help="what users are compared by")
    many, few = whole_number(1, 2**31 - 1), whole_number(1, 1000)
    add("--neighbours", type=many, metavar="N", help="of each user; by default 250, euclidean 100")
    usual = RunSettings.recommendations
    add("--recommendations", type=few, default=usual, metavar="N", help="at most 1000 a user")
    add("--include-played", action="store_true", help="recommend also what a user plays already")
    add_cluster_argument(result.add_argument_group("where"))
    add = result.add_argument_group("store").add_argument
    urls = "sqlite:///FILE or dynamodb://TABLE?region=R"
    add("--store", metavar="URL", default=default_store(), help=urls)
    add("--run-id", default="", metavar="ID", help="a run of this id is published only once")
    add("--no-publish", action="store_true", help="write the set, but leave readers on the old one")
    add = result.add_argument_group("instead of a run").add_mutually_exclusive_group().add_argument
    add("--export", type=Path, metavar="FOLDER", help="write the app's tables as Parquet files")
    add("--verify", metavar="ID", help="read the set of a finished run back and check it")
    add("--publish", metavar="ID", help="let readers see the set of a finished run")
    add("--rollback", action="store_true", help="let readers see the set before the current one")
    add = result.add_argument_group("output").add_argument
    add("--format", choices=["text", "csv", "json"], default="text", help="of the summary")
    add("--report", type=Path, metavar="FILE", help="write the run's report here, as JSON")
    return result


def stop(*_) -> None:
    """End cleanly at SIGTERM: what was written is not published, and the lock is given back."""
    print(f"{Path(__file__).name}: stopped; readers stay on the published set", file=sys.stderr)
    raise SystemExit(STOPPED)


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Do the step that the command line asks for, by default a whole run."""
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, stop)
    steps = [(options.export, export), (options.verify, verify)]
    steps += [(options.publish, publish), (options.rollback, rollback)]
    step = next((step for asked, step in steps if asked), run)
    try:
        print(step(options))
    except StoreLockedError as error:
        print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        raise SystemExit(LOCKED) from error


if __name__ == "__main__":
    sys.exit(main())
