"""The result of a run with several tags per article, as text, CSV or JSON."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support
from sklearn.pipeline import Pipeline

from quality import report
from quality.runs import NO_WORDS
from quality.scores import MIN_CONFIDENCES
from tagger.judgements import judge
from tagger.multi_label import SetEvaluation, decisions_of
from tagger.tag_sets import membership, tag_set


@dataclass(frozen=True)
class MultiLabelRun:
    """All that a run with --multi-label found."""

    tagger: Pipeline
    ids: pd.Series  # of the evaluated articles
    evaluation: SetEvaluation
    words: pd.DataFrame

    @property
    def separator(self) -> str:
        return decisions_of(self.tagger).separator


def figures(evaluation: SetEvaluation) -> dict[str, float]:
    """Return micro and macro F1, subset accuracy and coverage.

    subset accuracy: share of articles that get exactly their tags; coverage: share that get a tag.
    Macro F1 is the mean over the tags that articles have or get.
    """
    true, predicted = evaluation.true, evaluation.predicted()
    there = (true | predicted).any(axis=0)
    return {
        "micro_f1": float(f1_score(true, predicted, average="micro", zero_division=0)),
        "macro_f1": float(np.mean(per_tag(evaluation)["f1"][there])),
        "subset_accuracy": float(accuracy_score(true, predicted)),
        "coverage": float(predicted.any(axis=1).mean()),
    }


def per_tag(evaluation: SetEvaluation) -> pd.DataFrame:
    """Return a row per tag with columns articles, precision, recall, f1."""
    precision, recall, f1, articles = precision_recall_fscore_support(
        evaluation.true, evaluation.predicted(), average=None, zero_division=0
    )
    columns = {"articles": articles, "precision": precision, "recall": recall, "f1": f1}
    return pd.DataFrame(columns, index=evaluation.tags)


def tag_table(run: MultiLabelRun) -> pd.DataFrame:
    """Return `per_tag` with the threshold of the tagger; it has none for a tag not learnt."""
    model = decisions_of(run.tagger)
    thresholds = dict(zip(model.classes_, model.thresholds_, strict=True))
    table = per_tag(run.evaluation)
    return table.assign(threshold=[thresholds.get(tag, np.nan) for tag in table.index])


def abstention(evaluation: SetEvaluation) -> pd.DataFrame:
    """Return, for some least confidences, coverage and the share of given tags that are right."""
    rows = []
    for least in MIN_CONFIDENCES:
        predicted = evaluation.predicted(least)
        right = evaluation.true[predicted].mean() if predicted.any() else np.nan
        rows.append((least, float(predicted.any(axis=1).mean()), float(right)))
    return pd.DataFrame(rows, columns=["min_confidence", "coverage", "precision"])


def wrong_sets(run: MultiLabelRun) -> pd.DataFrame:
    """Return the articles that do not get exactly their tags: id, tag, predicted_tag."""
    true, predicted = run.evaluation.true, run.evaluation.predicted()
    rows = [
        (id_, *(run.separator.join(run.evaluation.tags[of]) for of in (has, gets)))
        for id_, has, gets in zip(run.ids, true, predicted, strict=True)
        if (has != gets).any()
    ]
    return pd.DataFrame(rows, columns=["id", "tag", "predicted_tag"])


def as_record(run: MultiLabelRun) -> dict:
    """Return, for JSON, the figures of articles that the models did not see; NaN is null."""
    tables = {
        "tags": tag_table(run).reset_index(names="tag"),
        "confidence": abstention(run.evaluation),
    }
    none = {name: it.astype(object).where(it.notna(), None) for name, it in tables.items()}
    return {
        "articles": len(run.ids),
        **figures(run.evaluation),
        **{name: it.to_dict("records") for name, it in none.items()},
        "misclassified": wrong_sets(run).to_dict("records"),
        "top_words": run.words.to_dict("records"),
    }


def tag_rows(run: MultiLabelRun) -> tuple[list[str], list[tuple]]:
    """Return the header and the rows of a table with the figures of each tag."""
    table = tag_table(run)
    table = table.astype(object).where(table.notna(), None)
    return ["tag", *table], list(table.itertuples(name=None))


def as_text(run: MultiLabelRun, scored: MultiLabelRun | None = None) -> str:
    """Return the report as paragraphs, with that of a scored --test at its end."""
    return report.as_text(run, scored, PARTS)


def performance(run: MultiLabelRun) -> Iterator[str]:
    """Yield lines on the sets as wholes."""
    found = figures(run.evaluation)
    yield f"Micro F1: {found['micro_f1']:.4f}"
    yield f"Macro F1: {found['macro_f1']:.4f}"
    yield f"Subset accuracy: {found['subset_accuracy']:.4f} (articles with exactly their tags)"
    yield f"Coverage: {found['coverage']:.4f} (articles that get a tag)"


def tags(run: MultiLabelRun) -> Iterator[str]:
    """Yield the figures of each tag."""
    yield from report.lines_of_tags(tag_table(run))


def certainty(run: MultiLabelRun) -> Iterator[str]:
    """Yield what a least confidence would cost and bring."""
    yield "With --min-confidence P, of these articles and of the tags that they get:"
    yield from report.lines_of_confidence(abstention(run.evaluation), "tags right")


def mistakes(run: MultiLabelRun) -> Iterator[str]:
    """Yield the articles that do not get exactly their tags."""
    wrong = wrong_sets(run)
    yield f"Articles with other tags than theirs: {len(wrong)} of {len(run.ids)}"
    for row in wrong.head(report.MOST_LINES).itertuples():
        yield f"  {row.id}: {row.predicted_tag or 'no tag'}, in truth {row.tag}"
    yield from report.others(wrong)


PARTS = (performance, tags, certainty, mistakes, report.learnt)


def scored_sets(tagger: Pipeline, articles: pd.DataFrame) -> MultiLabelRun | None:
    """Return the figures of prepared articles whose tags are known; None without such articles.

    A tag that the tagger has not learnt is never given.
    """
    model = decisions_of(tagger)
    sets = [tag_set(field, model.separator) for field in articles["tag"]]
    articles = articles[[bool(tags) for tags in sets]].reset_index(drop=True)
    if articles.empty:
        return None
    learnt = list(model.classes_)
    all_tags = learnt + sorted(set().union(*sets) - set(learnt))
    confidence = np.zeros((len(articles), len(all_tags)))
    confidence[:, : len(learnt)] = judge(tagger, articles).probabilities
    thresholds = np.ones_like(confidence)
    thresholds[:, : len(learnt)] = model.thresholds_
    true = membership(articles["tag"], model.separator, all_tags).astype(bool)
    evaluation = SetEvaluation(np.array(all_tags, dtype=object), true, confidence, thresholds)
    return MultiLabelRun(tagger, articles["id"], evaluation, NO_WORDS)
