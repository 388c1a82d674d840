"""How unlike the training articles an article is: it may be of a topic that has no tag.

A classifier knows only what tells its tags apart, and can be sure of the tag of an article that is
of none of them. Two other figures are low there: the highest score of any tag against all others,
and the share of the article's characters, and pairs of them, that training articles have.
"""

import re

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator

from tagger.calibration import TemperatureScaled, scores
from tagger.families import telling_part
from tagger.terms import TermCounts

LEAST = 1e-9  # deviation
WHITE_SPACE = re.compile(r"\s\s+")  # one character of a pair, as CountVectorizer counts them


class Novelty(BaseEstimator):
    """Novelty from 0 to 1: the share of held-out training articles that are more familiar.

    Familiarity is the sum of both figures, each divided by its standard deviation among articles
    that were held out. Fitted: these `deviations_`, and the `familiarity_` of the held-out articles
    from least to most.
    """

    def fit(self, figures: np.ndarray, y=None) -> "Novelty":
        """Learn from the figures of held-out articles, of shape (articles, 2)."""
        self.deviations_ = np.maximum(figures.std(axis=0), LEAST)
        self.familiarity_ = np.sort((figures / self.deviations_).sum(axis=1))
        return self

    def of(self, figures: np.ndarray) -> np.ndarray:
        """Return the novelty of articles."""
        familiarity = (figures / self.deviations_).sum(axis=1)
        less_familiar = np.searchsorted(self.familiarity_, familiarity)
        return 1 - less_familiar / len(self.familiarity_)


def familiarity_figures(
    model: TemperatureScaled,
    terms: TermCounts,
    articles: pd.DataFrame,
    counts: sparse.csr_matrix,
    learnt: np.ndarray | None = None,
) -> np.ndarray:
    """Return both figures of articles, of shape (articles, 2).

    counts: of the articles, as the model reads them. learnt: whether the model has learnt from an
    article with the term, for each of the terms; by default it has for all of them.
    """
    features, telling = telling_part(model.model_)
    highest = scores(telling, features.transform(counts)).max(axis=1)
    return np.column_stack([highest, known_share(terms, articles, counts, learnt)])


def known_share(
    terms: TermCounts,
    articles: pd.DataFrame,
    counts: sparse.csr_matrix,
    learnt: np.ndarray | None = None,
) -> np.ndarray:
    """Return the share of known terms among those of each article: 0 for an empty one.

    The terms are characters and pairs of them, or words if the model reads nothing else.
    """
    columns = terms.columns()
    kind = "characters" if "characters" in columns else "words"
    known = np.ones(counts.shape[1]) if learnt is None else learnt.astype(float)
    known = counts[:, columns[kind]] @ known[columns[kind]]
    if kind == "words":
        written = [len(words.split()) for words in articles["words"]]
    else:
        written = [2 * len(WHITE_SPACE.sub(" ", text.lower())) - 1 for text in articles["plain"]]
    return known / np.maximum(written, 1)
