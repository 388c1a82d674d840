"""The steps that a scheduler starts: a run, or one of export, verify, publish and rollback.

Each takes the options of `recommend_daily.py` and returns what to print.
"""

from common.command import UserError

from pathlib import Path
from types import SimpleNamespace

import click

from common.cluster import connected
from common.output import replacing
from job.input import export_app, read_input
from job.report import formatted_run, summary
from job.run import daily_run
from job.settings import RunSettings
from job.verify import check_set
from store.lock import renewed_lock
from store.protocol import Run, Store, new_run
from store.url import open_store


def run(options: SimpleNamespace) -> str:
    """Write a set and publish it, unless a run of its id is published already."""
    settings = RunSettings(**{name: getattr(options, name) for name in RunSettings.__annotations__})
    store, about = open_store(options.store, create=True), new_run(options.run_id)
    with store.lock(), renewed_lock(store):
        done = store.find_run(options.run_id) if options.run_id else None
        if done and store.is_current(done):
            click.echo(f"run {done.run_id} is published already", err=True)
            write_report(done, options.report)
            text = f"version {done.version} is published"
            return formatted_run(options.output_format, text, done)
        listening = read_input(options)
        with connected(options.cluster) as client:
            finished = daily_run(listening, settings, store, about, client)
        if not options.no_publish:
            store.publish(finished)
    write_report(finished, options.report)
    state = "finished, not published" if options.no_publish else "published"
    return formatted_run(options.output_format, summary(finished, state), finished)


def write_report(finished: Run, path: Path | None) -> None:
    """Write the run's report as JSON, if a file was named for it."""
    if path:
        with replacing(path) as sibling:
            sibling.write_text(formatted_run("json", "", finished) + "\n", encoding="utf-8")


def export(options: SimpleNamespace) -> str:
    """Write the app's tables as files, for a run that follows."""
    options.export.mkdir(parents=True, exist_ok=True)
    return "\n".join(map(str, export_app(options.source, options.export, options.max_age)))


def verify(options: SimpleNamespace) -> str:
    """Read the set of a finished run back and check it."""
    store = open_store(options.store)
    found = finished_run(store, options.verify)
    return f"version {found.version}: {check_set(store, found)} users read back, all as reported"


def publish(options: SimpleNamespace) -> str:
    """Show the set of a finished run to readers."""
    store = open_store(options.store)
    found = finished_run(store, options.publish)
    store.publish(found)
    return f"version {found.version} is published"


def rollback(options: SimpleNamespace) -> str:
    """Show readers the set before the current one again."""
    back = open_store(options.store).rollback()
    return f"rolled back to version {back.version}, generated at {back.generated_at}"


def finished_run(store: Store, run_id: str) -> Run:
    """Return the finished run of an id. Raises UserError if there is none."""
    found = store.find_run(run_id)
    if not found:
        raise UserError(f"the store holds no finished run {run_id!r}")
    return found
