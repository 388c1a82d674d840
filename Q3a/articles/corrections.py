"""Corrected tags of articles, by id: they replace tags, or add new articles to learn from."""

from common.command import UserError

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from articles.changes import Changes
from articles.files import Source, read_batches
from articles.preparation import some, with_converted_tags
from articles.rejections import Rejections


@dataclass(frozen=True)
class Correction:
    """The tag that an article is to have, and where that is written, FILE:LINE."""

    tag: str
    place: str


def read_corrections(
    paths: Iterable[Path], encodings: Mapping[Path | None, str], convert: str | None
) -> dict[str, Correction]:
    """Return the corrections of all files by id; a later file corrects an earlier one.

    Rows without a tag correct nothing, so that a file of --review can be filled in and be read
    here. Raises UserError at a row that cannot be read, if one file gives an article two tags, or
    if no row has a tag.
    """
    found: dict[str, Correction] = {}
    for path in paths:
        source, policy = Source(encodings=encodings), Rejections("stop")
        of_file: dict[str, Correction] = {}
        for rows in read_batches([path], ["id"], source, policy, maybe_tagged=True):
            rows = with_converted_tags(rows, convert, Changes()) if convert else rows
            for row in rows[rows["tag"] != ""].itertuples():
                other = of_file.setdefault(row.id, Correction(row.tag, row.place))
                if other.tag != row.tag:
                    raise UserError(
                        f"{row.place}: article {row.id} gets the tag {row.tag} here and {other.tag}"
                        f" in {other.place}; leave one of them"
                    )
        if not of_file:
            raise UserError(f"{path}: no row has a tag; write one in the column tag")
        found |= of_file
    return found


def corrected(
    articles: pd.DataFrame, new: pd.DataFrame, corrections: Mapping[str, Correction]
) -> pd.DataFrame:
    """Return the prepared articles with corrected tags, and the `new` ones that got a tag.

    The column `given` has the tag before, and is empty for the new articles. Raises UserError if an
    id is in neither, or stands for several articles with different texts.
    """
    check_ids(articles, new, corrections)
    tags = {id_: correction.tag for id_, correction in corrections.items()}
    known = articles.assign(given=articles["tag"])
    known["tag"] = known["id"].map(tags).fillna(known["tag"])
    added = new[new["id"].isin(tags) & ~new["id"].isin(known["id"])].drop_duplicates("id")
    added = added.assign(tag=added["id"].map(tags), given="")
    return pd.concat([known, added[added.columns.intersection(known.columns)]], ignore_index=True)


def check_ids(
    articles: pd.DataFrame, new: pd.DataFrame, corrections: Mapping[str, Correction]
) -> None:
    """Raise UserError unless each corrected id stands for one text."""
    all_articles = pd.concat([articles[["id", "plain"]], new[["id", "plain"]]])
    texts = all_articles[all_articles["id"].isin(corrections)].groupby("id")["plain"].nunique()
    if unknown := [id_ for id_ in corrections if id_ not in texts.index]:
        raise UserError(
            f"{corrections[unknown[0]].place}: no article of --train that can be learnt from, and"
            f" none of --test, has the id {some(unknown)}"
        )
    if several := [id_ for id_ in corrections if texts[id_] > 1]:
        raise UserError(
            f"{corrections[several[0]].place}: articles with different texts have the id"
            f" {some(several)}: give each an id of its own"
        )
