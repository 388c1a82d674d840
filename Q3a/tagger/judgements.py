"""What a tagger thinks of new articles, before it is decided which tags are given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from articles.preparation import places, report_all
from tagger.drift import Drift
from tagger.novelty import Novelty, familiarity_figures

FEATURES = ["plain", "words"]  # the columns that a model reads


@dataclass(frozen=True)
class Judgement:
    """Prepared articles, and what a tagger thinks of them, row by row."""

    articles: pd.DataFrame
    probabilities: np.ndarray  # of shape (articles, tags); 0 for an article without words
    novelty: np.ndarray | None  # 1 for an article without words; None if it is not known
    familiarity: np.ndarray | None  # figures of `tagger.novelty`, of the articles with words

    @property
    def worded(self) -> np.ndarray:
        """Which articles have words."""
        return (self.articles["words"] != "").to_numpy()


def judge(tagger, articles: pd.DataFrame) -> Judgement:
    """Return what the tagger thinks of prepared articles."""
    worded = (articles["words"] != "").to_numpy()
    found = np.zeros((len(articles), len(tagger.classes_)))
    some, novelty = articles[worded], novelty_of(tagger)
    new, familiarity = (np.ones(len(articles)), np.zeros((0, 2))) if novelty else (None, None)
    if len(some) and isinstance(tagger, Pipeline):
        model, terms = tagger["model"], tagger["terms"]
        counts = terms.transform(some)
        found[worded] = model.predict_proba(counts)
        if novelty:
            familiarity = familiarity_figures(model, terms, some, counts)
            new[worded] = novelty.of(familiarity)
    elif len(some):  # learnt out of core
        found[worded] = tagger.predict_proba(some[FEATURES])
    return Judgement(articles, found, new, familiarity)


def novelty_of(tagger) -> Novelty | None:
    """Return what knows the novelty of articles; None out of core and with several tags."""
    return getattr(tagger["model"], "novelty", None) if isinstance(tagger, Pipeline) else None


def drift_of(tagger) -> Drift | None:
    """Return what knows whether articles are unlike those learnt from; None where nothing does."""
    return getattr(tagger["model"], "drift", None) if isinstance(tagger, Pipeline) else None


def judgements(tagger, batches: Iterable[pd.DataFrame]) -> Iterator[Judgement]:
    """Yield what the tagger thinks of each batch; one unlike the training articles is reported."""
    for articles in batches:
        found = judge(tagger, articles)
        report_all(differences(tagger, found))
        yield found


def differences(tagger, found: Judgement) -> list[str]:
    """Return a line on how a batch is unlike the training articles, in a list; empty if it is not.

    It names the first of its articles.
    """
    drift = drift_of(tagger)
    if not drift or not found.worded.any():
        return []
    predicted = tagger.classes_[found.probabilities[found.worded].argmax(axis=1)]
    unlike = drift.differences(found.familiarity[:, 1], predicted)
    first, size = places(found.articles).iloc[0], len(found.articles)
    line = f"{first}: {size:,} articles from here on are unlike those learnt from: "
    return [line + "; ".join(unlike)] * bool(unlike)
