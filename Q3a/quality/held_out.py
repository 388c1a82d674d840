"""What a tagger says of new articles whose tags are known."""

from collections.abc import Iterable
from types import ModuleType

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from quality import multi_label, report
from quality.mistakes import misleading_words
from quality.multi_label import MultiLabelRun, scored_sets
from quality.runs import Run
from tagger.evaluation import Evaluation
from tagger.judgements import judge
from tagger.multi_label import decisions_of


def scored(tagger, batches: Iterable[pd.DataFrame], seed: int) -> Run | MultiLabelRun | None:
    """Return the figures of the prepared articles that have a tag; None without such articles.

    A tag that the tagger has not learnt is never right. Nor is what it says of an article without
    words, which gets no tag.
    """
    articles = pd.concat([with_tags(batch) for batch in batches], ignore_index=True)
    if decisions_of(tagger):
        return scored_sets(tagger, articles)
    if articles.empty:
        return None
    probabilities = judge(tagger, articles).probabilities
    confidence = probabilities.max(axis=1)
    predicted = np.where(confidence > 0, tagger.classes_[probabilities.argmax(axis=1)], "")
    one_fold = np.zeros(len(articles), dtype=int)
    true = articles["tag"].to_numpy()
    evaluation = Evaluation(true, predicted.astype(object), confidence, one_fold, [tagger])
    explained = isinstance(tagger, Pipeline)  # and not one of hashed words
    misled_by = misleading_words(articles, evaluation) if explained else {}
    return Run(tagger, articles["id"], evaluation, seed, misled_by=misled_by)


def report_of(run: Run | MultiLabelRun) -> ModuleType:
    """Return the module whose as_text, as_record and tag_rows report the run."""
    return multi_label if isinstance(run, MultiLabelRun) else report


def with_tags(articles: pd.DataFrame) -> pd.DataFrame:
    """Return the articles that have a tag."""
    return articles[articles["tag"] != ""] if "tag" in articles else articles[:0]
