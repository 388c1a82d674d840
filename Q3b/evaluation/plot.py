"""A comparison of recommenders as a picture: recall and nDCG, one panel a data set."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.output import replacing
from evaluation.report import summary


def plot_comparison(rows: list[dict], path: Path, top: int) -> None:
    """Draw every row of the report, with confidence intervals, whole or not at all."""
    names = list(dict.fromkeys(row["data"] for row in rows))
    height = 1.2 + 0.45 * max(sum(row["data"] == name for row in rows) for name in names)
    figure = Figure(figsize=(6.5 * len(names), height), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        draw_panel(axes, [summary(row) for row in rows if row["data"] == name], top)
        axes.set_title(name)
    with replacing(path) as sibling:
        figure.savefig(sibling, dpi=120)


def draw_panel(axes: Axes, summaries: list[dict], top: int) -> None:
    """Draw two bars a model, the best model on top."""
    ordered = sorted(summaries, key=lambda one: one[f"recall@{top}"])
    places = np.arange(len(ordered))
    for shift, measure, label in ((0.2, f"recall@{top}", "recall"), (-0.2, f"ndcg@{top}", "nDCG")):
        widths = [one[f"{measure}_interval"] or 0 for one in ordered]
        values = [one[measure] for one in ordered]
        axes.barh(places + shift, values, 0.38, xerr=widths, label=f"{label}@{top}", capsize=2)
    axes.set_yticks(places, [one["model"] for one in ordered])
    axes.set_xlabel(f"mean of {summaries[0]['splits']} splits, 95 % intervals over users")
    axes.legend(loc="lower right")
    axes.grid(axis="x", alpha=0.3)
