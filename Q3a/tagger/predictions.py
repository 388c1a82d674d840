"""Tags for new articles, with the confidence in each, and none where the confidence is too low."""

from common.command import UserError

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from articles.preparation import report_all
from articles.text import normalised
from tagger.judgements import Judgement, judge, novelty_of
from tagger.multi_label import decisions_of, given
from tagger.reasons import reasons, strongest
from tagger.writers import writer

ROUNDING = 1e-9
OTHERS = ""  # stands for the tags without a limit of their own


@dataclass(frozen=True)
class Wanted:
    """What is to be given for each article."""

    limits: Mapping[str, float] = field(default_factory=dict)  # least confidence by tag, or OTHERS
    top_k: int = 0  # likeliest tags to give, each with its confidence
    max_refused: float = 0.0  # share of articles of known topics that may be refused as novel
    reasons: bool = False  # whether to name the words that spoke for a tag, and for the second

    @property
    def abilities(self) -> dict[str, object]:
        """What not every tagger can do, by option; true where it is wanted."""
        return {"--max-refused": self.max_refused, "--reasons": self.reasons}

    @property
    def most_novel(self) -> float:
        """The highest novelty with which an article gets a tag."""
        return 1 - self.max_refused + ROUNDING

    def limits_of(self, tags: Iterable[str]) -> np.ndarray:
        """Return the limit of each tag. Raises UserError if there is one for any other tag."""
        tags, limits = list(tags), {}
        for name, limit in self.limits.items():
            tag = normalised(name)
            if tag in limits:
                raise UserError(f"--min-confidence: two limits for {tag}")
            if tag not in {OTHERS, *tags}:
                known = ", ".join(sorted(tags))
                raise UserError(f"--min-confidence: no tag {name!r} among {known}")
            limits[tag] = limit
        return np.array([limits.get(tag, limits.get(OTHERS, 0.0)) for tag in tags])


def wanted_of(options: SimpleNamespace) -> Wanted:
    """Return what the options of the command ask for."""
    return Wanted(options.limits, options.top_k, options.max_refused, options.reasons)


def check_abilities(tagger, asked: Mapping[str, object]) -> None:
    """Raise UserError if an option that is given asks what the tagger does not know."""
    if (named := [option for option in asked if asked[option]]) and not novelty_of(tagger):
        raise UserError(
            f"{named[0]}: a tagger of several tags per article, or one learnt out of core, does"
            " not know novelty, nor reasons: use --min-confidence"
        )


def predictions(tagger, articles: pd.DataFrame, wanted: Wanted | None = None) -> pd.DataFrame:
    """Return the `table` of prepared articles."""
    return table(tagger, judge(tagger, articles), wanted or Wanted())


def table(tagger, judgement: Judgement, wanted: Wanted) -> pd.DataFrame:
    """Return the articles' id and text with predicted_tag and confidence.

    The tag is empty where the confidence is below its limit, and for an article without words. With
    `top_k` there are also tag_1, confidence_1, tag_2 and so on, the likeliest first and whatever
    the limits; those that a tagger of fewer tags cannot give are empty. A multi-label tagger joins
    the tags that pass their thresholds and limits, the likeliest first, and their confidences.
    Where the tagger knows it there is also `novelty`, and no tag where `max_refused` refuses it.
    With `reasons` there are also reasons, second_tag and second_reasons, whatever the limits.
    """
    limits = wanted.limits_of(tagger.classes_)
    articles, probabilities = judgement.articles, judgement.probabilities
    novelty = judgement.novelty
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    columns = {
        "id": articles["id"].reset_index(drop=True),
        "text": articles["text"].reset_index(drop=True),
    }
    if decisions := decisions_of(tagger):
        least = np.maximum(decisions.thresholds_, limits)[order]
        kept, separator = given(ranked, least), decisions.separator
        columns["predicted_tag"] = joined(tagger.classes_[order], kept, separator)
        columns["confidence"] = joined(ranked.round(4), kept, separator)
    else:
        kept = given(ranked[:, 0], limits[order[:, 0]])
        if novelty is not None:
            kept &= novelty <= wanted.most_novel
        columns["predicted_tag"] = np.where(kept, tagger.classes_[order[:, 0]], "")
        columns["confidence"] = ranked[:, 0].round(4)
    if novelty is not None:
        columns["novelty"] = novelty.round(4)
    if wanted.reasons:
        columns |= reason_columns(tagger, articles, order)
    for rank in range(wanted.top_k):
        there = rank < len(tagger.classes_) and ranked[:, rank] > 0
        place = min(rank, len(tagger.classes_) - 1)
        columns[f"tag_{rank + 1}"] = np.where(there, tagger.classes_[order[:, place]], "")
        columns[f"confidence_{rank + 1}"] = np.where(there, ranked[:, place].round(4), np.nan)
    return pd.DataFrame(columns)


def reason_columns(tagger, articles: pd.DataFrame, order: np.ndarray) -> dict[str, list[str]]:
    """Return reasons, second_tag and second_reasons of articles; empty for those without words.

    order: places of the tags of each article, the likeliest first.
    """
    rows = np.flatnonzero(articles["words"] != "")
    first, second = order[rows, :2].T
    found = reasons(tagger, articles.iloc[rows], first, second)
    columns = {
        "reasons": strongest(found, len(rows)),
        "second_tag": [[tag] for tag in tagger.classes_[second]],
        "second_reasons": strongest(found, len(rows), -1),
    }
    written = pd.DataFrame("", index=range(len(articles)), columns=list(columns))
    for name, lists in columns.items():
        written.loc[rows, name] = [" ".join(words) for words in lists]
    return written.to_dict("list")


def joined(values: np.ndarray, kept: np.ndarray, separator: str) -> list[str]:
    """Return the kept values of each row as one text."""
    rows = zip(values, kept, strict=True)
    return [separator.join(map(str, row[of_row])) for row, of_row in rows]


def write_predictions(
    tagger, batches: Iterable[Judgement], wanted: Wanted, output: Path, encoding: str = "utf-8"
) -> Counter:
    """Write the tables of all batches to `output`; return how many were tagged and not."""
    outcomes = Counter()
    with writer(output, encoding) as append:
        for judgement in batches:
            written = table(tagger, judgement, wanted)
            append(written)
            tagless = int((written["predicted_tag"] == "").sum())
            outcomes["tagged"] += len(written) - tagless
            outcomes["left without a tag"] += tagless
    return +outcomes


def tag_articles(
    tagger, batches: Iterable[Judgement], wanted: Wanted, output: Path, encoding: str = "utf-8"
) -> None:
    """Write the tags of judged articles to `output` and report how many got one."""
    counts = write_predictions(tagger, batches, wanted, output, encoding) or {"tagged": 0}
    report_all(
        f"{output}: {number} article{'s' * (number != 1)} {outcome}"
        for outcome, number in counts.items()
    )
