"""A comparison of recommenders as text for people, as CSV or JSON for programs.

A row is a dict of data, model, settings and measures; measures maps a name to one value a split.
"""

import json

import numpy as np
from scipy.stats import t as student

from common.output import formatted
from evaluation.data import DataSet

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


def rounded(row: dict) -> dict:
    """A row's summary with its numbers to 4 decimals."""
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in summary(row).items()
    }


def report(form: str, rows: list[dict], sets: dict[str, DataSet]) -> str:
    """Return the comparison in one of FORMATS.

    CSV has one line for each model and data set, with settings as JSON; JSON has one object, which
    also tells the rows that were left out of the data set.
    """
    summaries = [rounded(row) for row in rows]
    record = [one | {"rejected": rejected_rows(sets[one["data"]])} for one in summaries]
    return formatted(form, as_text(rows), *table_rows(rows), record)


def table_rows(rows: list[dict]) -> tuple[list[str], list[list]]:
    """Return the header and a line for each model and data set, with settings as JSON."""
    summaries = [rounded(row) for row in rows]
    header = list(dict.fromkeys(name for one in summaries for name in one))
    settings = [{"settings": json.dumps(one["settings"], sort_keys=True)} for one in summaries]
    both = zip(summaries, settings, strict=True)
    return header, [[(one | text).get(name) for name in header] for one, text in both]


def rejected_rows(data: DataSet) -> dict[str, dict]:
    """Return the number and the first place of the rows that were left out, by reason."""
    return {
        reason: {"rows": rows, "first": data.first_rejected[reason]}
        for reason, rows in data.rejected.items()
        if rows
    }


def as_text(rows: list[dict]) -> str:
    """One table for each data set."""
    names = dict.fromkeys(row["data"] for row in rows)
    return "\n\n".join(table([row for row in rows if row["data"] == name]) for name in names)


def table(rows: list[dict]) -> str:
    """The rows of one data set as a title, the names of the columns and a line a model."""
    summaries = [summary(row) for row in rows]
    measures = [name for name in rows[0]["measures"] if "@" in name]
    data, splits = summaries[0]["data"], summaries[0]["splits"]
    heads = ["coverage", "novelty", "antihubs", "hub links", "seconds"]
    means = f"mean of {splits} splits ± 95 % confidence; seconds are medians"
    lines = [
        f"{data}: {means if splits > 1 else 'one split'}",
        table_line("model", measures, heads),
        *(table_line(one["model"], *cells(one, measures)) for one in summaries),
    ]
    return "\n".join(lines)


def cells(one: dict, measures: list[str]) -> tuple[list[str], list[str]]:
    """A summary's measures with their intervals, and the rest; what does not apply is blank."""
    wide = []
    for name in measures:
        width = one[f"{name}_interval"]
        wide.append(f"{one[name]:.3f} ± {width:.3f}" if width is not None else f"{one[name]:.3f}")
    forms = {"coverage": ".3f", "novelty": ".2f", "antihubs": ".1%", "hub_links": ".1%"}
    forms["seconds"] = ".1f"
    return wide, [f"{one[name]:{form}}" if name in one else "" for name, form in forms.items()]


def table_line(model: str, wide: list[str], narrow: list[str]) -> str:
    """The cells of one line in the widths of their columns."""
    return (
        f"{model:<27}"
        + "".join(f"{cell:>15}" for cell in wide)
        + "".join(f"{cell:>10}" for cell in narrow)
    )
