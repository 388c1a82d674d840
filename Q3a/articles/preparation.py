"""Articles made ready for a model: plain text, words, near-duplicate groups, and what was odd."""

from common.command import UserError

import sys
from collections.abc import Iterable, Sequence

import pandas as pd

from articles.changes import Changes
from articles.rejections import Rejections
from articles.text import converted, plain_text
from articles.vectors.source import Vectors, with_vectors
from articles.words import segment_in_parallel

NO_WORDS = "no words"


def prepared(
    articles: pd.DataFrame,
    convert: str | None = None,
    changes: Changes | None = None,
    vectors: Vectors | None = None,
) -> pd.DataFrame:
    """The articles with the columns that a model reads: `plain` text and its `words`.

    Texts, and tags if there are any, are converted by OpenCC's configuration `convert`. What was
    removed as mark-up, and tags that are the same from now on, are noted in `changes`. With
    `vectors` there is a column `vector`, too. Raises UserError if there is none for an article.
    """
    changes = changes or Changes()
    found = [plain_text(text) for text in articles["text"]]
    for place, (_, tags) in zip(places(articles), found, strict=True):
        changes.markup_removed(place, tags)
    plain = [text for text, _ in found]
    if convert:
        plain = converted(plain, convert)
        articles = with_converted_tags(articles, convert, changes)
    articles = articles.assign(plain=plain, words=segment_in_parallel(plain))
    articles = articles.reset_index(drop=True)
    return with_vectors(articles, vectors) if vectors else articles


def places(articles: pd.DataFrame) -> pd.Series | pd.Index:
    """Return where each article is: FILE:LINE, else its id."""
    return next((articles[name] for name in ("place", "id") if name in articles), articles.index)


def with_converted_tags(articles: pd.DataFrame, convert: str, changes: Changes) -> pd.DataFrame:
    """Return the articles, their tags converted if they have any."""
    if "tag" not in articles:
        return articles
    tags = articles["tag"].unique()
    to = dict(zip(tags, converted(tags, convert), strict=True))
    changes.tags_converted(to)
    return articles.assign(tag=articles["tag"].map(to))


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
    for place in places(articles)[empty]:
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
