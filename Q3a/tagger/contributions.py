"""What each term of an article added to the odds of one tag against another, for linear models.

For a linear model that is weight times feature, and the difference of two tags. The probabilities
of a vote are not linear: its terms share the logarithm of the odds by integrated gradients
(Sundararajan and others 2017, arxiv.org/abs/1703.01365), the slopes of the voters' scores being
averaged on the way from an article without terms to the article. Either way the contributions of
an article sum to what its terms changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from tagger.calibration import TemperatureScaled
from tagger.families import tag_coefficients
from tagger.nb_logistic import NBLogisticRegression

# Points on the way from no terms to all, and the share of the way that each stands for.
POINTS, SHARES = np.polynomial.legendre.leggauss(32)
LINEAR = (LinearSVC, LogisticRegression, NBLogisticRegression, ComplementNB)


@dataclass(frozen=True)
class Voter:
    """A linear model of some features: its scores are `weights` times features, plus `offsets`."""

    share: float  # of the vote
    features: TransformerMixin
    weights: np.ndarray  # of shape (tags, features)
    offsets: np.ndarray
    sharpness: float | None  # of the softmax of the scores; None: each tag's sigmoid, made to sum 1

    def slopes(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return probabilities p of shape (articles, tags), and g: dp_t/ds_u = g_u (t=u) - g_u p_t.

        scores: of the same shape.
        """
        if self.sharpness is not None:
            found = softmax(self.sharpness * scores, axis=1)
            return found, self.sharpness * found
        own = expit(scores)
        found = own / own.sum(axis=1, keepdims=True)
        return found, found * (1 - own)


def voters(
    model: ClassifierMixin | Pipeline,
    share: float = 1.0,
    features: TransformerMixin | str = "passthrough",
) -> Iterator[Voter]:
    """Yield the linear models of a fitted one, itself if it is linear; none of a forest."""
    if isinstance(model, Pipeline):
        own = model["features"]
        yield from voters(model["model"], share, features if own == "passthrough" else own)
    elif isinstance(model, VotingClassifier):
        weights = np.array(model.weights) / np.sum(model.weights)
        for weight, member in zip(weights, model.estimators_, strict=True):
            yield from voters(member, share * weight, features)
    elif isinstance(model, LINEAR):
        yield Voter(share, features, *scoring(model))


def scoring(model: ClassifierMixin) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Return weights of shape (tags, features), offsets and sharpness of a linear model."""
    if isinstance(model, ComplementNB):
        return model.feature_log_prob_, np.zeros(len(model.classes_)), 1.0
    two = len(model.classes_) == 2  # of which the model has one score
    offsets = np.concatenate([-model.intercept_, model.intercept_]) if two else model.intercept_
    sharpness = getattr(model, "sharpness", 1.0)
    if two and isinstance(model, LogisticRegression | NBLogisticRegression):
        sharpness = 0.5  # the sigmoid of a score is the softmax of its halves
    elif isinstance(model, NBLogisticRegression):
        sharpness = None
    return tag_coefficients(model), offsets, sharpness


def is_linear(model: TemperatureScaled) -> bool:
    """Whether `contributions` can explain the model."""
    return next(voters(model.model_), None) is not None


def contributions(
    model: TemperatureScaled, counts: sparse.csr_matrix, first: np.ndarray, second: np.ndarray
) -> sparse.csr_matrix:
    """Return what each term adds to log(P(first) / P(second)), of the shape of the counts.

    first, second: places of two tags among the model's, for each article.
    """
    parts = list(voters(model.model_))
    features = {id(part.features): part.features.transform(counts) for part in parts}
    scores = [features[id(part.features)] @ part.weights.T for part in parts]
    slopes = mean_slopes(model.model_["model"], parts, scores, first, second)
    total = sparse.csr_matrix(counts.shape)
    for part, slope in zip(parts, slopes, strict=True):
        found = sparse.csr_matrix(features[id(part.features)], copy=True)
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(found.indptr))
        weights = np.zeros(found.nnz)
        for tag in range(slope.shape[1]):
            weights += slope[rows, tag] * part.weights[tag, found.indices]
        values = model.inverse_temperature_ * weights * found.data
        terms = np.concatenate(part.features.columns_)[found.indices]
        total += sparse.csr_matrix((values, terms, found.indptr), counts.shape)
    return total


def mean_slopes(
    model: ClassifierMixin,
    parts: list[Voter],
    scores: list[np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
) -> list[np.ndarray]:
    """Return, for each voter, by how much each of its scores moves the difference of two tags.

    scores: of each voter, without offsets, of shape (articles, tags). The difference is that of the
    distances of a support vector machine, or of the logarithms of a vote's probabilities.
    """
    rows = np.arange(len(first))
    if not isinstance(model, VotingClassifier):
        slope = np.zeros_like(scores[0])
        slope[rows, first] += 1
        slope[rows, second] -= 1
        return [slope]
    total = [np.zeros_like(of_voter) for of_voter in scores]
    for point, length in zip((POINTS + 1) / 2, SHARES / 2, strict=True):
        found = [
            part.slopes(point * of_voter + part.offsets)
            for part, of_voter in zip(parts, scores, strict=True)
        ]
        vote = sum(part.share * own for part, (own, _) in zip(parts, found, strict=True))
        for part, (own, steepness), slope in zip(parts, found, total, strict=True):
            for places, sign in ((first, 1.0), (second, -1.0)):
                factor = (sign * length * part.share / vote[rows, places])[:, None] * steepness
                slope -= factor * own[rows, places][:, None]
                slope[rows, places] += factor[rows, places]
    return total
