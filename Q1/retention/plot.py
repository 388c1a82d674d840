"""Retention as a picture: the heat map of the triangle, or the curve of one day's users."""

from common.command import UserError

from datetime import date
from pathlib import Path

import numpy as np

from common.output import replacing
from retention.questions import Cohort, Count, Question, number_of

COLOURS = "YlGnBu"
DARK_FROM = 0.6  # of the colour scale: from here on numbers are white
MOST_NUMBERS = 1000  # cells; in larger triangles they would not be legible


def draw_triangle(cohorts: list[Cohort], period: str, last_day: date, path: Path) -> None:
    """Draw the share of each cohort active at each age from 1 on; what is not over stays hatched.

    Raises `UserError` if no cohort has been followed for a whole period.
    """
    shares = np.array(
        [
            [np.nan if n is None else n / cohort.users for n in cohort.active_on]
            for cohort in cohorts
        ]
    )[:, 1:]
    if np.isnan(shares).all():
        raise UserError(
            f"no {period} after the first installs is over yet: there is nothing to draw"
        )
    rows, ages = shares.shape
    figure, axes = new_figure(max(6, 3 + 0.42 * ages), 1.8 + 0.27 * rows)
    axes.patch.set(facecolor="#f4f4f4", hatch="////", edgecolor="#dddddd")
    highest = max(np.nanmax(shares), 0.01)
    image = axes.imshow(shares, aspect="auto", cmap=COLOURS, vmin=0, vmax=highest)
    if shares.size <= MOST_NUMBERS:
        for (row, column), share in np.ndenumerate(shares):
            if not np.isnan(share):
                colour = "white" if share > DARK_FROM * highest else "black"
                text = f"{share:.0%}"[:-1]
                axes.text(column, row, text, color=colour, ha="center", va="center", fontsize=8)
    axes.set_xticks(spread(ages), [str(age + 1) for age in spread(ages)])
    digits = len(f"{max(cohort.users for cohort in cohorts):,}")
    labels = [
        f"{cohort.start} {cohort.users:>{digits},} user{'s' * (cohort.users != 1):1}"
        for cohort in cohorts
    ]
    axes.set_yticks(spread(rows), [labels[row] for row in spread(rows)], family="monospace")
    note = f"hatched: not over by {last_day}, the data's last day"
    axes.set_xlabel(f"{period}s since the first install\n{note}")
    figure.suptitle(f"Share of users active again, by {period} of first install")
    figure.colorbar(image, ax=axes, format=percent(), label="% of the cohort's users")
    save(figure, path)


def draw_curve(question: Question, count: Count, curve: list, path: Path) -> None:
    """Draw the rows of `return_curve.sql` as shares: only days that are in the data."""
    figure, axes = new_figure(8, 4.5)
    days = [row.day for row in curve]
    for name, label in (
        ("returned_users", "came back by the end of the day"),
        ("active_users", "active on the day"),
    ):
        shares = [getattr(row, name) / count.installed_users for row in curve]
        axes.plot(days, shares, marker="o", label=label)
    if question.active_from < question.active_to:
        axes.set_xlim(question.active_from, question.active_to)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(percent())
    axes.grid(alpha=0.3)
    axes.legend()
    axes.set_ylabel("share of the users")
    event = question.install_event.replace("$", r"\$")  # which begins no formula
    title = f"{number_of(count.installed_users, 'user')} with {event} on {question.install_date}"
    axes.set_title(title, loc="left")
    figure.autofmt_xdate()
    save(figure, path)


def new_figure(width: float, height: float):
    """A figure of so many inches and its axes; matplotlib takes a while, so only now."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(width, 60), min(height, 60)), layout="constrained")
    return figure, figure.subplots()


def percent():
    """How the axes write shares."""
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1, decimals=0)


def spread(number: int) -> list[int]:
    """At most about 40 positions of `number`, evenly spread: so many labels can be read."""
    return list(range(0, number, number // 40 + 1))


def save(figure, path: Path) -> None:
    """Write the picture, whole or not at all."""
    with replacing(path) as sibling:
        figure.savefig(sibling, dpi=120)
