"""What a search is for: the share of articles that are tagged rightly, or the mean F1 of the tags.

Each figure has its variance, so that a search knows which differences may be due to chance.
"""

import numpy as np
from sklearn.metrics import confusion_matrix

from tagger.calibration import INVERSES, losses, scores

OBJECTIVES = {"macro-f1": "macro_f1", "accuracy": "accuracy"}  # and the name in tables
VARIANCES = [f"{measure}_variance" for measure in OBJECTIVES.values()]
LOSSES = [f"loss_{number}" for number in range(len(INVERSES))]  # by temperature


def macro_f1(confusion: np.ndarray) -> float:
    """The mean over tags of F1 = 2 hits / (true + predicted), from a confusion matrix.

    A tag without any article, such as a rare one in a bootstrap sample, has no F1.
    """
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    there = both > 0
    return float(np.mean(2 * confusion.diagonal()[there] / both[there]))


def macro_f1_variance(confusion: np.ndarray) -> float:
    """The variance of macro F1 over samples of as many articles, by the delta method.

    It is the sum over articles of the squared influence of each. An article changes the F1 of its
    own tag and of the predicted one: with h hits, s = true + predicted and F = 2 h / s, it adds
    2 / s - F 2 / s to a tag that is both, and -F / s to one that is either.
    """
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    there = both > 0
    confusion, both = confusion[np.ix_(there, there)], both[there]
    f1 = 2 * confusion.diagonal() / both
    lost = f1 / both
    influence = -(lost[:, None] + lost) + np.diag(2 / both)
    return float((confusion * influence**2).sum() / len(both) ** 2)


def figures(model, X, tags: np.ndarray) -> dict[str, float]:
    """What GridSearchCV notes of a model that was fitted without these articles."""
    found = scores(model, X)
    counts = confusion_matrix(tags, model.classes_[found.argmax(axis=1)])
    share = counts.trace() / counts.sum()
    return {
        "accuracy": share,
        "macro_f1": macro_f1(counts),
        "accuracy_variance": share * (1 - share) / counts.sum(),
        "macro_f1_variance": macro_f1_variance(counts),
        **dict(zip(LOSSES, losses(found, model.classes_, tags), strict=True)),
    }


def standard_error(value: float, variance: float, folds: int, articles: int) -> float:
    """The standard error of the mean of a figure over folds, from the mean of their variances.

    Where all articles are tagged rightly the variance is 0 and the error is not: by Laplace's rule
    of succession it is at least that of a share of `articles`.
    """
    share = (value * articles + 1) / (articles + 2)
    return float(np.sqrt(max(variance / folds, share * (1 - share) / articles)))
