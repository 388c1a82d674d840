"""A comparison of recommenders as text for people, as CSV or JSON for programs.

A row is what `comparison.compare` returns for one model on one data set.
"""

import json

import numpy as np

from common.output import formatted
from evaluation.comparison import QUARTERS
from evaluation.data import DataSet
from evaluation.differences import differences, half_width, mean_over_splits
from evaluation.tables import as_text

COMPARED = ("recall", "ndcg")  # the measures whose differences are reported


def summary(row: dict) -> dict:
    """A row's means over users and splits; for recall and nDCG also <name>_interval, a half width.

    The interval is that of other users of the same kind. <name>_quarter_1 to 4 are the means of
    the quarters of the users from the fewest plays to the most.
    """
    flat = {"data": row["data"], "split": row["split"], "model": row["model"]}
    for name, values in row["users"].items():
        of_users = mean_over_splits(values)
        flat[name] = float(of_users.mean()) if len(of_users) else None
        if name.startswith(COMPARED):
            flat[f"{name}_interval"] = half_width(of_users)
        if name.startswith("ndcg"):
            flat |= of_quarters(name, values, row["quarters"])
    for name, values in row["lists"].items():
        flat[name] = float(np.median(values) if name == "seconds" else np.mean(values))
    splits = len(row["lists"]["seconds"])
    scored = len(mean_over_splits(next(iter(row["users"].values()))))
    return flat | {"splits": splits, "users": scored, "settings": row["settings"]}


def of_quarters(name: str, values: np.ndarray, quarters: np.ndarray) -> dict[str, float | None]:
    """The means of a measure (splits, users) in each quarter; None for one without users."""
    means = [mean_over_splits(values[:, quarters == number]) for number in range(QUARTERS)]
    return {
        f"{name}_quarter_{number}": float(one.mean()) if len(one) else None
        for number, one in enumerate(means, 1)
    }


def report(
    form: str, table: str, rows: list[dict], sets: list[DataSet], against: str | None = None
) -> str:
    """Return the comparison in one of FORMATS.

    table: which of TABLES is written as CSV; text and JSON have both. against: the model that the
    differences are from, by default all models from each other. JSON also tells the rows that
    were left out of the data sets.
    """
    summaries = [summary(row) for row in rows]
    pairs = [pair for one in sets for pair in pairs_of(rows, one.name, against)]
    rejected = {one.name: rejected_rows(one) for one in sets}
    record = {
        "models": [rounded(one) | {"rejected": rejected[one["data"]]} for one in summaries],
        "differences": [rounded(pair._asdict()) for pair in pairs],
    }
    return formatted(form, as_text(summaries, pairs), *table_rows(record[table]), record)


def table_rows(lines: list[dict]) -> tuple[list[str], list[list]]:
    """Return the header and the cells of a table for CSV, from its lines as JSON has them."""
    header = list(dict.fromkeys(name for one in lines for name in one if name != "rejected"))
    return header, [[as_cell(one.get(name)) for name in header] for one in lines]


def pairs_of(rows: list[dict], name: str, against: str | None) -> list:
    """The differences of one data set's models in each measure compared."""
    of_set = [row for row in rows if row["data"] == name]
    measures = [one for one in of_set[0]["users"] if one.startswith(COMPARED)]
    return [pair for one in measures for pair in differences(of_set, one, against)]


def rounded(record: dict) -> dict:
    """A record with its numbers to 5 significant digits."""
    return {
        name: float(f"{value:.5g}") if isinstance(value, float) else value
        for name, value in record.items()
    }


def as_cell(value: object) -> object:
    """A value as CSV has it: settings as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def rejected_rows(data: DataSet) -> dict[str, dict]:
    """Return the number and the first place of the rows that were left out, by reason."""
    return {
        reason: {"rows": rows, "first": data.first_rejected[reason]}
        for reason, rows in data.rejected.items()
        if rows
    }
