"""Folds of articles: each has articles of every tag, and near-duplicates stay in one of them."""

from common.command import UserError

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

FOLDS = 5
INNER_FOLDS = 3  # of a quick search, of all within an outer fold, and of calibration
SEPARATORS = "|;；,，、/+&"  # of several tags in one field
NAMED = 6  # of the tags that have too few articles


def check_tags(articles: pd.DataFrame) -> None:
    """Raise UserError unless there are two tags, each with an article for every fold."""
    different = articles.groupby("tag")["group"].nunique()
    if different.empty:
        raise UserError("no tag is left: --drop-rare is for fewer articles of a tag")
    if len(different) == 1:
        raise UserError(f"only one tag, {different.index[0]}: a tagger needs two to tell apart")
    rare = different[different < FOLDS]
    if len(rare):
        raise UserError(
            f"fewer than {FOLDS} different articles of {counts_of_tags(rare)}: add some, or leave"
            f" such tags out with --drop-rare {FOLDS}"
        )


def without_rare_tags(articles: pd.DataFrame, least: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the articles of tags with at least `least` different ones, and counts of the others.

    Near-duplicates count once.
    """
    different = articles.groupby("tag")["group"].nunique()
    rare = different[different < least]
    return articles[~articles["tag"].isin(rare.index)].reset_index(drop=True), rare


def tags_of_several(tags: pd.Series) -> list[str]:
    """A line on tags that join others of the articles by a separator, in a list; empty without."""
    counts = tags.value_counts()
    for separator in SEPARATORS:
        joined = [
            tag
            for tag in counts.index
            if separator in tag and all(part.strip() in counts for part in tag.split(separator))
        ]
        if joined:
            return [
                f"{counts[joined].sum()} articles have a tag that joins others by {separator!r},"
                f" such as {joined[0]}: it is learnt as a tag of its own;"
                f" --multi-label {separator!r} decides on each tag by itself"
            ]
    return []


def counts_of_tags(counts: pd.Series) -> str:
    """Return the first tags and their numbers of articles, and how many other tags there are."""
    named = ", ".join(f"{tag} ({count})" for tag, count in counts.head(NAMED).items())
    return named + (f" and {len(counts) - NAMED} other tags" if len(counts) > NAMED else "")


def splits(articles: pd.DataFrame, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) row numbers of stratified folds; each group stays within one fold."""
    if articles["group"].is_unique:
        kind, groups = StratifiedKFold, None
    else:
        kind, groups = StratifiedGroupKFold, articles["group"]
    kfold = kind(folds, shuffle=True, random_state=seed)
    return list(kfold.split(articles, articles["tag"], groups))
