"""Search among families of models, and an honest figure for what the search chooses.

The figure is that of nested cross-validation: each outer fold is tagged by a model that was
searched for without it (Cawley and Talbot 2010, jmlr.org/papers/v11/cawley10a.html).
"""

from common.command import UserError

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from articles.parallel import on_all_cores, outlasting_losses, remove_from_workers
from tagger.calibration import bounded
from tagger.families import Family, pipeline
from tagger.predictions import FEATURES, tagged

FOLDS = 5
INNER_FOLDS = 3  # of a quick search, of all within an outer fold, and of calibration
MANY_CANDIDATES = 20
NAMED = 6  # of the tags that have too few articles


@dataclass(frozen=True)
class Choice:
    """The choice of a search in so many folds: its pipeline, not yet fitted, and all candidates."""

    family: str
    parameters: dict[str, float | None]
    pipeline: Pipeline
    candidates: pd.DataFrame
    folds: int


@dataclass(frozen=True)
class Evaluation:
    """What the models of the outer folds say of the articles they did not see, row by row."""

    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray  # probability of the predicted tag
    fold: np.ndarray  # 0 to FOLDS - 1
    taggers: list[CalibratedClassifierCV]  # one per fold

    @property
    def correct(self) -> np.ndarray:
        return self.predicted == self.true


def check_tags(articles: pd.DataFrame) -> None:
    """Raise UserError unless there are two tags, each with an article for every fold."""
    different = articles.groupby("tag")["group"].nunique()
    if len(different) < 2:
        raise UserError(f"only one tag, {different.index[0]}: a tagger needs two to tell apart")
    rare = different[different < FOLDS]
    if len(rare):
        tags = ", ".join(f"{tag} ({count})" for tag, count in rare.head(NAMED).items())
        tags += f" and {len(rare) - NAMED} other tags" if len(rare) > NAMED else ""
        raise UserError(
            f"fewer than {FOLDS} different articles of {tags}: add some, or leave the tag out"
        )


def splits(articles: pd.DataFrame, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row numbers of stratified folds; each group stays within one fold."""
    if articles["group"].is_unique:
        kind, groups = StratifiedKFold, None
    else:
        kind, groups = StratifiedGroupKFold, articles["group"]
    kfold = kind(folds, shuffle=True, random_state=seed)
    return list(kfold.split(articles, articles["tag"], groups))


def choose(articles: pd.DataFrame, families: Sequence[Family], folds: int, seed: int) -> Choice:
    """The candidate that `preferred` takes after one grid search over all families.

    Many candidates share their features, which are then kept on disk while the search lasts. One
    that cannot be fitted, such as with too high a `min_df` for short texts, scores nan and loses.
    """
    grid = [family.parameters() for family in families]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        memory = folder if len(ParameterGrid(grid)) >= MANY_CANDIDATES else None
        cv = splits(articles, folds, seed)
        search = GridSearchCV(
            pipeline(memory), grid, scoring="accuracy", cv=cv, refit=False, n_jobs=-1
        )
        features, tags = articles[FEATURES], articles["tag"]
        shared = features, tags, search, *(rows for split in cv for rows in split)

        def fit() -> None:
            with warnings.catch_warnings(action="ignore"), on_all_cores(*shared):
                search.fit(features, tags)

        try:
            outlasting_losses(fit)
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise UserError(f"no candidate can learn from these articles: {reason}") from None
    remove_from_workers(folder)
    candidates = candidate_table(search, families)
    best = preferred(candidates, [family.name for family in families], len(articles))
    chosen = pipeline().set_params(**search.cv_results_["params"][best.name])
    return Choice(
        best["family"], best["parameters"], chosen, candidates.reset_index(drop=True), folds
    )


def preferred(candidates: pd.DataFrame, families: Sequence[str], articles: int) -> pd.Series:
    """The best candidate of the first family within one standard error of the best accuracy.

    Accuracies nearer than that may differ by chance alone. The rule is that of Hastie, Tibshirani
    and Friedman (2009, The Elements of Statistical Learning, section 7.10), who take the simplest
    model, where this takes the first of `families`. Laplace's rule of succession keeps the error
    of an accuracy of 1 above 0. Raises UserError if no accuracy is a number.
    """
    best = candidates["accuracy"].max()
    if np.isnan(best):
        raise UserError("no candidate can learn from these articles in every fold of the search")
    share = (best * articles + 1) / (articles + 2)
    error = np.sqrt(share * (1 - share) / articles)
    close = candidates[candidates["accuracy"] >= best - error]
    first = min(close["family"], key=families.index)
    return close[close["family"] == first].iloc[0]


def candidate_table(search: GridSearchCV, families: Sequence[Family]) -> pd.DataFrame:
    """One row per candidate, best first: family, parameters, accuracy, spread, seconds.

    The index is the candidate's place in the search.
    """
    results = search.cv_results_
    rows = [
        (family.name, {name.rpartition("__")[2]: value for name, value in parameters.items()})
        for family in families
        for parameters in ParameterGrid(dict(family.grid))
    ]
    table = pd.DataFrame(rows, columns=["family", "parameters"])
    table["accuracy"] = results["mean_test_score"]
    table["spread"] = results["std_test_score"]
    table["fit_seconds"] = results["mean_fit_time"]
    return table.loc[np.argsort(results["rank_test_score"], kind="stable")]


def trained(pipeline: Pipeline, articles: pd.DataFrame, seed: int) -> CalibratedClassifierCV:
    """The pipeline fitted to all articles, its confidence calibrated by cross-validation.

    Raises UserError if the pipeline cannot be fitted, such as when no word passes its `min_df`.
    """
    cv = splits(articles, INNER_FOLDS, seed)
    tagger = CalibratedClassifierCV(pipeline, method="temperature", cv=cv, ensemble=False)
    try:
        tagger.fit(articles[FEATURES], articles["tag"].to_numpy())
    except ValueError as error:
        raise UserError(f"the model cannot learn from these articles: {error}") from None
    bounded(tagger, articles[FEATURES])
    return tagger.set_params(cv=None)  # the row numbers are of no use to a saved model


def only_candidate(families: Sequence[Family]) -> Pipeline | None:
    """The pipeline if there is but one candidate, so that there is nothing to search."""
    candidates = list(ParameterGrid([family.parameters() for family in families]))
    return pipeline().set_params(**candidates[0]) if len(candidates) == 1 else None


def evaluate(articles: pd.DataFrame, families: Sequence[Family], seed: int) -> Evaluation:
    """The tags that nested cross-validation gives to every article."""
    only = only_candidate(families)
    true = articles["tag"].to_numpy()
    predicted, confidence = np.empty_like(true), np.zeros(len(true))
    fold = np.zeros(len(true), dtype=int)
    outer = splits(articles, FOLDS, seed)
    seen = [articles.iloc[train] for train, _ in outer]
    with tqdm(seen, desc="outer folds", unit="fold", disable=None) as parts:
        best = [only or choose(part, families, INNER_FOLDS, seed).pipeline for part in parts]

    def train() -> list[CalibratedClassifierCV]:
        with on_all_cores(*seen):
            return Parallel(n_jobs=-1)(
                delayed(trained)(pipeline, part, seed)
                for pipeline, part in zip(best, seen, strict=True)
            )

    taggers = outlasting_losses(train)
    for number, (_, test) in enumerate(outer):
        predicted[test], confidence[test] = tagged(taggers[number], articles.iloc[test])
        fold[test] = number
    return Evaluation(true, predicted, confidence, fold, taggers)
