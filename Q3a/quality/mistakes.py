"""The words that misled a model: those that spoke for the wrong tag, against the right one."""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from tagger.evaluation import Evaluation
from tagger.reasons import reasons, strongest

MOST_ARTICLES = 100  # explained, the surest mistakes first


def misleading_words(articles: pd.DataFrame, evaluation: Evaluation) -> dict[int, list[str]]:
    """Return the misleading words of misclassified articles, by row number, the worst first."""
    wrong = np.flatnonzero(~evaluation.correct & (evaluation.confidence > 0))
    surest = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:MOST_ARTICLES]
    found = {}
    for fold, tagger in enumerate(evaluation.taggers):
        rows = surest[evaluation.fold[surest] == fold]
        if len(rows):
            first = np.searchsorted(tagger.classes_, evaluation.predicted[rows])
            own = articles.iloc[rows]
            table = reasons(tagger, own, first, rivals(tagger, own, first, evaluation.true[rows]))
            found |= dict(zip(rows.tolist(), strongest(table, len(rows)), strict=True))
    return found


def rivals(
    tagger: Pipeline, articles: pd.DataFrame, first: np.ndarray, true: np.ndarray
) -> np.ndarray:
    """Return the place of each article's true tag; of the second likeliest if it was not learnt."""
    probabilities = tagger.predict_proba(articles)
    probabilities[np.arange(len(first)), first] = -1
    places = {tag: place for place, tag in enumerate(tagger.classes_)}
    others = probabilities.argmax(axis=1)
    return np.array([places.get(tag, other) for tag, other in zip(true, others, strict=True)])
