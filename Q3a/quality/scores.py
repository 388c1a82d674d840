"""Figures of merit of an evaluation: accuracy, macro F1 with its interval, figures per tag."""

import numpy as np
import pandas as pd
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
