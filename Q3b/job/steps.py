"""The steps that a scheduler starts: a run, or one of export, verify, publish, rollback and diff.

Each takes the options of `recommend_daily.py` and returns what to print.
"""

from common.command import UserError

from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import click

from common.cluster import connected
from common.output import replacing
from job.drift import LONGEST, described, difference, history_of
from job.gate import Limits, check_gate, failures
from job.input import export_app, read_input
from job.report import data_report, formatted_run, page_rows, summary
from job.run import chosen, daily_run, without_forgotten
from job.settings import RunSettings
from job.verify import check_set
from listening.source import Listening
from store.lock import renewed_lock
from store.protocol import Run, Store, StoreError, new_run
from store.url import open_store
from taste.place import place_of

# Of a report: where rows are that were left out, by the names of files, which may be temporary.
NOT_OF_THE_DATA = {"first_rejected"}


def run(options: SimpleNamespace) -> str:
    """Write a set and publish it, unless a run of its id is published already."""
    settings = RunSettings(**{name: getattr(options, name) for name in RunSettings.__annotations__})
    store, about = open_store(options.store, create=True), new_run(options.run_id)
    with store.lock(), renewed_lock(store):
        listening = chosen(without_forgotten(read_input(options), store.forgotten()), settings)
        if done := published_already(store, listening, settings, options.run_id):
            click.echo(f"run {done.run_id} is published already", err=True)
            write_report(done, options.report)
            text = f"version {done.version} is published"
            write_page(done, text, options.html)
            write_plot(done, options.plot)
            return formatted_run(options.output_format, text, done)
        with connected(options.cluster) as client:
            place = place_of(options.index, options.store)
            made = daily_run(listening, settings, store, about, client, place)
            finished = judged(store, made, options)
        write_report(finished, options.report)
        check_gate(finished, options.force)
        if not options.no_publish:
            store.publish(finished)
    state = "finished, not published" if options.no_publish else "published"
    text = summary(finished, state)
    write_page(finished, text, options.html)
    write_plot(finished, options.plot)
    return formatted_run(options.output_format, text, finished)


def write_page(run: Run, text: str, path: Path | None) -> None:
    """Write the report of the run as a page, where there is a path for it.

    Where matplotlib is not installed, as in the image of the job, the page has no picture.
    """
    if path:
        from common.page import save_page

        figures = []
        if find_spec("matplotlib"):
            from common.picture import svg
            from job import plot

            history = history_of(run)
            figure = svg(plot.figure_of(history), plot.source_of(history))
            figures = [(figure, plot.described(history))]
        save_page(path, "The daily recommendations", text, page_rows(run), figures)


def write_plot(run: Run, path: Path | None) -> None:
    """Draw how the published sets changed, where there is a path for it."""
    if path:
        from common.picture import save
        from job import plot

        history = history_of(run)
        save(plot.figure_of(history), path, plot.source_of(history))


def published_already(
    store: Store, listening: Listening, settings: RunSettings, run_id: str
) -> Run | None:
    """The published run of that id, if it is of the same data and settings; None if there is none.

    Raises UserError if it is of others.
    """
    done = store.find_run(run_id) if run_id else None
    if not done or not store.is_current(done):
        return None
    made_of = {"data": data_report(listening), "settings": asdict(settings)}
    for what, now in made_of.items():
        if not same(done.report.get(what, {}), now):
            raise UserError(
                f"run {run_id!r} is published already, and its {what} were others; name another "
                "--run-id to publish these"
            )
    return done


def same(then: dict, now: dict) -> bool:
    """Whether two reports agree in what both of them name: an earlier version named less."""
    return all(then[name] == now[name] for name in then.keys() & now.keys() - NOT_OF_THE_DATA)


def judged(store: Store, finished: Run, options: SimpleNamespace) -> Run:
    """The run with its difference from the published one, and with the limits that it misses."""
    try:
        before = store.current()
    except StoreError:  # it has expired, say: that does not hold up the job
        before = None
    limits = Limits(options.min_users, options.max_drop, options.min_coverage)
    missed = failures(finished, before, limits)
    gate = {"limits": asdict(limits), "failures": missed, "forced": options.force and bool(missed)}
    drift = difference(store, finished, before) if before else None
    history = history_of(before)[-LONGEST:] if before else []
    added = {"gate": gate, "drift": drift, "history": history}
    return replace(finished, report=finished.report | added)


def write_report(finished: Run, path: Path | None) -> None:
    """Write the run's report as JSON, if a file was named for it."""
    if path:
        with replacing(path) as sibling:
            sibling.write_text(formatted_run("json", "", finished) + "\n", encoding="utf-8")


def export(options: SimpleNamespace) -> str:
    """Write the app's tables as files, for a run that follows."""
    options.export.mkdir(parents=True, exist_ok=True)
    return "\n".join(map(str, export_app(options, options.export)))


def verify(options: SimpleNamespace) -> str:
    """Read the set of a finished run back and check it."""
    store = open_store(options.store)
    found = finished_run(store, options.verify)
    return f"version {found.version}: {check_set(store, found)} users read back, all as reported"


def publish(options: SimpleNamespace) -> str:
    """Show the set of a finished run to readers, if it passes the gate."""
    store = open_store(options.store)
    found = finished_run(store, options.publish)
    if not store.is_current(found):
        found = judged(store, found, options)
        check_gate(found, options.force)
        store.publish(found)
    return f"version {found.version} is published"


def diff(options: SimpleNamespace) -> str:
    """Return how the published set differs from the one before it."""
    current = open_store(options.store).current()
    if current is None:
        raise UserError("nothing was published yet")
    write_page(current, described(current), options.html)
    write_plot(current, options.plot)
    return described(current)


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
