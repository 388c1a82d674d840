"""Drift of the published sets as a picture: lists that changed, coverage and recall over time."""

from datetime import datetime, timedelta

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from common.picture import STYLE
from job.drift import TOP

PANELS = (  # title, and figure, label and kind of each line
    (f"Users whose first {TOP} changed", (("changed", "", "o-"),)),
    ("Items that are recommended to somebody", (("coverage", "", "o-"),)),
    (
        "Recall of held-out plays",
        (("recall", "this job", "o-"), ("popularity_recall", "popularity", "s--")),
    ),
)
MOST_MARKERS = 60
HALF_A_DAY = timedelta(hours=12)
UNKNOWN = (None, "")  # figures that a set lacks


@style.context(STYLE)
def figure_of(history: list[dict]) -> Figure:
    """Return a panel for each figure, over the times at which the sets were made."""
    figure = Figure(figsize=(8, 7), layout="constrained")
    times = [datetime.fromisoformat(one["generated_at"]) for one in history]
    panels = figure.subplots(len(PANELS), sharex=True)
    for axes, (title, lines) in zip(panels, PANELS, strict=True):
        for name, label, kind in lines:
            draw_line(axes, times, [one.get(name) for one in history], label, kind)
        if all(one.get(name) in UNKNOWN for one in history for name, *_ in lines):
            axes.text(0.5, 0.5, "no set has this yet", ha="center", transform=axes.transAxes)
        axes.set_title(title)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.grid()
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    locator = AutoDateLocator()
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))
    if times[0] == times[-1]:
        panels[-1].set_xlim(times[0] - HALF_A_DAY, times[0] + HALF_A_DAY)
    panels[-1].set_xlabel("when the set was made (UTC)")
    return figure


def draw_line(axes: Axes, times: list[datetime], values: list, label: str, kind: str) -> None:
    """Draw a figure from 0 on; a set that lacks it leaves a gap."""
    known = np.array([np.nan if value in UNKNOWN else value for value in values], float)
    (line,) = axes.plot(times, known, kind, label=label)
    if len(times) > MOST_MARKERS:
        line.set_marker("")
    top = 1.1 * max(np.nanmax(known, initial=0), 0.01)
    axes.set_ylim(-0.03 * top, max(top, axes.get_ylim()[1]))


def source_of(history: list[dict]) -> str:
    """Return what the picture was drawn from."""
    first, last = history[0]["generated_at"], history[-1]["generated_at"]
    sets = f"{len(history)} published set{'s' * (len(history) > 1)}"
    return f"Source: {sets}, {first} to {last}; last version {history[-1]['version']}"


def described(history: list[dict]) -> str:
    """Return what the picture shows, in words."""
    values = history[-1]
    words = (("users whose first items changed", "changed"), ("coverage", "coverage"))
    words += (("recall", "recall"), ("recall of popularity", "popularity_recall"))
    shown = [
        f"{label} {'unknown' if values[name] in (None, '') else format(values[name], '.1%')}"
        for label, name in words
    ]
    return f"Drift over {len(history)} published sets; of the last: {', '.join(shown)}."
