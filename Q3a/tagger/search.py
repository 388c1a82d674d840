"""Search among families of models by the folds of one grid search."""

from common.command import UserError

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, ParameterGrid

from articles.parallel import in_threads, outlasting_losses
from tagger.families import Family, pipeline
from tagger.folds import splits
from tagger.objective import OBJECTIVES, figures, standard_error
from tagger.terms import Counted


@dataclass(frozen=True)
class Choice:
    """The choice of a search in so many folds: a candidate, and the table of all."""

    candidate: Family
    candidates: pd.DataFrame
    folds: int
    objective: str

    @property
    def family(self) -> str:
        return self.candidate.name

    @property
    def parameters(self) -> dict[str, float | None]:
        return named({name: value for name, (value,) in self.candidate.grid.items()})


def choose(
    articles: Counted,
    families: Sequence[Family],
    folds: int,
    seed: int,
    objective: str = "macro-f1",
) -> Choice:
    """The candidate that `preferred` takes after one grid search over all families.

    One that cannot be fitted, such as with too high a `min_df` for short texts, scores nan and
    loses. Raises UserError if none can.
    """
    columns = articles.terms.columns()
    cv = splits(articles.articles, folds, seed)
    grid = [family.parameters(columns) for family in families]
    search = GridSearchCV(pipeline(), grid, scoring=figures, cv=cv, refit=False, n_jobs=-1)
    tags = articles.tags
    shared = articles.counts, tags, search, *(rows for split in cv for rows in split)

    def fit() -> None:
        with warnings.catch_warnings(action="ignore"), in_threads(*shared):
            search.fit(articles.counts, tags)

    try:
        outlasting_losses(fit)
    except ValueError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f"no candidate can learn from these articles: {reason}") from None
    measure = OBJECTIVES[objective]
    candidates = candidate_table(search, families, measure)
    best = preferred(
        candidates, [family.name for family in families], len(articles), measure, folds
    )
    family = next(family for family in families if family.name == best["family"])
    table = candidates.drop(columns=[*VARIANCES, "settings"]).reset_index(drop=True)
    return Choice(family.candidate(best["settings"]), table, folds, objective)


VARIANCES = [f"{measure}_variance" for measure in OBJECTIVES.values()]


def preferred(
    candidates: pd.DataFrame,
    families: Sequence[str],
    articles: int,
    measure: str,
    folds: int,
) -> pd.Series:
    """The best candidate of the first family within one standard error of the best `measure`.

    Figures nearer than that may differ by chance alone. The rule is that of Hastie, Tibshirani
    and Friedman (2009, The Elements of Statistical Learning, section 7.10), who take the simplest
    model, where this takes the first of `families`. Raises UserError if no figure is a number.
    """
    value = candidates[measure]
    if value.isna().all():
        raise UserError("no candidate can learn from these articles in every fold of the search")
    variance = candidates.loc[value.idxmax(), f"{measure}_variance"]
    least = value.max() - standard_error(value.max(), variance, folds, articles)
    close = candidates[value >= least]
    first = min(close["family"], key=families.index)
    return close[close["family"] == first].iloc[0]


def candidate_table(search: GridSearchCV, families: Sequence[Family], measure: str) -> pd.DataFrame:
    """One row per candidate, best first: family, parameters, figures, spread, seconds.

    The index is the candidate's place in the search, `spread` the standard deviation of `measure`
    over folds, and `settings` the parameters by their full names.
    """
    results = search.cv_results_
    rows = [
        (family.name, named(settings), settings)
        for family in families
        for settings in ParameterGrid(dict(family.grid))
    ]
    table = pd.DataFrame(rows, columns=["family", "parameters", "settings"])
    for name in (*OBJECTIVES.values(), *VARIANCES):
        table[name] = results[f"mean_test_{name}"]
    table["spread"] = results[f"std_test_{measure}"]
    table["fit_seconds"] = results["mean_fit_time"]
    return table.loc[np.argsort(results[f"rank_test_{measure}"], kind="stable")]


def named(settings: dict[str, float | None]) -> dict[str, float | None]:
    """Return settings of a pipeline by the last part of their names."""
    return {name.rpartition("__")[2]: value for name, value in settings.items()}
