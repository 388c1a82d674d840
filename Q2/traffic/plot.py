"""Plots of an answer: bytes over time, or bars for the groups."""

from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from common.picture import STYLE, save, short
from traffic.answer import Answer
from traffic.question import OVER_TIME
from traffic.timeline import draw_timeline, timeline

MOST_BARS = 30
MOST_NAMES = 5  # of extensions in a sentence
BYTES = EngFormatter(unit="B", places=1, sep="\N{NO-BREAK SPACE}")


def save_plot(answer: Answer, path: Path) -> None:
    """Write the plot that suits the question, whole or not at all."""
    save(figure_of(answer), path, source_of(answer))


@style.context(STYLE)
def figure_of(answer: Answer) -> Figure:
    """Return the plot of an answer; one of nothing says what was asked."""
    bars = min(len(answer.table), MOST_BARS)
    over_time = is_over_time(answer)
    height = 5 if over_time or not bars else 1.8 + 0.3 * (bars + (bars < answer.groups))
    figure = Figure(figsize=(10, height), layout="constrained")
    axes = figure.subplots()
    first, last = answer.period()
    if answer.table.empty:
        draw_nothing(axes, answer)
        return figure
    axes.set_title(f"{BYTES(answer.bytes)} transferred from {first} to {last}")
    if over_time:
        draw_timeline(axes, timeline(answer.table, answer.question.by), answer.question.time_zone)
        axes.yaxis.set_major_formatter(EngFormatter(unit="B"))
    else:
        draw_groups(axes, answer)
    return figure


def is_over_time(answer: Answer) -> bool:
    """Whether all hours or days are there, so that time is an axis."""
    whole = answer.groups == len(answer.table)
    return answer.question.by == OVER_TIME or (whole and answer.question.by[0] in ("hour", "date"))


def draw_nothing(axes: Axes, answer: Answer) -> None:
    """Write what was asked, where nothing was found."""
    axes.set_axis_off()
    text = f"No request counts.\nAsked for: {asked(answer)}"
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def asked(answer: Answer) -> str:
    """Return which requests count, in words."""
    question, (first, last) = answer.question, answer.period()
    names = [short(f".{name}") for name in question.extensions] or ["all"]
    results = f" with cache result {', '.join(question.caches)}" if question.caches else ""
    files = f"{', '.join(names[:MOST_NAMES])}{' …' * (len(names) > MOST_NAMES)} files{results}"
    return f"{files}, {first} to {last}, {question.time_zone}"


def draw_groups(axes: Axes, answer: Answer) -> None:
    """Draw a bar for each of the first groups, and one for all others together."""
    shown = answer.table.head(MOST_BARS)
    names = [short(name) for name in shown[answer.question.by[0]]]
    sizes = shown["bytes"].tolist()
    others = answer.groups - len(shown)
    axes.barh(range(len(sizes)), sizes)
    if others:
        names.append(f"{others:,} other{'s' * (others > 1)}")
        sizes.append(answer.bytes - sum(sizes))
        axes.barh(len(shown), sizes[-1], color="0.75", hatch="///", edgecolor="0.5", linewidth=0)
    for place, size in enumerate(sizes):
        text = f"{BYTES(size)}, {size / max(answer.bytes, 1):.1%}"
        axes.annotate(text, (size, place), (4, 0), textcoords="offset points", va="center", size=8)
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, max(*sizes, 1) * 1.2)  # with place for the text at the longest bar
    axes.set_ylabel(answer.question.by[0])
    axes.xaxis.set_major_formatter(EngFormatter(unit="B"))


def source_of(answer: Answer) -> str:
    """Return what the picture was drawn from."""
    account = answer.account
    rejected = f" ({account.rows_rejected:,} rejected)" if account.rows_rejected else ""
    rows = f"{answer.requests:,} requests of {account.rows_read:,} rows read{rejected}"
    return f"Source: {rows}; {asked(answer)}"
