"""Bytes over time as a stack by group: hours or days, or longer bins where these are many."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import EngFormatter, NullFormatter, PercentFormatter

from traffic.question import OVER_TIME
from traffic.sizes import PERCENTILES
from traffic.times import TIMES

MOST_DAYS_BY_HOUR = 4  # where nothing was said; beyond them the bins are days
MOST_BINS = 800  # a pixel each
MOST_LAYERS = 7  # with a colour of their own
BINS = {"hour": "h", "day": "D", "week": "W", "month": "M", "year": "Y"}  # as numpy calls them
MONDAY = np.timedelta64(3, "D")  # numpy's weeks begin on Thursday, as 1970 did
HATCHES = ("", "//", "..", "\\\\", "xx", "--", "oo", "||")  # for black and white
MOST_HATCHED = 200  # bins; in narrower ones a hatch would be noise


@dataclass(frozen=True)
class Timeline:
    """Bytes by bin of time: bins without traffic are there too, with 0."""

    bin: str  # of BINS
    edges: np.ndarray  # datetime64 of shape (bins + 1,): of days, or for hours of seconds in UTC
    bytes: dict[str, np.ndarray]  # float64 of shape (bins,) by group, the largest first
    hit_ratio: np.ndarray | None = None  # of shape (bins,), NaN where there is none
    sizes: dict[str, np.ndarray] | None = None  # by percentile, where each bin is one group


def timeline(table: pd.DataFrame, by: tuple[str, ...]) -> Timeline:
    """Return the bytes of a table by hour or date, among others, in at most MOST_BINS bins.

    Hours are moments in UTC, so that clocks which are put forward or back neither leave out an hour
    nor join two; days and longer bins are those of the names. Small groups are put together.
    """
    time, *others = split_by_time(by)
    kind, places, edges = bins_of(table[time], by, time)
    names = joined_names(table, others) if others else pd.Series("all", index=table.index)
    ranked = table["bytes"].groupby(names).sum().sort_values(ascending=False, kind="stable").index
    names = names.where(names.isin(ranked[:MOST_LAYERS]), "others")
    order = [name for name in [*ranked[:MOST_LAYERS], "others"] if (names == name).any()]
    sums = {
        name: np.bincount(places[names == name], table["bytes"][names == name], len(edges) - 1)
        for name in order
    }
    ratio = hit_ratio(table, places) if "hits" in table else None
    whole = not others and kind == {"hour": "hour", "date": "day"}[time]
    sizes = sizes_of_bins(table, places) if whole and "p50" in table else None
    return Timeline(kind, edges, sums, ratio, sizes)


def sizes_of_bins(table: pd.DataFrame, places: np.ndarray) -> dict[str, np.ndarray]:
    """The percentiles of the sizes in each bin; NaN without traffic."""
    sizes = {name: np.full(places.max() + 1, np.nan) for name in PERCENTILES}
    for name, column in sizes.items():
        column[places] = table[name]
    return sizes


def split_by_time(by: tuple[str, ...]) -> tuple[str, ...]:
    """The first grouping that is a time, and then the others."""
    time = next(name for name in by if name in TIMES)
    return time, *(name for name in by if name != time)


def joined_names(table: pd.DataFrame, by: list[str]) -> pd.Series:
    """The names of several groupings in one."""
    return table[by[0]].str.cat([table[name] for name in by[1:]], sep=" ")


def hit_ratio(table: pd.DataFrame, places: np.ndarray) -> np.ndarray:
    """The hit ratio of each bin; NaN where the cache could have answered nothing."""
    hits, misses = (np.bincount(places, table[name]) for name in ("hits", "misses"))
    return np.divide(hits, hits + misses, np.full(len(hits), np.nan), where=hits + misses > 0)


def bins_of(names: pd.Series, by: tuple[str, ...], time: str) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the kind of the bins, the bin that each name is in, and the edges of all."""
    days = names.str[:10].to_numpy().astype("datetime64[D]")
    span = int((days.max() - days.min()).astype(int))
    most_hours = 24 * MOST_DAYS_BY_HOUR if by == OVER_TIME else MOST_BINS
    if time == "hour" and 24 * span < most_hours:
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


def draw_timeline(axes: Axes, line: Timeline, time_zone: tzinfo, by: tuple[str, ...]) -> None:
    """Draw the stack, the largest group at the bottom; hours are those of the time zone."""
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
    _, *others = split_by_time(by)
    axes.set_ylabel(f"bytes per {line.bin}")
    if others:
        # Layers and names, since a label of theirs that begins with "_" would be left out.
        place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(layers, list(line.bytes), title=" and ".join(others), **place)


def draw_hit_ratio(axes: Axes, line: Timeline) -> None:
    """Draw the hit ratio of each bin, with gaps where there is none."""
    axes.stairs(line.hit_ratio, date2num(line.edges), baseline=None)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_ylabel("hit ratio")


def draw_sizes(axes: Axes, line: Timeline) -> None:
    """Draw the percentiles of the sizes in each bin on a logarithmic scale, 0 as 1."""
    for name, sizes in line.sizes.items():
        axes.stairs(np.maximum(sizes, 1), date2num(line.edges), baseline=None, label=name)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(EngFormatter(unit="B"))
    axes.set_ylabel("size")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
