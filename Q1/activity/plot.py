"""Answers about activity as pictures, each with what it shows in words."""

from itertools import pairwise

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from activity.answers import Definition, measures_of, unit
from activity.counts import Group
from activity.growth import Growth
from activity.retention import Retention
from activity.stickiness import Stickiness
from activity.summary import Measure
from common.picture import STYLE, short
from retention.plot import cohort_labels, empty_figure, heat_map
from retention.questions import Cohort, Count, number_of
from retention.report import Data
from retention.shares import weighted_mean, wilson_interval

Picture = tuple[Figure, str]
KINDS = (("retained", 1), ("new", 1), ("resurrected", 1), ("churned", -1))
LINES = (("daily", "on the day"), ("weekly", "in 7 days"), ("monthly", "in 30 days"))
MOST_LINES = 7  # colours that can be told apart


def retention_picture(
    answer: Retention, measure: Measure, definition: Definition, data: Data
) -> Picture:
    """A heat map with a line per cohort or, where values split the answer, per value."""
    if definition.by:
        named = [(short(str(group), 24), mean_of(it)) for group, it in answer.groups.items()]
        digits = max(len(f"{cohort.users:,}") for _, cohort in named)
        width = max(len(name) for name, _ in named)
        labels = [f"{name:{width}} {it.users:>{digits},} users" for name, it in named]
        cohorts, lines = [cohort for _, cohort in named], f"by {short(definition.by)}"
    else:
        (cohorts,) = answer.groups.values()
        labels = cohort_labels(cohorts, measure.period)
        lines = f"by {measure.period} of {first_of(data)}"
    columns = list(map(str, answer.ages))
    title, _ = next(iter(measures_of(measure).items()))
    figure = heat_map(
        cohorts,
        labels,
        columns,
        f"Share of users active, {lines} (%): {title}",
        f"{unit(measure)}s since the {first_of(data)}",
        data.overview.span.last_day,
    )
    return figure, describe(answer, measure, data)


def first_of(data: Data) -> str:
    """What ages are counted from."""
    return "first event" if data.question.first_event else "first install"


def mean_of(cohorts: list[Cohort]) -> Cohort:
    """All cohorts as one, with the shares of their weighted mean; None where none is observed."""
    mean, users = weighted_mean(cohorts), sum(cohort.users for cohort in cohorts)

    def scaled(counts: list[int]) -> list[float | None]:
        pairs = zip(counts, mean.users, strict=True)
        return [count / of * users if of else None for count, of in pairs]

    start = cohorts[0].start
    return Cohort(start, users, scaled(mean.active_on), scaled(mean.active_on_or_after))


def describe(answer: Retention, measure: Measure, data: Data) -> str:
    """What the heat map shows, in words: all users together, in the second column."""
    cohorts = [cohort for group in answer.groups.values() for cohort in group]
    mean = weighted_mean(cohorts)
    if len(answer.ages) < 2 or not mean.users[1]:
        return "Nobody has been followed for a whole period yet."
    return (
        f"{mean.active_on[1] / mean.users[1]:.1%} of {number_of(mean.users[1], 'user')} were "
        f"active at age {answer.ages[1]}, in {unit(measure)}s since the {first_of(data)}."
    )


@style.context(STYLE)
def growth_picture(
    groups: dict[Group, list[Growth]], measure: Measure, definition: Definition, data: Data
) -> Picture:
    """Bars of new, retained and resurrected users, and below them of those who have gone.

    Where values split the answer, a line for each has its active users.
    """
    over = {
        group: [row for row in rows if row.active is not None] for group, rows in groups.items()
    }
    if not any(over.values()):
        message = f"No {measure.period} is over by {data.overview.span.last_day}."
        return empty_figure(message), message
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    if definition.by:
        draw_lines(axes, over, "active")
    else:
        (rows,) = over.values()
        draw_bars(axes, rows)
    axes.set_ylabel("users")
    axes.set_title(f"{'Active users' if definition.by else 'Users'} by {measure.period}")
    axes.grid(axis="y")
    dated(axes)
    figure.legend(loc="outside upper right", ncols=4)
    everybody = sum(rows[-1].active for rows in over.values() if rows)
    last = next(rows for rows in over.values() if rows)[-1].start
    return figure, f"{number_of(everybody, 'user')} were active in the {measure.period} of {last}."


def draw_bars(axes: Axes, rows: list[Growth]) -> None:
    """Draw the kinds of users of each period on each other, those who have gone below zero."""
    starts = [row.start for row in rows]
    width = 0.8 * min(((after - start).days for start, after in pairwise(starts)), default=1)
    bottom = np.zeros(len(rows))
    for name, sign in KINDS:
        height = sign * np.array([getattr(row, name) or 0 for row in rows])
        axes.bar(starts, height, width, bottom=bottom if sign > 0 else 0, align="edge", label=name)
        bottom = bottom + height
    axes.axhline(0, color="black", linewidth=0.8)


@style.context(STYLE)
def stickiness_picture(
    groups: dict[Group, list[Stickiness]], definition: Definition, data: Data
) -> Picture:
    """Above, the active users; below, the shares of those of 30 days that are active on a day.

    Until the data have 30 days it is the shares of those of 7. Where values split the answer, each
    has a line of the day's active users, and one of shares.
    """
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    if definition.by:
        draw_lines(above, groups, "daily")
    else:
        (rows,) = groups.values()
        for name, label in LINES:
            above.plot([row.day for row in rows], values(rows, name), label=label)
    name = longest_known(groups)
    for rows in list(groups.values())[:MOST_LINES]:
        draw_ratio(below, rows, name)
    above.set_ylabel("active users")
    above.set_ylim(bottom=0)
    below.set_ylabel(f"active on the day,\nof those {dict(LINES)[name]}")
    below.yaxis.set_major_formatter(PercentFormatter(1))
    for axes in (above, below):
        axes.grid()
    dated(below)
    figure.legend(loc="outside upper right", ncols=4)
    return figure, describe_stickiness(groups)


def longest_known(groups: dict[Group, list[Stickiness]]) -> str:
    """The users of which a day's are a share in the picture."""
    monthly = any(row.monthly is not None for rows in groups.values() for row in rows)
    return "monthly" if monthly else "weekly"


def draw_ratio(axes: Axes, rows: list[Stickiness], name: str) -> None:
    """Draw the day's share of some active users, with its interval, where it is known."""
    known = [row for row in rows if getattr(row, name)]
    if not known:
        axes.plot([])  # so that the next group keeps its colour
        return
    daily, users = values(known, "daily"), values(known, name)
    days = [row.day for row in known]
    (line,) = axes.plot(days, daily / users)
    low, high = wilson_interval(daily, users)
    axes.fill_between(days, low, high, color=line.get_color(), alpha=0.15, linewidth=0)


def describe_stickiness(groups: dict[Group, list[Stickiness]]) -> str:
    """What the last day shows, in words, of all groups together."""
    last = [rows[-1] for rows in groups.values()]
    daily, monthly = (sum(getattr(row, name) or 0 for row in last) for name in ("daily", "monthly"))
    share = f", {daily / monthly:.1%} of those of 30 days" if monthly else ""
    return f"{number_of(daily, 'user')} were active on {last[0].day}{share}."


@style.context(STYLE)
def one_day_picture(counts: dict[Group, Count], definition: Definition, data: Data) -> Picture:
    """A bar for each group: the share that came back, with its interval."""
    question, known = data.question, {it: count for it, count in counts.items() if count[0]}
    title = f"{short(question.start)} on {question.install_date}"
    if not known:
        return empty_figure(f"nobody has {title}"), "Nobody to draw."
    figure = Figure(figsize=(8, 1.5 + 0.35 * len(known)), layout="constrained")
    axes = figure.subplots()
    users, active = np.array(list(known.values())).T
    low, high = wilson_interval(active, users)
    share = active / users
    names = [short(str(group), 24) if definition.by else "all" for group in known]
    labels = [f"{name}, {of:,} users" for name, of in zip(names, users, strict=True)]
    axes.barh(labels, share, xerr=[share - low, high - share], capsize=3)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel(f"active from {question.active_from} to {question.active_to}, 95 % intervals")
    axes.set_title(title)
    axes.grid(axis="x")
    return figure, f"{share.max():.1%} came back at most, {share.min():.1%} at least."


def draw_lines(axes: Axes, groups: dict[Group, list], name: str) -> None:
    """Draw a line for each of the first groups."""
    for group, rows in list(groups.items())[:MOST_LINES]:
        axes.plot([row[0] for row in rows], values(rows, name), label=short(str(group), 24))


def values(rows: list, name: str) -> np.ndarray:
    """One count of some rows, NaN where it is not known."""
    return np.array([getattr(row, name) for row in rows], float)


def dated(axes: Axes) -> None:
    """Make the horizontal axis one of days."""
    locator = AutoDateLocator(minticks=1, maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
