"""The words that misled a model: those without which it would be less sure of the wrong tag.

Each word of an article is taken out in turn (occlusion, after Zeiler and Fergus 2014,
arxiv.org/abs/1311.2901), so that forests and linear models are asked in the same way.
"""

import numpy as np
import pandas as pd

from tagger.predictions import FEATURES
from tagger.search import Evaluation

MOST_WORDS = 5  # named per article
MOST_ARTICLES = 100  # explained, the surest mistakes first
MOST_TRIED = 500  # words of an article, each of which costs a prediction
LEAST_DROP = 0.001  # of probability


def misleading_words(articles: pd.DataFrame, evaluation: Evaluation) -> dict[int, list[str]]:
    """The misleading words of misclassified articles, by row number, the worst first."""
    wrong = np.flatnonzero(~evaluation.correct)
    surest = wrong[np.argsort(-evaluation.confidence[wrong], kind="stable")][:MOST_ARTICLES]
    return {
        row: words_behind(
            evaluation.taggers[evaluation.fold[row]], articles.iloc[row], evaluation.predicted[row]
        )
        for row in surest.tolist()
    }


def words_behind(tagger, article: pd.Series, tag: str) -> list[str]:
    """The words whose absence lowers the probability of the tag most."""
    words = list(dict.fromkeys(article["words"].split()))[:MOST_TRIED]
    variants = pd.DataFrame(
        [article[FEATURES].to_dict(), *(without(article, word) for word in words)]
    )
    place = tagger.classes_.tolist().index(tag)
    probability = tagger.predict_proba(variants)[:, place]
    drops = probability[0] - probability[1:]
    order = np.argsort(-drops, kind="stable")[:MOST_WORDS]
    return [words[number] for number in order if drops[number] >= LEAST_DROP]


def without(article: pd.Series, word: str) -> dict[str, str]:
    """The article's features as if the word had not been written."""
    kept = " ".join(other for other in article["words"].split() if other != word)
    return {"plain": article["plain"].replace(word, " "), "words": kept}
