"""A decision for each tag by itself: an article may have one tag, several or none.

The threshold of a tag is that of the best F1 on articles that the model did not see.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve
from sklearn.model_selection import cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline

from articles.parallel import in_threads, outlasting_losses
from tagger.families import CHARACTERS, WORDS, pipeline
from tagger.features import Columns, weights
from tagger.nb_logistic import NBLogisticRegression
from tagger.tag_sets import membership, splits_of_sets
from tagger.terms import Counted

KINDS = (*WORDS, *CHARACTERS)  # of the terms that the model reads
SUREST = 1e-9  # a probability is at least so far from 0 and from 1


class TagDecisions(ClassifierMixin, BaseEstimator):
    """Models that tell each tag's articles from all others, with a threshold for each tag.

    model: from counts of terms to probabilities of shape (articles, tags). separator: of the tags
    in a field. Fitted: `classes_`, the tags, and of one number per tag `thresholds_`, and `slopes_`
    and `offsets_` of the sigmoid that makes confidences of the model's log odds (Platt 1999).
    """

    def __init__(self, model: Pipeline | None = None, separator: str = "|"):
        self.model = model
        self.separator = separator

    def fit(self, X, Y: np.ndarray, tags: np.ndarray, cv: list[tuple]) -> "TagDecisions":
        """Learn from counts X and Y, of shape (articles, tags), 1 for the tags of an article.

        cv: (train, test) row numbers, for the articles by which sigmoids and thresholds are set.
        """
        self.classes_ = np.asarray(tags, dtype=object)
        with warnings.catch_warnings(action="ignore"):  # a fold may lack a rare tag
            seen = cross_val_predict(self.model, X, Y, cv=cv, method="predict_proba")
            self.model_ = clone(self.model).fit(X, Y)
        odds = log_odds(seen)
        sigmoids = [sigmoid(odds[:, tag], Y[:, tag]) for tag in range(Y.shape[1])]
        self.slopes_, self.offsets_ = np.array(sigmoids).T
        confidence = expit(odds * self.slopes_ + self.offsets_)
        self.thresholds_ = np.array(
            [best_threshold(Y[:, tag], confidence[:, tag]) for tag in range(Y.shape[1])]
        )
        return self

    def predict_proba(self, X) -> np.ndarray:
        """Return the confidence in each tag, of shape (articles, tags); rows have no fixed sum."""
        return expit(log_odds(self.model_.predict_proba(X)) * self.slopes_ + self.offsets_)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of the odds, finite where a probability is 0 or 1."""
    return logit(np.clip(probabilities, SUREST, 1 - SUREST))


def sigmoid(odds: np.ndarray, has_tag: np.ndarray) -> tuple[float, float]:
    """Return slope and offset that make a confidence of log odds; the slope is never negative."""
    if has_tag.min() == has_tag.max():
        return 1.0, 0.0
    fitted = LogisticRegression().fit(odds[:, None], has_tag)
    return max(float(fitted.coef_[0, 0]), 0.0), float(fitted.intercept_[0])


def best_threshold(has_tag: np.ndarray, confidence: np.ndarray) -> float:
    """Return the threshold of the best F1, halfway to the next lower confidence.

    Without any article that has the tag it is 1.
    """
    if not has_tag.any():
        return 1.0
    precision, recall, thresholds = precision_recall_curve(has_tag, confidence)
    both = np.maximum(precision + recall, SUREST)[:-1]
    best = int(np.argmax(2 * precision[:-1] * recall[:-1] / both))
    return float(thresholds[max(best - 1, 0) : best + 1].mean())


def decisions_of(tagger) -> TagDecisions | None:
    """Return the model of a multi-label tagger, None of any other tagger."""
    model = tagger["model"] if isinstance(tagger, Pipeline) else None
    return model if isinstance(model, TagDecisions) else None


def one_against_rest(columns: Columns) -> Pipeline:
    """Return regressions on words and characters, one for each tag."""
    return pipeline(
        weights(columns, WORDS, CHARACTERS), OneVsRestClassifier(NBLogisticRegression())
    )


def trained_on_sets(articles: Counted, tags: np.ndarray, separator: str, seed: int) -> Pipeline:
    """Return a tagger of prepared articles: their terms, and a decision for each of `tags`."""
    model = TagDecisions(one_against_rest(articles.terms.columns()), separator)
    has_tag = membership(articles.tags, separator, tags)
    cv = splits_of_sets(articles.articles, separator, seed)
    model.fit(articles.counts, has_tag, tags, cv)
    return Pipeline([("terms", articles.terms), ("model", model)])


@dataclass(frozen=True)
class SetEvaluation:
    """What models say of articles that they did not see; arrays of shape (articles, tags)."""

    tags: np.ndarray
    true: np.ndarray  # bool
    confidence: np.ndarray
    thresholds: np.ndarray

    def predicted(self, min_confidence: float = 0.0) -> np.ndarray:
        """Return which tags the articles get."""
        return given(self.confidence, np.maximum(self.thresholds, min_confidence))


def given(confidence: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return which tags are given; where the confidence is 0, for want of words, none is."""
    return (confidence >= least) & (confidence > 0)


def evaluate_sets(articles: Counted, tags: np.ndarray, separator: str, seed: int) -> SetEvaluation:
    """Return the sets that cross-validation gives to every article.

    The thresholds for a fold are set by folds of the other articles.
    """
    outer = splits_of_sets(articles.articles, separator, seed)
    seen = [articles.take(train) for train, _ in outer]

    def train() -> list[Pipeline]:
        with in_threads(*seen):
            return Parallel(n_jobs=-1)(
                delayed(trained_on_sets)(part, tags, separator, seed) for part in seen
            )

    confidence = np.zeros((len(articles), len(tags)))
    thresholds = np.zeros_like(confidence)
    for tagger, (_, test) in zip(outlasting_losses(train), outer, strict=True):
        confidence[test] = tagger["model"].predict_proba(articles.counts[test])
        thresholds[test] = tagger["model"].thresholds_
    true = membership(articles.tags, separator, tags).astype(bool)
    return SetEvaluation(tags, true, confidence, thresholds)
