"""Bytes over time as a stack by extension: hours or days, or longer bins where these are many."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from traffic.question import OVER_TIME

MOST_DAYS_BY_HOUR = 4  # where nothing was said; beyond them the bins are days
MOST_BINS = 800  # a pixel each
MOST_EXTENSIONS = 7  # with a colour of their own
BINS = {"hour": "h", "day": "D", "week": "W", "month": "M", "year": "Y"}  # as numpy calls them
MONDAY = np.timedelta64(3, "D")  # numpy's weeks begin on Thursday, as 1970 did
HATCHES = ("", "//", "..", "\\\\", "xx", "--", "oo", "||")  # for black and white
MOST_HATCHED = 200  # bins; in narrower ones a hatch would be noise


@dataclass(frozen=True)
class Timeline:
    """Bytes by bin of time: bins without traffic are there too, with 0."""

    bin: str  # of BINS
    edges: np.ndarray  # datetime64 of shape (bins + 1,): of days, or for hours of seconds in UTC
    bytes: dict[str, np.ndarray]  # float64 of shape (bins,) by extension, the largest first


def timeline(table: pd.DataFrame, by: tuple[str, ...]) -> Timeline:
    """Return the bytes of a table by hour or date, in at most MOST_BINS bins.

    Hours are moments in UTC, so that clocks which are put forward or back neither leave out an hour
    nor join two; days and longer bins are those of the names. Small extensions are put together.
    """
    kind, places, edges = bins_of(table[by[0]], by)
    names = table["extension"] if "extension" in by else pd.Series("all", index=table.index)
    ranked = table["bytes"].groupby(names).sum().sort_values(ascending=False, kind="stable").index
    names = names.where(names.isin(ranked[:MOST_EXTENSIONS]), "others")
    order = [name for name in [*ranked[:MOST_EXTENSIONS], "others"] if (names == name).any()]
    sums = {
        name: np.bincount(places[names == name], table["bytes"][names == name], len(edges) - 1)
        for name in order
    }
    return Timeline(kind, edges, sums)


def bins_of(names: pd.Series, by: tuple[str, ...]) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the kind of the bins, the bin that each name is in, and the edges of all."""
    days = names.str[:10].to_numpy().astype("datetime64[D]")
    span = int((days.max() - days.min()).astype(int))
    most_hours = 24 * MOST_DAYS_BY_HOUR if by == OVER_TIME else MOST_BINS
    if by[0] == "hour" and 24 * span < most_hours:
        times = (datetime.fromisoformat(name).astimezone(UTC) for name in names)
        seconds = np.array([time.replace(tzinfo=None) for time in times], dtype="datetime64[s]")
        hour, first = np.timedelta64(3600, "s"), seconds.min()
        places = (seconds - first) // hour
        return "hour", places, first + hour * np.arange(places.max() + 2)
    for kind in ("day", "week", "month", "year"):
        shift = MONDAY if kind == "week" else 0
        starts = (days + shift).astype(f"datetime64[{BINS[kind]}]")
        places = (starts - starts.min()).astype(int)
        if places.max() < MOST_BINS or kind == "year":
            break
    edges = (starts.min() + np.arange(places.max() + 2)).astype("datetime64[D]") - shift
    return kind, places, edges


def draw_timeline(axes: Axes, line: Timeline, time_zone: tzinfo) -> None:
    """Draw the stack, the largest extension at the bottom; hours are those of the time zone."""
    edges, bottom, layers = date2num(line.edges), np.zeros(len(line.edges) - 1), []
    for (_, sizes), hatch in zip(line.bytes.items(), HATCHES, strict=False):
        style = {"hatch": hatch if len(bottom) <= MOST_HATCHED else "", "hatchcolor": "white"}
        layers.append(axes.stairs(bottom + sizes, edges, baseline=bottom, fill=True, lw=0, **style))
        bottom = bottom + sizes
    zone = time_zone if line.bin == "hour" else UTC
    locator = AutoDateLocator(tz=zone)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"bytes per {line.bin}")
    if len(line.bytes) > 1 or "all" not in line.bytes:
        # Layers and names, since a label of theirs that begins with "_" would be left out.
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(layers, list(line.bytes), title="extension", **place)
