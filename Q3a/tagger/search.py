"""Search among families of models by the folds of grid searches.

All candidates are compared in one fold. The other folds are for the families that may still be
chosen: in a table ordered by preference, one that does worse than one before it may not.
"""

from common.command import UserError

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, ParameterGrid

from articles.parallel import in_threads, outlasting_losses
from tagger.calibration import best_inverse
from tagger.families import Family, pipeline
from tagger.folds import splits
from tagger.objective import LOSSES, OBJECTIVES, VARIANCES, figures, standard_error
from tagger.terms import Counted


@dataclass(frozen=True)
class Choice:
    """The choice of a search in so many folds: a candidate, and the table of all.

    inverse_temperature: of the candidate's confidence, from articles that were held out.
    """

    candidate: Family
    candidates: pd.DataFrame
    folds: int
    objective: str
    inverse_temperature: float

    @property
    def family(self) -> str:
        return self.candidate.name

    @property
    def parameters(self) -> dict[str, float | None]:
        return named({name: value for name, (value,) in self.candidate.grid.items()})


MEASURED = [*OBJECTIVES.values(), *VARIANCES, *LOSSES]


def choose(
    articles: Counted,
    families: Sequence[Family],
    folds: int,
    seed: int,
    objective: str = "macro-f1",
) -> Choice:
    """The candidate that `preferred` takes after the search over all families.

    One that cannot be fitted, such as with too high a `min_df` for short texts, scores nan and
    loses. Raises UserError if none can.
    """
    measure = OBJECTIVES[objective]
    first, *others = splits(articles.articles, folds, seed)
    found = in_folds(articles, families, [first])
    remaining = finalists(found, families, measure)
    found = pd.concat([found, in_folds(articles, remaining, others)])
    candidates = candidate_table(found, families, measure)
    names = [family.name for family in remaining]
    in_all_folds = candidates[candidates["folds"] == folds]
    best = preferred(in_all_folds, names, len(articles), measure, folds)
    family = remaining[names.index(best["family"])]
    table = candidates.drop(columns=[*VARIANCES, *LOSSES, "settings"]).reset_index(drop=True)
    inverse = best_inverse(best[LOSSES].tolist())
    return Choice(family.candidate(best["settings"]), table, folds, objective, inverse)


def in_folds(articles: Counted, families: Sequence[Family], cv: list[tuple]) -> pd.DataFrame:
    """Return what the scorer `figures` finds of all candidates: a row for each and each fold.

    The index is the name of the family and the candidate's number within it. Raises UserError if no
    candidate can be fitted.
    """
    columns = articles.terms.columns()
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
    results = search.cv_results_
    index = pd.MultiIndex.from_tuples(settings_of(families), names=["family", "number"])
    return pd.concat(
        pd.DataFrame({name: results[f"split{fold}_test_{name}"] for name in MEASURED}, index)
        for fold in range(len(cv))
    ).assign(fit_seconds=np.tile(results["mean_fit_time"], len(cv)))


def settings_of(families: Sequence[Family]) -> dict[tuple[str, int], dict]:
    """Return the settings of each candidate, by family and number, as GridSearchCV has them."""
    return {
        (family.name, number): settings
        for family in families
        for number, settings in enumerate(ParameterGrid(dict(family.grid)))
    }


def finalists(found: pd.DataFrame, families: Sequence[Family], measure: str) -> list[Family]:
    """Return the families the best candidate of which is as good as those of all before it."""
    best = found[measure].fillna(-1.0).groupby(level="family").max()
    remaining, highest = [], -np.inf
    for family in families:
        if best[family.name] >= highest:
            remaining.append(family)
            highest = best[family.name]
    return remaining


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


def candidate_table(found: pd.DataFrame, families: Sequence[Family], measure: str) -> pd.DataFrame:
    """One row per candidate, best first: family, parameters, mean figures, spread, folds, seconds.

    `spread` is the standard deviation of `measure` over folds, and `settings` the parameters by
    their full names. A figure that is missing in a fold is missing in the mean.
    """
    settings = settings_of(families)
    groups = found.groupby(level=["family", "number"], sort=False)
    table = groups.mean().where(groups.count().eq(groups.size(), axis=0))
    table["folds"] = groups.size()
    table["spread"] = groups[measure].std(ddof=0).where(table["folds"] > 1)
    table.insert(0, "parameters", [named(settings[key]) for key in table.index])
    table["settings"] = [settings[key] for key in table.index]
    table = table.reset_index("family").reset_index(drop=True)
    return table.sort_values(measure, ascending=False, kind="stable")


def named(settings: dict[str, float | None]) -> dict[str, float | None]:
    """Return settings of a pipeline by the last part of their names."""
    return {name.rpartition("__")[2]: value for name, value in settings.items()}
