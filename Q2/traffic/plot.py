"""Plots of an answer: transfer over time stacked by extension, or bars for one grouping."""

from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from common.output import replacing
from traffic.answer import Answer
from traffic.question import OVER_TIME

MOST_DAYS_BY_HOUR = 4  # beyond them the bars are days
MOST_EXTENSIONS = 8  # with a colour of their own
MOST_BARS = 30
LONGEST_LABEL = 60  # characters
BYTES = EngFormatter(unit="B")


def save_plot(answer: Answer, path: Path) -> None:
    """Write the plot that suits the question, whole or not at all."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    first, last = answer.period()
    title = f"{EngFormatter(unit='B', places=1)(answer.bytes)} transferred from {first} to {last}"
    if answer.table.empty:
        axes.set_axis_off()  # the title says it all
    elif answer.question.by == OVER_TIME:
        plot_over_time(axes, bytes_over_time(answer.table, answer.question.time_zone))
    else:
        plot_groups(axes, answer.table, answer.question.by[0])
        shown = min(len(answer.table), MOST_BARS)
        title += f"; {shown} of {answer.groups:,} groups" if shown < answer.groups else ""
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120)


def bytes_over_time(table: pd.DataFrame, time_zone: tzinfo) -> pd.DataFrame:
    """Bytes by hour, or by day where there are many, and extension, the largest one first.

    Every hour of the time zone, or day without one, has a row, those without traffic too, and an
    hour that clocks repeat has two; small extensions are put together.
    """
    times = pd.Series([datetime.fromisoformat(hour) for hour in table["hour"]], dtype=object)
    by_hour = (times.max() - times.min()).days < MOST_DAYS_BY_HOUR
    times = pd.to_datetime(times if by_hour else table["hour"].str[:10], utc=by_hour)
    ranked = table.groupby("extension")["bytes"].sum().sort_values(ascending=False).index
    names = table["extension"].where(table["extension"].isin(ranked[:MOST_EXTENSIONS]), "others")
    series = table["bytes"].groupby([times, names]).sum().unstack(fill_value=0)
    order = [name for name in [*ranked[:MOST_EXTENSIONS], "others"] if name in series]
    # Hours are counted in UTC, which has no midnight that clocks pass over or repeat.
    series = series[order].resample("h" if by_hour else "D", origin="start").sum()
    return series.tz_convert(time_zone) if by_hour else series


def plot_over_time(axes: Axes, series: pd.DataFrame) -> None:
    """Stacked bars, the largest extension at the bottom."""
    step = series.index.freqstr
    width = pd.Timedelta(1, step)
    bottom = np.zeros(len(series))
    bars = []
    for extension in series:
        bars.append(axes.bar(series.index, series[extension], width, bottom, align="edge"))
        bottom += series[extension].to_numpy()
    locator = AutoDateLocator(tz=series.index.tz)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=series.index.tz))
    axes.yaxis.set_major_formatter(BYTES)
    axes.set_ylabel("transfer per hour" if step == "h" else "transfer per day")
    axes.margins(x=0)
    # Bars and names, since a label of theirs that begins with "_" would be left out.
    place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    axes.legend(bars, series.columns, title="extension", frameon=False, **place)


def plot_groups(axes: Axes, table: pd.DataFrame, by: str) -> None:
    """A bar for each of the first groups: the largest, or the earliest hours or days."""
    shown = table.head(MOST_BARS)
    labels = shown[by].str[-LONGEST_LABEL:].str.replace("$", r"\$", regex=False)  # no formula
    axes.barh(shown.index, shown["bytes"])
    axes.set_yticks(shown.index, labels)
    axes.invert_yaxis()
    axes.set_ylabel(by)
    axes.xaxis.set_major_formatter(BYTES)
