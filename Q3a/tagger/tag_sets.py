"""Articles that have several tags each, joined in one field by a separator."""

from common.command import UserError

from collections.abc import Iterable
from warnings import catch_warnings

import numpy as np
import pandas as pd
from sklearn.preprocessing import MultiLabelBinarizer

from articles.preparation import places
from articles.rejections import Rejections
from tagger.folds import FOLDS, check_tags, counts_of_tags, splits, without_rare_tags


def tag_set(field: str, separator: str) -> list[str]:
    """Return the different tags of a field, sorted."""
    return sorted({part.strip() for part in field.split(separator)} - {""})


def with_tag_sets(articles: pd.DataFrame, separator: str, rejected: Rejections) -> pd.DataFrame:
    """Return the articles, each set of tags written in one way; those without any are rejected."""
    joined = [separator.join(tag_set(field, separator)) for field in articles["tag"]]
    articles = articles.assign(tag=joined)
    for place in places(articles)[articles["tag"] == ""]:
        rejected.add(place, "no tag")
    return articles[articles["tag"] != ""].reset_index(drop=True)


def one_row_per_tag(articles: pd.DataFrame, separator: str) -> pd.DataFrame:
    """Return a row for each tag of each article."""
    return articles.assign(tag=articles["tag"].str.split(separator, regex=False)).explode("tag")


def without_rare_members(
    articles: pd.DataFrame, least: int, separator: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the articles with what is left of their sets, and counts of the rare tags.

    Rare is a tag with fewer than `least` different articles. An article of rare tags alone is left
    out.
    """
    _, rare = without_rare_tags(one_row_per_tag(articles, separator), least)
    left = [
        separator.join(tag for tag in field.split(separator) if tag not in rare.index)
        for field in articles["tag"]
    ]
    articles = articles.assign(tag=left)
    return articles[articles["tag"] != ""].reset_index(drop=True), rare


def check_tag_sets(articles: pd.DataFrame, separator: str) -> None:
    """Raise UserError unless every fold can have articles with each tag, and without it."""
    single = one_row_per_tag(articles, separator)
    check_tags(single)
    without = len(articles) - single["tag"].value_counts()
    if len(common := without[without < FOLDS]):
        raise UserError(
            f"fewer than {FOLDS} articles are without {counts_of_tags(common)}: nothing can be"
            " learnt about such a tag; take it out of the field"
        )


def membership(fields: Iterable[str], separator: str, tags: Iterable[str]) -> np.ndarray:
    """Return, of shape (articles, tags), 1 where an article has a tag and 0 elsewhere."""
    sets = [tag_set(field, separator) for field in fields]
    return MultiLabelBinarizer(classes=list(tags)).fit_transform(sets)


def splits_of_sets(
    articles: pd.DataFrame, separator: str, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, test) row numbers of folds that share out the articles of each tag.

    An article counts for its rarest tag, so that the rarest are shared out best. There are FOLDS
    folds, or fewer if no tag has so many articles.
    """
    counts = one_row_per_tag(articles, separator)["tag"].value_counts()
    rarest = [min(field.split(separator), key=counts.get) for field in articles["tag"]]
    articles = articles.assign(tag=rarest)
    folds = min(FOLDS, articles["tag"].value_counts().max())
    with catch_warnings(action="ignore", category=UserWarning):  # of tags that not all folds have
        return splits(articles, folds, seed)
