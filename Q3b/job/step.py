"""The step that the options of the daily job ask for: a run, or one in its place."""

import math
from importlib.util import find_spec
from types import SimpleNamespace

import click
from click.core import ParameterSource

STEPS = ("export", "verify", "publish", "rollback", "diff")  # each in place of a run


def step_asked(options: SimpleNamespace) -> str:
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
    check_method(options)
    check_input(options)
    for name in ("share", "max_drop", "min_coverage"):
        if math.isnan(getattr(options, name)):  # which lies in every FloatRange
            raise click.UsageError(f"--{name.replace('_', '-')} nan is not a number")
    return asked[0] if asked else "run"


def check_method(options: SimpleNamespace) -> None:
    """Raise UsageError if options of the method do not belong to the metric."""
    if options.neighbours and options.metric != "euclidean":
        raise click.UsageError("--neighbours needs --metric euclidean")
    if typed("voters") and (options.blend or options.metric != "cosine"):
        raise click.UsageError("--voters needs --metric cosine without --blend")
    if options.blend and options.metric != "cosine":
        raise click.UsageError("--blend needs --metric cosine")
    if options.blend and not find_spec("implicit"):
        raise click.UsageError("--blend als needs implicit: pip install implicit")


def check_input(options: SimpleNamespace) -> None:
    """Raise UsageError if options of the input name what is not read."""
    if options.export and options.plays:
        raise click.UsageError("--export reads --source: leave out --plays")
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
    # A RECOMMENDER_SOURCE in the environment gives way to --plays.
    if options.source and options.plays and typed("source"):
        raise click.UsageError("--source and --plays exclude each other")
    if options.export and not options.source:
        raise click.UsageError("--export needs --source, or RECOMMENDER_SOURCE in the environment")


def typed(name: str) -> bool:
    """Whether an option was given on the command line, not by default or the environment."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE
