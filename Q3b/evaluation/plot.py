"""A comparison of recommenders as a picture: recall and nDCG, also by group of users."""

from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.page import save_page
from common.picture import STYLE, save, svg
from evaluation.comparison import QUARTERS
from evaluation.differences import half_width, mean_over_splits
from evaluation.report import rounded, summary, table_rows

QUARTER_NAMES = ("fewest", "2nd", "3rd", "most")
DODGE = 0.4  # of a quarter, over which the models are spread
LINES = 3.2  # inches of a panel of lines
MARKERS = "os^DvXP*"
COLOURS, LINE_KINDS = 8, ("-", "--", ":")  # of the style; where it has no more colours


def plot_comparison(rows: list[dict], path: Path, top: int) -> None:
    """Draw every row of the report, with confidence intervals, whole or not at all."""
    save(figure_of(rows, top), path, source_of(rows))


@style.context(STYLE)
def figure_of(rows: list[dict], top: int) -> Figure:
    """Return the figure with three panels for each data set: all users, and recall and nDCG."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    bars = 1.2 + 0.45 * max(sum(row["data"] == name for row in rows) for name in names)
    figure = Figure(figsize=(6.5 * len(names), bars + 2 * LINES), layout="constrained")
    ratios = {"height_ratios": [bars, LINES, LINES]}
    panels = figure.subplots(3, len(names), squeeze=False, gridspec_kw=ratios)
    for (above, *below), name in zip(panels.T, names, strict=True):
        of_set = [row for row in rows if row["data"] == name]
        draw_bars(above, [summary(row) for row in of_set], top)
        for axes, measure in zip(below, ("recall", "ndcg"), strict=True):
            draw_quarters(axes, of_set, f"{measure}@{top}")
        below[0].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
        above.set_title(name)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    return figure


def source_of(rows: list[dict]) -> str:
    """Return what the picture was drawn from."""
    names, splits = dict.fromkeys(row["data"] for row in rows), summary(rows[0])["splits"]
    means = f"mean of {splits} splits" if splits > 1 else "one split"
    return f"Source: {', '.join(names)}; {means}, with 95 % intervals over users"


def draw_bars(axes: Axes, summaries: list[dict], top: int) -> None:
    """Draw two bars a model, the best model on top."""
    ordered = sorted(summaries, key=lambda one: one[f"recall@{top}"] or 0)  # None: no users
    places = np.arange(len(ordered))
    bars = ((0.2, f"recall@{top}", "recall", ""), (-0.2, f"ndcg@{top}", "nDCG", "//"))
    for shift, measure, label, hatch in bars:
        widths = [one[f"{measure}_interval"] or 0 for one in ordered]
        values = [one[measure] or 0 for one in ordered]
        kinds = {"label": f"{label}@{top}", "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        axes.barh(places + shift, values, 0.38, xerr=widths, capsize=2, **kinds)
    axes.set_yticks(places, [one["model"] for one in ordered])
    axes.set_xlim(left=0)
    axes.grid(axis="x")


def draw_quarters(axes: Axes, rows: list[dict], measure: str) -> None:
    """Draw a measure by quarter of the users with 95 % intervals, a line a model."""
    for number, row in enumerate(rows):
        groups = [row["users"][measure][:, row["quarters"] == group] for group in range(QUARTERS)]
        scored = [mean_over_splits(values) for values in groups]
        means = [users.mean() if len(users) else np.nan for users in scored]
        halves = [half_width(users) or 0 for users in scored]
        places = np.arange(QUARTERS) + DODGE * (number - (len(rows) - 1) / 2) / len(rows)
        line = LINE_KINDS[number // COLOURS] + MARKERS[number % COLOURS]
        axes.errorbar(places, means, halves, fmt=line, capsize=2, label=row["model"])
    axes.set_xticks(range(QUARTERS), QUARTER_NAMES)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(measure.replace("ndcg", "nDCG"))
    axes.set_xlabel("quarter of the users, by number of artists")
    axes.grid()


def save_comparison(rows: list[dict], text: str, top: int, path: Path) -> None:
    """Write the page of a comparison and its text, whole or not at all."""
    title = f"Recommenders compared on {', '.join(dict.fromkeys(row['data'] for row in rows))}"
    table = table_rows([rounded(summary(row)) for row in rows])
    figure = svg(figure_of(rows, top), source_of(rows)), described(rows, top)
    save_page(path, title, text, table, [figure])


def described(rows: list[dict], top: int) -> str:
    """Return what the plot shows, in words: the best model on each data set."""
    recall, best = f"recall@{top}", {}
    for one in map(summary, rows):
        best[one["data"]] = max(best.get(one["data"], one), one, key=lambda it: it[recall] or 0)
    found = [f"{data}: {one['model']} {one[recall] or 0:.3f}" for data, one in best.items()]
    return f"Recall and nDCG of {top} by model; the highest recall on {'; '.join(found)}."
