"""Growth and stickiness as pictures over time, each with what it shows in words."""

from itertools import pairwise

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from activity.answers import Definition
from activity.counts import Group
from activity.growth import Growth
from activity.plot import Picture
from activity.stickiness import Stickiness
from activity.summary import Measure
from common.picture import STYLE, short
from retention.plot import empty_figure
from retention.questions import number_of
from retention.report import Data
from retention.shares import wilson_interval

KINDS = (("retained", 1), ("new", 1), ("resurrected", 1), ("churned", -1))
LINES = (("daily", "on the day"), ("weekly", "in 7 days"), ("monthly", "in 30 days"))
MOST_LINES = 7  # whose colours differ clearly


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
    words = f"Active in the {measure.period} that begins on {last}: {number_of(everybody, 'user')}."
    return figure, words


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
def stickiness_picture(groups: dict[Group, list[Stickiness]], definition: Definition) -> Picture:
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
    return f"Active on {last[0].day}: {number_of(daily, 'user')}{share}."


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
