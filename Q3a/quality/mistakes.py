"""The words that misled a model: those that spoke for the wrong tag, against the right one."""

import numpy as np
import pandas as pd

from tagger.evaluation import Evaluation
from tagger.reasons import deciding_words

MOST_ARTICLES = 100  # explained, the surest mistakes first


def misleading_words(articles: pd.DataFrame, evaluation: Evaluation) -> dict[int, list[str]]:
    """Return the misleading words of misclassified articles, by row number, the worst first."""
    wrong = np.flatnonzero(~evaluation.correct & (evaluation.confidence > 0))
    surest = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:MOST_ARTICLES]
    return words_of_folds(articles, evaluation, surest)


def words_of_folds(
    articles: pd.DataFrame, evaluation: Evaluation, rows: np.ndarray
) -> dict[int, list[str]]:
    """Return by row the words that spoke for the predicted tag, by the tagger of its fold."""
    found = {}
    for fold, tagger in enumerate(evaluation.taggers):
        own = rows[evaluation.fold[rows] == fold]
        if len(own):
            tags = evaluation.predicted[own], evaluation.true[own]
            words = deciding_words(tagger, articles.iloc[own], *tags)
            found |= dict(zip(own.tolist(), words, strict=True))
    return found
