"""Figures of merit of an evaluation: accuracy, macro F1 with its interval, figures per tag."""

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from tagger.evaluation import Evaluation
from tagger.objective import macro_f1

RESAMPLES = 1_000
MIN_CONFIDENCES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
INTERVAL = (2.5, 97.5)  # percent


def fold_accuracies(evaluation: Evaluation) -> list[float]:
    """The accuracy of each outer fold."""
    return pd.Series(evaluation.correct).groupby(evaluation.fold).mean().tolist()


def all_tags(evaluation: Evaluation) -> np.ndarray:
    """Return the tags of the articles and those that they got, sorted."""
    return np.unique(np.concatenate([evaluation.true, evaluation.predicted]))


def per_tag(evaluation: Evaluation) -> pd.DataFrame:
    """One row per tag with columns articles, precision, recall, f1."""
    tags = all_tags(evaluation)
    precision, recall, f1, articles = precision_recall_fscore_support(
        evaluation.true, evaluation.predicted, labels=tags, zero_division=0
    )
    return pd.DataFrame(
        {"articles": articles, "precision": precision, "recall": recall, "f1": f1}, index=tags
    )


def confusion(evaluation: Evaluation) -> pd.DataFrame:
    """Counts of articles: a row per true tag, a column per predicted one."""
    tags = all_tags(evaluation)
    counts = confusion_matrix(evaluation.true, evaluation.predicted, labels=tags)
    return pd.DataFrame(counts, index=tags, columns=tags)


def abstention(evaluation: Evaluation) -> pd.DataFrame:
    """Return, for some least confidences, the share of articles that get a tag and are right.

    accuracy: of those that get one; NaN where none does
    """
    rows = []
    for least in MIN_CONFIDENCES:
        sure = evaluation.confidence >= least
        right = float(evaluation.correct[sure].mean()) if sure.any() else np.nan
        rows.append((least, float(sure.mean()), right))
    return pd.DataFrame(rows, columns=["min_confidence", "coverage", "accuracy"])


def macro_f1_interval(confusion: np.ndarray, seed: int) -> tuple[float, float]:
    """The 95 % interval of macro F1 over bootstrap samples of the articles (percentile)."""
    total = confusion.sum()
    samples = np.random.default_rng(seed).multinomial(total, confusion.ravel() / total, RESAMPLES)
    values = [macro_f1(sample.reshape(confusion.shape)) for sample in samples]
    low, high = np.percentile(values, INTERVAL)
    return float(low), float(high)


def most_confused(counts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return counts of at most so many tags: those with most mistakes, and one for all others."""
    if len(counts) <= most:
        return counts
    wrong = counts.to_numpy() - np.diag(np.diag(counts))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    kept = counts.columns[np.sort(order[: most - 1])]
    rest = f"{len(counts) - len(kept):,} others"
    names = pd.Index([tag if tag in kept else rest for tag in counts.columns])
    summed = counts.groupby(names, sort=False).sum().T.groupby(names, sort=False).sum().T
    return summed.loc[[*kept, rest], [*kept, rest]]


def by_confusion(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the counts with tags that are taken for each other next to each other.

    The order is that of the leaves of a clustering by average linkage (Bar-Joseph and others 2001,
    doi.org/10.1093/bioinformatics/17.suppl_1.S22).
    """
    if len(counts) < 3:
        return counts
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    distances = 1 - np.clip((shares + shares.T) / 2, 0, 1)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    order = leaves_list(tree)
    return counts.iloc[order, order]


def reliability(evaluation: Evaluation) -> pd.DataFrame:
    """Return, for articles in tenths of the confidence, how sure and how right the models were.

    confidence: its mean; accuracy, low, high: with a 95 % interval (Wilson's)
    """
    tenth = np.minimum((evaluation.confidence * 10).astype(int), 9)
    rows = []
    for number in np.unique(tenth):
        correct = evaluation.correct[tenth == number]
        interval = binomtest(int(correct.sum()), len(correct)).proportion_ci(method="wilson")
        confidence = evaluation.confidence[tenth == number].mean()
        rows.append((confidence, correct.mean(), interval.low, interval.high, len(correct)))
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "low", "high", "articles"])


def selective_accuracy(evaluation: Evaluation) -> pd.DataFrame:
    """Return the accuracy of the surest articles for each share of all that can be chosen so.

    Articles of one confidence are chosen together.
    """
    order = np.argsort(-evaluation.confidence, kind="stable")
    confidence = evaluation.confidence[order]
    last = np.flatnonzero(np.diff(confidence, append=-1))  # of each confidence
    right = np.cumsum(evaluation.correct[order])[last]
    return pd.DataFrame({"coverage": (last + 1) / len(order), "accuracy": right / (last + 1)})
