"""The options of questions about activity, and what each of them goes with."""

import re
from collections.abc import Callable
from types import SimpleNamespace

import click

from activity.calendar import WEEK_DAYS
from common.output import FORMATS

LONGEST_HOURS = 24 * 366
MOST_AGES, LATEST_AGE = 50, 9999
QUESTIONS = ("cohorts", "growth", "stickiness", "quality")


class Hours(click.ParamType):
    """A number of hours such as 24h, or of days of 24 hours such as 7d."""

    name = "hours"

    def convert(self, value, param, ctx) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([1-9]\d{0,3})([hd])", value)
        hours = int(found[1]) * (24 if found[2] == "d" else 1) if found else 0
        if not 1 <= hours <= LONGEST_HOURS:
            self.fail(f"{value!r} is not 1h to {LONGEST_HOURS}h, or 1d to 366d: write it like 24h")
        return hours


class RisingAges(click.ParamType):
    """Ages from `lowest` on, such as 1,7,30."""

    name = "ages"

    def __init__(self, lowest: int):
        self.lowest = lowest

    def convert(self, value, param, ctx) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        words = [word.strip() for word in value.split(",")]
        ages = [int(word) if re.fullmatch(r"\d{1,4}", word) else -1 for word in words]
        rising = ages == sorted(set(ages)) and ages[0] >= self.lowest
        if not rising or len(ages) > MOST_AGES:
            self.fail(
                f"{value!r} is not a list of rising ages from {self.lowest} to {LATEST_AGE}: write "
                "it like 1,7,30"
            )
        return tuple(ages)


OPTIONS = (
    click.option(
        "--format",
        "output_format",
        type=click.Choice([*FORMATS, "parquet"]),
        default="text",
        help="Format of the result on standard output; parquet is for --cohorts --users.",
    ),
    click.option(
        "--return-event",
        multiple=True,
        metavar="NAME",
        help="Name of an event that counts as coming back; may be given again. Without it events "
        "of all names do.",
    ),
    click.option(
        "--exclude-event",
        multiple=True,
        metavar="NAME",
        help="Name of an event that does not count as coming back, nor as a first event, such as a "
        "push or an uninstall; may be given again.",
    ),
    click.option(
        "--cohort-by",
        type=click.Choice(["install", "first-event"]),
        default="install",
        help="What begins a user's time: the first install, or the first event of any kind. With "
        "first-event a file or table needs no event names.",
    ),
    click.option(
        "--growth",
        is_flag=True,
        help="Show for every period how many users are new, retained, resurrected and churned.",
    ),
    click.option(
        "--stickiness",
        is_flag=True,
        help="Show for every day how many users are active on it, in the 7 and in the 30 days that "
        "end with it, and the shares (DAU/WAU, DAU/MAU).",
    ),
    click.option(
        "--quality",
        is_flag=True,
        help="Show what may be wrong with the data: events before the install or without a user, "
        "wrong clocks, and names of events that differ only in case or spaces.",
    ),
    click.option(
        "--week-start",
        type=click.Choice(WEEK_DAYS),
        default=WEEK_DAYS[0],
        help="First day of the weeks of --period week.",
    ),
    click.option(
        "--window",
        type=Hours(),
        metavar="HOURS",
        help="Count ages in rolling windows such as 24h or 7d from the moment of each user's own "
        "first install, not in periods of the calendar. Cohorts stay those of --period.",
    ),
    click.option(
        "--ages",
        type=RisingAges(0),
        default=(),
        show_default=False,
        metavar="AGE,...",
        help="Show these ages of --cohorts alone, and a line for all cohorts together, or for each "
        "value of --by: 1,7,30 are D1, D7 and D30. JSON has the cohorts as well.",
    ),
    click.option(
        "--brackets",
        type=RisingAges(1),
        default=(),
        show_default=False,
        metavar="AGE,...",
        help="Last ages of brackets to show in --cohorts: 1,3,7,14,30 are the ages 0, 1, 2-3, 4-7, "
        "8-14 and 15-30.",
    ),
    click.option(
        "--by",
        metavar="COLUMN",
        help="Split the answer by a column, as it is at the user's first install. In a table it "
        "may be a value in a column of JSON, such as properties.country.",
    ),
    click.option(
        "--top",
        type=click.IntRange(1, 1000),
        default=10,
        metavar="N",
        help="Number of values of --by to show, those with the most users; the rest is 'other'.",
    ),
)


def activity_options(command: Callable) -> Callable:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def is_about_activity(options: SimpleNamespace) -> bool:
    """Whether the row per user answers, and not one of the statements of `retention`."""
    of_users = options.cohort_by == "first-event" or options.by is not None
    of_ages = (
        options.return_event
        or options.exclude_event
        or options.window
        or options.brackets
        or options.ages
        or options.users
        or options.week_start != WEEK_DAYS[0]
    )
    asked = options.growth or options.stickiness or options.quality
    return bool(asked or of_users or (options.cohorts and of_ages))


def is_of_one_day(options: SimpleNamespace) -> bool:
    """Whether the users of one day are asked about."""
    return not any(getattr(options, name) for name in QUESTIONS)
