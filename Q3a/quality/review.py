"""The articles worth a look, the most doubtful first, for an editor to correct.

The doubt in an article is the chance, from 0 to 1, that it should have another tag than it has, or
than it would get: 1 less the probability of that tag, by a tagger that has not learnt from the
article. It is higher where near-duplicates have other tags, and for articles of no known topic.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline

from articles.preparation import report_all
from quality.mistakes import words_of_folds
from quality.runs import Run
from tagger.evaluation import probability_of
from tagger.judgements import Judgement, novelty_of
from tagger.reasons import deciding_words
from tagger.writers import writer

MOST = 200  # articles
LEAST = 0.05  # doubt
SHOWN = 5  # in the report
COLUMNS = ["id", "tag", "predicted_tag", "confidence", "doubt", "why", "words", "text"]
READ = ["id", "tag", "text", "plain", "words", "vector"]  # of articles, the last if they have one


def review_of(run: Run, new: Iterable[Judgement]) -> pd.DataFrame:
    """Return the articles of a run, and new ones, that are most worth a look: COLUMNS."""
    learnt = doubts_of_learnt(run).nlargest(MOST, "doubt")  # their index is that of the run
    by_row = words_of_folds(run.articles, run.evaluation, learnt.index.to_numpy())
    learnt["words"] = [" ".join(by_row[row]) for row in learnt.index]
    others = NewArticles(run.tagger)
    for _ in others.noted(new):
        pass
    return written_part(most_doubtful([learnt, others.review()]))


def most_doubtful(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the most doubtful articles of tables, of which one has articles."""
    table = pd.concat([it for it in parts if len(it)], ignore_index=True)
    table = table[table["doubt"] >= LEAST]
    return table.nlargest(MOST, "doubt", keep="first").reset_index(drop=True)


def written_part(table: pd.DataFrame) -> pd.DataFrame:
    """Return the COLUMNS of a table, figures to four decimals."""
    return table.round({"confidence": 4, "doubt": 4})[COLUMNS]


def doubts_of_learnt(run: Run) -> pd.DataFrame:
    """Return what COLUMNS say of the articles that were learnt from; words are all their words."""
    found, articles = run.evaluation, run.articles
    sizes = articles.groupby("group")["tag"].transform("size")
    torn = 1 - articles.groupby(["group", "tag"])["id"].transform("size") / sizes
    doubt = np.maximum(1 - found.own, torn.to_numpy())
    why = np.where(found.correct, "unsure", "suspected mislabel").astype(object)
    for row in np.flatnonzero(torn > 0):
        own = articles.iloc[row]
        twins = articles[(articles["group"] == own["group"]) & (articles["tag"] != own["tag"])]
        why[row] = f"near-duplicate of {twins['id'].iloc[0]}, tagged {twins['tag'].iloc[0]}"
    table = articles[articles.columns.intersection(READ)].reset_index(drop=True)
    figures = {"predicted_tag": found.predicted, "confidence": found.confidence}
    return table.assign(**figures, doubt=doubt, why=why)


class NewArticles:
    """The doubtful ones among new articles, of which no more are kept than may be in a review."""

    def __init__(self, tagger: Pipeline):
        self.tagger = tagger
        self.kept = pd.DataFrame()
        self.novelties: list[np.ndarray] = []  # of all articles

    def noted(self, judgements: Iterable[Judgement]) -> Iterator[Judgement]:
        """Yield the judgements, of which the doubtful articles are kept."""
        for judgement in judgements:
            found = doubts_of_new(self.tagger, judgement)
            self.novelties.append(found["novelty"].to_numpy())
            both = pd.concat([self.kept, found], ignore_index=True)
            ranks = both[["doubt", "novelty"]].rank(ascending=False, method="first")
            self.kept = both[(ranks <= MOST).any(axis=1)]
            yield judgement

    def review(self) -> pd.DataFrame:
        """Return the articles that are most worth a look: COLUMNS."""
        kept = self.kept
        if kept.empty:
            return pd.DataFrame(columns=COLUMNS)
        novelties = np.concatenate(self.novelties)
        least = 1 / (len(novelty_of(self.tagger).familiarity_) + 1)
        strange = chance_of_no_topic(least, novelties, kept["novelty"].to_numpy())
        likely = strange > np.maximum(kept["doubt"], 0.5)
        why = np.where(likely, "novel", kept["why"])
        doubt = np.where(likely, strange, kept["doubt"])
        kept = most_doubtful([kept.assign(doubt=doubt, why=why)])
        if kept.empty:
            return kept.reindex(columns=COLUMNS)
        tags = kept["predicted_tag"].to_numpy(), kept["tag"].to_numpy()
        words = deciding_words(self.tagger, kept, *tags)
        return kept.assign(words=[" ".join(of_article) for of_article in words])

    def write(self, path: Path, encoding: str) -> None:
        """Write the review to a file."""
        write_review(self.review(), path, encoding)


def doubts_of_new(tagger, judgement: Judgement) -> pd.DataFrame:
    """Return what COLUMNS say of a batch of articles with words, and their novelty."""
    worded = judgement.worded
    table = judgement.articles[worded].reset_index(drop=True)
    table = table.reindex(columns=READ, fill_value="")
    found = judgement.probabilities[worded]
    predicted, given = tagger.classes_[found.argmax(axis=1)], table["tag"].to_numpy()
    own = probability_of(np.where(given == "", predicted, given), found, tagger.classes_)
    figures = {"confidence": found.max(axis=1), "novelty": judgement.novelty[worded]}
    sure = (given == "") | (given == predicted)
    why = np.where(sure, "unsure", "suspected mislabel")
    return table.assign(predicted_tag=predicted, **figures, doubt=1 - own, why=why)


def chance_of_no_topic(least: float, novelties: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the chance that an article is of no known topic: how many more are as novel as it.

    novelties: of all articles; asked: of those in question. least: the lowest chance that an
    article of a known topic is so novel that can be distinguished. The chance is 1 less the local
    false discovery rate (Strimmer 2008, doi.org/10.1186/1471-2105-9-303), by Grenander's estimate
    of how the articles are distributed, which never falls as novelty rises.
    """
    p_values = np.append(np.maximum(1 - novelties, least), 1.0)
    places, numbers = np.unique(p_values, return_counts=True)
    numbers[-1] -= 1  # 1.0 is there as the end
    widths = np.diff(places, prepend=0.0)
    density = IsotonicRegression(increasing=False).fit(
        places, numbers / widths / max(len(novelties), 1), sample_weight=widths
    )
    return 1 - 1 / np.maximum(density.predict(np.maximum(1 - asked, least)), 1.0)


def write_review(table: pd.DataFrame, path: Path, encoding: str) -> None:
    """Write the articles to a file of tags, and report how many there are of each kind."""
    table = written_part(table)
    with writer(path, encoding) as append:
        append(table)
    kinds = table["why"].str.replace(r" of .*", " with another tag", regex=True).value_counts()
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    report_all([f"{path}: {len(table)} articles worth a look" + f" ({counts})" * bool(counts)])


def worth_a_look(run: Run) -> Iterator[str]:
    """Yield the first articles of a review, if one was asked for."""
    if run.review is None:
        return
    yield "Worth a look, the most doubtful first:"
    for row in run.review[:SHOWN].itertuples():
        tag = f"tagged {row.tag}" if row.tag else "new"
        likely = f"; {row.predicted_tag} {row.confidence:.2f}" * (row.predicted_tag != row.tag)
        yield f"  {row.doubt:.2f}  {row.id}, {tag}{likely}: {row.why}; {row.words}"
