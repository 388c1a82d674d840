"""Confidence from a model's scores: one temperature for all tags, never surer than the articles.

One temperature never changes the model's tag (Guo and others 2017, arxiv.org/abs/1706.04599). It
is found from held-out errors, and where there are none it would make every confidence 1.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone

INVERSES = np.geomspace(0.05, 500, 30)  # of temperatures: the loss is known at these
LEAST = 1e-12  # probability
FLATTEST = 1e-9  # inverse temperature at which all tags are as likely


class TemperatureScaled(ClassifierMixin, BaseEstimator):
    """A model, and as its probabilities a softmax of its scores.

    inverse_temperature: factor of the scores that gives held-out articles the least log loss.
    novelty, drift: what knows how unlike the training articles an article, or a batch, is, as
    `tagger.novelty` and `tagger.drift` have it.
    Fitted: `model_`, and `inverse_temperature_`, which is lower where it would make the articles
    surer than they can show. Had all n of them been tagged rightly without having been seen, the
    next would be with probability (n + 1) / (n + 2): Laplace's rule of succession.
    """

    def __init__(self, model=None, inverse_temperature: float = 1.0, novelty=None, drift=None):
        self.model = model
        self.novelty = novelty
        self.drift = drift
        self.inverse_temperature = inverse_temperature

    def fit(self, X, y) -> "TemperatureScaled":
        self.model_ = clone(self.model).fit(X, y)
        self.classes_ = self.model_.classes_
        self.inverse_temperature_ = bounded(self.inverse_temperature, scores(self.model_, X))
        return self

    def predict_proba(self, X) -> np.ndarray:
        """Return probabilities of shape (articles, tags)."""
        return softmax(self.inverse_temperature_ * scores(self.model_, X), axis=1)

    def predict(self, X) -> np.ndarray:
        return self.classes_[scores(self.model_, X).argmax(axis=1)]


def bounded(inverse: float, scores: np.ndarray) -> float:
    """Return an inverse temperature at which n articles are (n + 1) / (n + 2) sure at most."""
    most = (len(scores) + 1) / (len(scores) + 2)

    def excess(log_inverse: float) -> float:
        return softmax(np.exp(log_inverse) * scores, axis=1).max(axis=1).mean() - most

    log_inverse = np.log(inverse)
    if excess(log_inverse) > 0:
        log_inverse = brentq(excess, np.log(FLATTEST), log_inverse)
    return float(np.exp(log_inverse))


def scores(model, X) -> np.ndarray:
    """Return a model's scores of shape (articles, tags): distances, or logarithms of probabilities.

    The highest is that of the tag that the model predicts.
    """
    if not hasattr(model, "decision_function"):
        return np.log(model.predict_proba(X) + LEAST)
    found = model.decision_function(X)
    return np.column_stack([-found, found]) if found.ndim == 1 else found


def losses(scores: np.ndarray, classes: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Return the mean log loss of held-out articles at each of INVERSES.

    scores: of shape (articles, classes), the classes sorted. Articles of other tags do not count.
    """
    known = np.isin(tags, classes)
    found, own = scores[known], np.searchsorted(classes, tags[known])
    behind = found - found[np.arange(len(own)), own][:, None]
    sums = [logsumexp(inverse * behind, axis=1).sum() for inverse in INVERSES]
    return np.array(sums) / max(len(own), 1)


def best_inverse(losses: Sequence[float]) -> float:
    """Return the inverse temperature of the least log loss.

    It is that of the parabola through the least of the losses and the two next to it.
    """
    least = int(np.argmin(losses))
    if least in (0, len(INVERSES) - 1):
        return float(INVERSES[least])
    before, lowest, after = losses[least - 1 : least + 2]
    step = (before - after) / (before - 2 * lowest + after) / 2
    return float(INVERSES[least] * (INVERSES[1] / INVERSES[0]) ** step)
