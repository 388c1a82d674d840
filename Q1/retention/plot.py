"""Retention as a picture: the heat map of the triangle, or the curve of one day's users."""

from datetime import date

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from common.picture import STYLE, short
from retention.questions import Cohort, Count, number_of
from retention.report import Data
from retention.shares import weighted_mean, wilson_interval

COLOURS = "YlGnBu"  # from light to dark, so that grey paper shows the same
DARK_FROM = 0.6  # of the colour scale: from here on numbers are white
CELL, LABEL = (0.42, 0.27), (0.42, 0.2)  # inches: of a cell with its number, of a tick's label
LARGEST = (15, 10)  # inches of the cells together
NICE_STEPS = (1, 2, 5, 7, 10, 14, 20, 28, 50, 100, 200, 500, 1000, 2000, 5000)
MOST_MARKERS = 60
# strftime's %b follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CURVES = (
    ("returned_users", "came back by the end of the day", "o-"),
    ("active_users", "active on the day", "s--"),
)


def triangle_figure(cohorts: list[Cohort], period: str, data: Data) -> Figure:
    """Draw the share of each cohort active at each age from 1 on; what is not over stays hatched.

    If no cohort has been followed for a whole period, the picture says so.
    """
    last_day = data.overview.span.last_day
    later = [it._replace(active_on=it.active_on[1:]) for it in cohorts]
    if all(count is None for cohort in later for count in cohort.active_on):
        return empty_figure(f"No {period} after the first installs is over by {last_day}.")
    return heat_map(
        later,
        cohort_labels(cohorts, period),
        [str(age) for age in range(1, len(cohorts[0].active_on))],
        f"Share of users active again, by {period} of first install (%)",
        f"{period}s since the first install",
        last_day,
    )


@style.context(STYLE)
def heat_map(
    cohorts: list[Cohort],
    labels: list[str],
    ages: list[str],
    title: str,
    axis_title: str,
    last_day: date,
) -> Figure:
    """Draw a line of shares for each cohort, a column for each age; what is not over is hatched."""
    shares = np.array([shares_of(cohort) for cohort in cohorts])
    rows, columns = shares.shape
    width, height = (min(a * b, c) for a, b, c in zip((columns, rows), CELL, LARGEST, strict=True))
    figure = Figure(figsize=(max(width, 4) + 3.2, max(height, 0.9) + 1.7), layout="constrained")
    axes = figure.subplots()
    axes.patch.set(facecolor="#f4f4f4", hatch="////", edgecolor="#dddddd")
    highest = max(np.nanmax(shares, initial=0), 0.01)
    image = axes.imshow(shares, aspect="auto", cmap=COLOURS, vmin=0, vmax=highest)
    if width < LARGEST[0] and height < LARGEST[1]:  # or numbers would not be legible
        write_shares(axes, shares, highest)
    ticks = spread(columns, width / LABEL[0])
    axes.set_xticks(ticks, [ages[column] for column in ticks])
    lines = spread(rows, height / LABEL[1])
    axes.set_yticks(lines, [labels[row] for row in lines], family=["DejaVu Sans Mono"])
    axes.set_xlabel(f"{axis_title}\n(hatched: not over by {last_day}, the data's last day)")
    figure.suptitle(title)
    bar = {"pad": 0.01, "fraction": 0.04, "aspect": 30, "format": PercentFormatter(1, decimals=0)}
    ticks = MaxNLocator(max(2, int(height / 0.5)), steps=[1, 2, 5, 10])
    figure.colorbar(image, ax=axes, ticks=ticks, **bar)
    return figure


def shares_of(cohort: Cohort) -> list[float]:
    """The share of a cohort that was active at each age; NaN where that is not over."""
    return [np.nan if number is None else number / cohort.users for number in cohort.active_on]


def write_shares(axes: Axes, shares: np.ndarray, highest: float) -> None:
    """Write each share into its cell, in percent."""
    for (row, column), share in np.ndenumerate(shares):
        if not np.isnan(share):
            colour = "white" if share > DARK_FROM * highest else "black"
            text = f"{share:.0%}"[:-1]
            axes.text(column, row, text, color=colour, ha="center", va="center", fontsize=8)


def cohort_labels(cohorts: list[Cohort], period: str) -> list[str]:
    """Return the start of each cohort and its number of users, all equally wide."""
    digits = len(f"{max(cohort.users for cohort in cohorts):,}")
    return [
        f"{period_name(cohort.start, period)} {cohort.users:>{digits},} "
        f"user{'s' * (cohort.users != 1):1}"
        for cohort in cohorts
    ]


def period_name(start: date, period: str) -> str:
    """Return a month as `Jan 2024`, and a day, or the first one of a week, as `2024-01-31`."""
    return f"{MONTHS[start.month - 1]} {start.year}" if period == "month" else str(start)


def spread(number: int, most: float) -> list[int]:
    """Return at most about `most` positions of `number`, at equal steps from the first."""
    step = next((step for step in NICE_STEPS if number <= most * step), number)
    return list(range(0, number, step))


@style.context(STYLE)
def curve_figure(data: Data, count: Count, curve: list) -> Figure:
    """Draw the rows of `return_curve.sql` as shares, with 95 % intervals: days in the data alone.

    Without such a day, or without users, the picture says so.
    """
    question = data.question
    users = f"{number_of(count.installed_users, 'user')} with {short(question.install_event)}"
    if not count.installed_users:
        return empty_figure(f"{users} on {question.install_date}")
    if not curve:
        asked = f"{question.active_from} to {question.active_to}"
        return empty_figure(f"The data have no day from {asked} yet.\n{users}")
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    days = [row.day for row in curve]
    highest = 0.01
    for name, label, line in CURVES:
        found = np.array([getattr(row, name) for row in curve])
        top = draw_shares(axes, days, found, count.installed_users, line, label=label)
        highest = max(highest, top)
    make_time_axis(axes, days[0], question.active_to)
    axes.set_ylim(-0.03 * highest, 1.05 * highest)  # with a margin for markers on the edge
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid()
    axes.set_ylabel("share of the users, with 95 % intervals")
    axes.set_title(f"{users} on {question.install_date}")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def draw_shares(
    axes: Axes, days: list[date], found: np.ndarray, users: int, line: str, label: str
) -> float:
    """Draw the share `found` of so many users on each day; return the top of its interval."""
    low, high = wilson_interval(found, users)
    (drawn,) = axes.plot(days, found / users, line, label=label)
    if len(days) > MOST_MARKERS:
        drawn.set_marker("")
    if len(days) > 1:
        axes.fill_between(days, low, high, color=drawn.get_color(), alpha=0.15, linewidth=0)
    else:
        axes.vlines(days, low, high, color=drawn.get_color())
    return high.max()


def make_time_axis(axes: Axes, first: date, last: date) -> None:
    """Make the horizontal axis that of these days."""
    locator = AutoDateLocator(minticks=min(4, (last - first).days), maxticks=10)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    half = np.timedelta64(12, "h")
    axes.set_xlim(np.datetime64(first) - half, np.datetime64(last) + half)


def empty_figure(message: str) -> Figure:
    """Return a picture of nothing that says why."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.text(0.5, 0.5, message, ha="center", va="center", transform=axes.transAxes)
    return figure


def describe_curve(count: Count, curve: list) -> str:
    """Return what the curve shows, in words."""
    if not curve:
        return "No day to draw."
    last, users = curve[-1], count.installed_users
    return (
        f"By {last.day}, {last.returned_users / users:.1%} of {number_of(users, 'user')} had come "
        f"back; {last.active_users / users:.1%} were active on that day."
    )


def describe_triangle(cohorts: list[Cohort], period: str) -> str:
    """Return what the heat map shows, in words: all users together, one period after."""
    mean = weighted_mean(cohorts)
    users, active = (mean.users[1], mean.active_on[1]) if len(mean.users) > 1 else (0, 0)
    share = (
        f"{active / users:.1%} of {number_of(users, 'user')}" if users else "nobody to follow yet"
    )
    return f"{number_of(len(cohorts), 'cohort')} by {period}; active one {period} after: {share}."


def source_of(data: Data) -> str:
    """Return what a picture was drawn from."""
    span = data.overview and data.overview.span
    counted = f"{span.records:,} records, {span.first_day} to {span.last_day}, " if span else ""
    rejected = sum(rejected.rows for rejected in data.rejected.values())
    left_out = f"; {rejected:,} rows rejected" if rejected else ""
    return f"Source: {short(data.source)}, {counted}{data.question.time_zone}{left_out}"
