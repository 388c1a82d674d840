"""A comparison of recommenders as a picture: recall and nDCG, also by group of users."""

import io
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.output import replacing
from evaluation.page import save_page
from evaluation.report import rounded, summary, table_rows

# All names are our own, so nothing needs the style's other fonts.
STYLE = [Path(__file__).parents[1] / "common" / "picture.mplstyle", {"font.family": "DejaVu Sans"}]

QUARTERS = ("fewest", "2nd", "3rd", "most")
LINES = 3.2  # inches of the panel of lines
MARKERS = "os^DvXP*"
COLOURS, LINE_KINDS = 8, ("-", "--", ":")  # of the style; where it has no more colours


def plot_comparison(rows: list[dict], path: Path, top: int) -> None:
    """Draw every row of the report, with confidence intervals, whole or not at all."""
    figure = figure_of(rows, top)
    with style.context(STYLE), replacing(path) as sibling:
        figure.savefig(sibling)


@style.context(STYLE)
def figure_of(rows: list[dict], top: int) -> Figure:
    """Return the figure with two panels for each data set."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    bars = 1.2 + 0.45 * max(sum(row["data"] == name for row in rows) for name in names)
    figure = Figure(figsize=(6.5 * len(names), bars + LINES), layout="constrained")
    ratios = {"height_ratios": [bars, LINES]}
    panels = figure.subplots(2, len(names), squeeze=False, gridspec_kw=ratios)
    for (above, below), name in zip(panels.T, names, strict=True):
        summaries = [summary(row) for row in rows if row["data"] == name]
        draw_bars(above, summaries, top)
        draw_quarters(below, summaries, top)
        above.set_title(name)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)
    splits = summary(rows[0])["splits"]
    means = f"mean of {splits} splits" if splits > 1 else "one split"
    source = f"Source: {', '.join(names)}; {means}, with 95 % intervals over users"
    figure.supxlabel(source, x=0.01, ha="left", fontsize="x-small", color="0.4")
    return figure


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


def draw_quarters(axes: Axes, summaries: list[dict], top: int) -> None:
    """Draw nDCG by quarter of the users, a line a model."""
    for number, one in enumerate(summaries):
        values = [one[f"ndcg@{top}_quarter_{quarter}"] for quarter in (1, 2, 3, 4)]
        values = [np.nan if value is None else value for value in values]
        axes.plot(QUARTERS, values, LINE_KINDS[number // COLOURS], label=one["model"])
        axes.lines[-1].set_marker(MARKERS[number % COLOURS])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"nDCG@{top}")
    axes.set_xlabel("quarter of the users, by number of artists")
    axes.grid()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")


def save_comparison(rows: list[dict], text: str, top: int, path: Path) -> None:
    """Write the page of a comparison and its text, whole or not at all."""
    file = io.StringIO()
    with style.context(STYLE):
        figure_of(rows, top).savefig(file, format="svg")
    svg = file.getvalue()[file.getvalue().index("<svg") :]
    names = dict.fromkeys(row["data"] for row in rows)
    title = f"Recommenders compared on {', '.join(names)}"
    table = table_rows([rounded(summary(row)) for row in rows])
    save_page(title, text, *table, path, [(svg, described(rows, top))])


def described(rows: list[dict], top: int) -> str:
    """Return what the plot shows, in words: the best model on each data set."""
    recall, best = f"recall@{top}", {}
    for one in map(summary, rows):
        best[one["data"]] = max(best.get(one["data"], one), one, key=lambda it: it[recall] or 0)
    found = [f"{data}: {one['model']} {one[recall] or 0:.3f}" for data, one in best.items()]
    return f"Recall and nDCG of {top} by model; the highest recall on {'; '.join(found)}."
