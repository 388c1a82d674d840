"""Articles made ready for a model: plain text, words, near-duplicate groups, and what was odd."""

from common.command import UserError

import sys
from collections.abc import Iterable, Sequence

import pandas as pd

from articles.rejections import Rejections
from articles.text import converted, plain_text
from articles.words import segment_in_parallel

NO_WORDS = "no words"


def prepared(articles: pd.DataFrame, convert: str | None = None) -> pd.DataFrame:
    """The articles with the columns that a model reads: `plain` text and its `words`."""
    plain = [plain_text(text) for text in articles["text"]]
    if convert:
        plain = converted(plain, convert)
    return articles.assign(plain=plain, words=segment_in_parallel(plain)).reset_index(drop=True)


def fit_to_learn_from(articles: pd.DataFrame, rejected: Rejections | None = None) -> pd.DataFrame:
    """Return prepared articles that have words, with `group`: near-duplicates share a number.

    What an editor should know is reported on standard error: ids that occur twice, near-duplicates,
    and near-duplicates with different tags. Articles without words are added to `rejected`.
    """
    from articles.duplicates import duplicate_groups  # here, since tagging needs none of it

    articles = with_words(articles, Rejections() if rejected is None else rejected)
    articles = articles.assign(group=duplicate_groups(articles["plain"]))
    report_all(oddities(articles))
    return articles


def with_words(articles: pd.DataFrame, rejected: Rejections) -> pd.DataFrame:
    """Return the articles that have a word. Raises UserError if none has."""
    empty = articles["words"] == ""
    places = articles["place" if "place" in articles else "id"]
    for place in places[empty]:
        rejected.add(place, NO_WORDS)
    if empty.all():
        raise UserError("--train: no article has a word in it")
    return articles[~empty].reset_index(drop=True)


def oddities(articles: pd.DataFrame) -> list[str]:
    """A line on each kind of oddity among articles with the columns id, tag, group."""
    twice = articles.loc[articles["id"].duplicated(), "id"].unique()
    copies = articles[articles["group"].duplicated(keep=False)]
    torn = copies.groupby("group").filter(lambda group: group["tag"].nunique() > 1)
    found = [
        ("ids occur more than once", twice),
        ("articles are near-duplicates; each such group stays in one fold", copies["id"]),
        ("near-duplicate articles have different tags", torn["id"]),
    ]
    return [f"{len(ids)} {what}: {some(ids)}" for what, ids in found if len(ids)]


def some(ids: Sequence[str], most: int = 6) -> str:
    """The first ids, and a sign that there are more."""
    return ", ".join(list(ids)[:most]) + (" ..." if len(ids) > most else "")


def report_all(messages: Iterable[str]) -> None:
    """Print each on a line of standard error."""
    for message in messages:
        print(message, file=sys.stderr)
