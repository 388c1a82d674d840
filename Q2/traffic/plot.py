"""Plots of an answer: bytes over time, or bars for the groups."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from common.picture import STYLE, save, short
from traffic.answer import Answer
from traffic.question import OVER_TIME
from traffic.report import files_in_words
from traffic.sizes import PERCENTILES
from traffic.timeline import draw_hit_ratio, draw_sizes, draw_timeline, joined_names, timeline
from traffic.times import TIMES

MOST_BARS = 30
MOST_NAMES = 5  # of extensions in a sentence
BYTES = EngFormatter(unit="B", places=1, sep="\N{NO-BREAK SPACE}")
UNITS, COUNTS = {"bytes": BYTES}, "{:,}".format


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
    first, last = answer.period()
    if answer.table.empty:
        draw_nothing(figure.subplots(), answer)
        return figure
    axes = draw_over_time(figure, answer) if over_time else draw_groups(figure, answer)
    axes.set_title(f"{BYTES(answer.bytes)} transferred from {first} to {last}")
    return figure


def draw_over_time(figure: Figure, answer: Answer) -> Axes:
    """Draw the bytes over time, and below them what else was measured; return the first axes."""
    question, line = answer.question, timeline(answer.table, answer.question.by)
    more = [draw_hit_ratio] * (line.hit_ratio is not None) + [draw_sizes] * bool(line.sizes)
    figure.set_figheight(5 + 1.5 * len(more))
    ratios = [3, *[1 for _ in more]]
    panels = figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    draw_timeline(panels[0], line, question.time_zone, question.by)
    panels[0].yaxis.set_major_formatter(EngFormatter(unit="B"))
    for axes, draw in zip(panels[1:], more, strict=True):
        draw(axes, line)
    return panels[0]


def is_over_time(answer: Answer) -> bool:
    """Whether all hours or days are there, so that time is an axis."""
    whole = answer.groups == len(answer.table)
    by = answer.question.by
    return by == OVER_TIME or (whole and not {*TIMES}.isdisjoint(by))


def draw_nothing(axes: Axes, answer: Answer) -> None:
    """Write what was asked, where nothing was found."""
    axes.set_axis_off()
    text = f"No request counts.\nAsked for: {asked(answer)}"
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def asked(answer: Answer) -> str:
    """Return which requests count, in words."""
    question, (first, last) = answer.question, answer.period()
    names = [short(f".{name}") for name in question.extensions] or ["all"]
    few = f"{', '.join(names[:MOST_NAMES])}{' …' * (len(names) > MOST_NAMES)} files"
    patterns = {
        name: tuple(map(short, getattr(question, name))) for name in ("urls", "excluded", "hosts")
    }
    files = files_in_words(replace(question, extensions=(), **patterns))
    return f"{few}{files.removeprefix('all files')}, {first} to {last}, {question.time_zone}"


def draw_groups(figure: Figure, answer: Answer) -> Axes:
    """Draw a bar for each of the first groups by their order, one for all others; return axes."""
    axes, order = figure.subplots(), next(iter(answer.rankings))
    unit, whole = UNITS.get(order, COUNTS), answer.total[order][0]
    shown = answer.table.head(MOST_BARS)
    names = [short(name) for name in joined_names(shown, list(answer.question.by))]
    sizes = shown[order].tolist()
    others = answer.groups - len(shown)
    axes.barh(range(len(sizes)), sizes)
    if others:
        names.append(f"{others:,} other{'s' * (others > 1)}")
        sizes.append(whole - sum(sizes))
        axes.barh(len(shown), sizes[-1], color="0.75", hatch="///", edgecolor="0.5", linewidth=0)
    for place, size in enumerate(sizes):
        text = f"{unit(size)}, {size / max(whole, 1):.1%}{measured(answer, place)}"
        axes.annotate(text, (size, place), (4, 0), textcoords="offset points", va="center", size=8)
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    space = 1.2 + 0.25 * len(answer.question.measures) + 0.25 * answer.question.is_sized
    axes.set_xlim(0, max(*sizes, 1) * space)  # with place for the text at the longest bar
    axes.set_ylabel(" and ".join(answer.question.by))
    axes.set_xlabel(order)
    axes.xaxis.set_major_formatter(EngFormatter(unit="B" if order == "bytes" else ""))
    return axes


def measured(answer: Answer, place: int) -> str:
    """What else was measured of a group that has a bar, in words; nothing of the others' bar."""
    group = {name: column[place : place + 1] for name, column in answer.columns.items()}
    if place >= MOST_BARS or not group["bytes"]:
        return ""
    words = [f"hit ratio {it:.1%}" for it in group.get("hit_ratio", []) if it is not None]
    words += [f"{name} {BYTES(it)}" for name in PERCENTILES for it in group.get(name, [])]
    return "".join(f", {word}" for word in words)


def source_of(answer: Answer) -> str:
    """Return what the picture was drawn from."""
    account = answer.account
    rejected = f" ({account.rows_rejected:,} rejected)" if account.rows_rejected else ""
    rows = f"{answer.requests:,} requests of {account.rows_read:,} rows read{rejected}"
    return f"Source: {rows}; {asked(answer)}"
