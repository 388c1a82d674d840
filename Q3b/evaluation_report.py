"""Show a comparison of recommenders: text, CSV or JSON, and a plot.

A row is a dict of data, model, settings and measures; measures maps a name to one value a split.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from command_line import replacing
from scipy.stats import t as student

CONFIDENCE = 0.95


def half_width(values: list[float]) -> float | None:
    """Half the width of the mean's confidence interval, by Student's t; None for one value.

    The splits share most of their plays, so this tells how much a split's luck matters, and
    not how another data set would turn out.
    """
    if len(values) < 2:
        return None
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return float(error * student.ppf((1 + CONFIDENCE) / 2, len(values) - 1))


def summary(row: dict) -> dict:
    """A row's means; for recall and nDCG also <name>_interval, the half width."""
    flat = {"data": row["data"], "model": row["model"]}
    for name, values in row["measures"].items():
        flat[name] = float(np.median(values) if name == "seconds" else np.mean(values))
        if "@" in name:
            flat[f"{name}_interval"] = half_width(values)
    return flat | {"splits": len(row["measures"]["seconds"]), "settings": row["settings"]}


def show(rows: list[dict], form: str) -> None:
    """Print the comparison as text, csv or json."""
    summaries = [summary(row) for row in rows]
    if form == "json":
        print(json.dumps([rounded(one) for one in summaries], indent=2))
    elif form == "csv":
        print_csv(summaries)
    else:
        print_text(summaries)


def rounded(one: dict) -> dict:
    """Round a summary's numbers to 4 decimals."""
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in one.items()}


def print_csv(summaries: list[dict]) -> None:
    """Print one line a model, settings as JSON."""
    names = list(dict.fromkeys(name for one in summaries for name in one))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    for one in summaries:
        writer.writerow(rounded(one) | {"settings": json.dumps(one["settings"], sort_keys=True)})


def print_text(summaries: list[dict]) -> None:
    """Print one table for each data set."""
    for data in dict.fromkeys(one["data"] for one in summaries):
        rows = [one for one in summaries if one["data"] == data]
        measures = [name for name in rows[0] if "@" in name and "_interval" not in name]
        print(f"{data}: mean of {rows[0]['splits']} splits ± 95 % confidence; seconds are medians")
        heads = [*measures, "coverage", "novelty", "antihubs", "hub links", "seconds"]
        print(f"{'model':<27}" + "".join(f"{head:>15}" for head in heads[:2]), end="")
        print("".join(f"{head:>10}" for head in heads[2:]))
        for one in rows:
            print(text_line(one, measures))
        print()


def text_line(one: dict, measures: list[str]) -> str:
    """A summary as a line of the table; what does not apply is left blank."""
    cells = [f"{one['model']:<27}"]
    for name in measures:
        width = one[f"{name}_interval"]
        cells.append(f"{one[name]:.3f} ± {width:.3f}" if width is not None else f"{one[name]:.3f}")
    rest = [("coverage", ".3f"), ("novelty", ".2f"), ("antihubs", ".1%"), ("hub_links", ".1%")]
    last = [
        f"{one[name]:{form}}" if name in one else "" for name, form in [*rest, ("seconds", ".1f")]
    ]
    return (
        cells[0] + "".join(f"{cell:>15}" for cell in cells[1:]) + "".join(f"{c:>10}" for c in last)
    )


def plot_comparison(rows: list[dict], path: Path, top: int) -> None:
    """Draw recall and nDCG of every model, one panel a data set, with confidence intervals."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(row["data"] for row in rows))
    height = 1.2 + 0.45 * max(sum(row["data"] == name for row in rows) for name in names)
    figure, axes = plt.subplots(
        1, len(names), figsize=(6.5 * len(names), height), squeeze=False, layout="constrained"
    )
    for axis, name in zip(axes[0], names, strict=True):
        draw_panel(axis, [summary(row) for row in rows if row["data"] == name], name, top)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=150)
    plt.close(figure)


def draw_panel(axis, summaries: list[dict], name: str, top: int) -> None:
    """Draw two bars a model, the best model on top."""
    ordered = sorted(summaries, key=lambda one: one[f"recall@{top}"])
    places = np.arange(len(ordered))
    for shift, measure, label in ((0.2, f"recall@{top}", "recall"), (-0.2, f"ndcg@{top}", "nDCG")):
        widths = [one[f"{measure}_interval"] or 0 for one in ordered]
        values = [one[measure] for one in ordered]
        axis.barh(places + shift, values, 0.38, xerr=widths, label=f"{label}@{top}", capsize=2)
    axis.set_yticks(places, [one["model"] for one in ordered])
    axis.set_title(name)
    axis.set_xlabel(f"mean of {summaries[0]['splits']} splits")
    axis.legend(loc="lower right")
    axis.grid(axis="x", alpha=0.3)
