"""Which options go together: what excludes each other, does nothing, or needs another."""

from itertools import combinations
from types import SimpleNamespace

import click

from activity.options import QUESTIONS, is_about_activity

EXCLUSIVE = (("dsn", "embedded"), ("events", "table"))
# Options with a default that do nothing next to others; by name, why.
IDLE = (
    ("time_format", "table", "the column's type says what its times are"),
    ("on_bad_row", "table", "its rows are not read from a file"),
    ("seed", "table", "it is about the sample events"),
    ("seed", "events", "it is about the sample events"),
)
# By name, options that need one of others.
NEEDS = (
    ("period", ("cohorts", "growth"), "it is the length of their periods"),
    ("week_start", ("cohorts", "growth"), "it is about their weeks"),
    ("follow", ("cohorts",), "it is about the triangle"),
    ("window", ("cohorts",), "it is about the triangle"),
    ("brackets", ("cohorts",), "they are about the triangle"),
    ("ages", ("cohorts",), "they are about the triangle"),
    ("top", ("by",), "it is the number of its values"),
    ("where", ("table",), "from files, leave out the rows beforehand"),
)
# Pairs that exclude each other.
APART = (
    *combinations(QUESTIONS, 2),
    ("users", "growth"),
    ("users", "stickiness"),
    ("users", "quality"),
    ("by", "quality"),
    ("return_event", "quality"),
    ("exclude_event", "quality"),
    ("cohort_by", "quality"),
    ("brackets", "follow"),
    ("ages", "follow"),
    ("ages", "brackets"),
    ("users", "ages"),
    ("users", "brackets"),
    ("users", "window"),
    ("users", "follow"),
    ("users", "top"),
)
# What to do instead of a pair.
LISTED = "; --cohorts --users lists each user's periods, by which churned ones are known"
INSTEAD = {("users", "growth"): LISTED}


def check_combinations(options: SimpleNamespace) -> None:
    """Raise `UsageError` for options that exclude each other or do nothing together."""
    for one, other in EXCLUSIVE:
        if given(getattr(options, one)) and given(getattr(options, other)):
            raise click.UsageError(f"--{one} and --{other} exclude each other")
    for idle, other, why in IDLE:
        if explicit(idle) and given(getattr(options, other)):
            name = idle.replace("_", "-")
            raise click.UsageError(
                f"--{name} does nothing with --{other}, since {why}; leave it out"
            )
    if options.explain and (options.output_format != "text" or options.plot or options.html):
        raise click.UsageError(
            "--explain prints a plan as text: leave out --format, --plot and --html"
        )
    if options.explain and options.check:
        raise click.UsageError("--explain prints a plan, not an answer: leave out --check")
    if options.plot and options.users:
        raise click.UsageError("--users is a list without a plot: leave out --plot or --users")
    check_activity(options)
    question = next((name for name in QUESTIONS if getattr(options, name)), None)
    if question and (options.install_date or options.active_from or options.active_to):
        raise click.UsageError(
            "--install-date, --active-from and --active-to are about one day: leave them out with "
            f"--{question}"
        )


def check_activity(options: SimpleNamespace) -> None:
    """Raise `UsageError` for options that exclude each other, or do nothing without another."""
    for one, other in APART:
        if explicit(one) and explicit(other):
            raise click.UsageError(
                f"--{dashed(one)} and --{other} exclude each other{INSTEAD.get((one, other), '')}"
            )
    for name, others, why in NEEDS:
        if explicit(name) and not any(map(explicit, others)):
            needed = " or ".join(f"--{other}" for other in others)
            raise click.UsageError(f"--{dashed(name)} needs {needed}: {why}")
    if explicit("week_start") and options.period != "week":
        raise click.UsageError("--week-start is about weeks: add --period week")
    if options.cohort_by == "first-event" and explicit("install_event"):
        raise click.UsageError(
            "--install-event does nothing with --cohort-by first-event, since events of any name "
            "count; leave it out"
        )
    if options.users and is_about_activity(options) and not options.cohorts:
        raise click.UsageError(
            "--users lists who came back after an install of one day: add --cohorts, or leave out "
            "--by and --cohort-by first-event"
        )
    if options.output_format == "parquet" and not (options.users and options.cohorts):
        raise click.UsageError("--format parquet is for a row per user: add --cohorts --users")
    both = set(options.return_event) & set(options.exclude_event)
    if both:
        raise click.UsageError(f"{min(both)!r} is both a --return-event and an --exclude-event")


def explicit(name: str) -> bool:
    """Whether the command line has an option, be it with its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def given(value: object) -> bool:
    """Whether an option was given; an empty text was."""
    return value not in (None, False, ())


def dashed(name: str) -> str:
    """The name of an option as the command line has it."""
    return name.replace("_", "-")
