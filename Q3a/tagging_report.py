"""The result of a run, as text for people and as JSON for programs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from nested_evaluation import Choice, Evaluation
from scores import confusion, fold_accuracies, macro_f1, macro_f1_interval, per_tag

WORDS_IN_LINE = 10


@dataclass(frozen=True)
class Run:
    """All that a training run found."""

    articles: pd.DataFrame
    choice: Choice
    evaluation: Evaluation
    words: pd.DataFrame
    seed: int


def as_json(run: Run) -> str:
    """Return the figures of the outer folds, what was chosen and what went wrong."""
    counts = confusion(run.evaluation).to_numpy()
    folds = fold_accuracies(run.evaluation)
    figures = {
        "articles": len(run.articles),
        "accuracy_mean": float(np.mean(folds)),
        "accuracy_folds": folds,
        "macro_f1": macro_f1(counts),
        "macro_f1_interval": macro_f1_interval(counts, run.seed),
        "tags": per_tag(run.evaluation).reset_index(names="tag").to_dict("records"),
        "confusion": counts.tolist(),
        "best_family": run.choice.family,
        "best_parameters": run.choice.parameters,
        "misclassified": misclassified(run).to_dict("records"),
        "top_words": run.words.to_dict("records"),
    }
    return json.dumps(figures, ensure_ascii=False, indent=2)


def misclassified(run: Run) -> pd.DataFrame:
    """Return the articles that an outer fold tagged wrongly, the surest mistakes first."""
    evaluation = run.evaluation
    table = pd.DataFrame(
        {
            "id": run.articles["id"].to_numpy(),
            "tag": evaluation.true,
            "predicted_tag": evaluation.predicted,
            "confidence": evaluation.confidence.round(4),
        }
    )
    wrong = table[~evaluation.correct]
    return wrong.sort_values("confidence", ascending=False, kind="stable")


def as_text(run: Run) -> str:
    """Return the report as paragraphs under headings."""
    return "\n".join(line for part in PARTS for line in [*part(run), ""]).rstrip()


def performance(run: Run) -> Iterator[str]:
    folds = fold_accuracies(run.evaluation)
    counts = confusion(run.evaluation).to_numpy()
    low, high = macro_f1_interval(counts, run.seed)
    yield "Accuracy of each fold: " + " ".join(f"{accuracy:.4f}" for accuracy in folds)
    yield f"Mean accuracy: {np.mean(folds):.4f}"
    yield f"Macro F1: {macro_f1(counts):.4f} (95 % interval {low:.4f} to {high:.4f})"


def tags(run: Run) -> Iterator[str]:
    yield "Each tag:"
    yield "  articles  precision  recall      F1  tag"
    for tag, row in per_tag(run.evaluation).iterrows():
        yield (
            f"  {row['articles']:8.0f}  {row['precision']:9.4f}  {row['recall']:6.4f}"
            f"  {row['f1']:6.4f}  {tag}"
        )


def mistakes(run: Run) -> Iterator[str]:
    wrong = misclassified(run)
    yield f"Misclassified articles: {len(wrong)} of {len(run.articles)}"
    for row in wrong.itertuples():
        yield f"  {row.id}: {row.predicted_tag} ({row.confidence:.2f}), in truth {row.tag}"


def candidates(run: Run) -> Iterator[str]:
    best = run.choice.candidates.groupby("family", sort=False).first()
    yield f"Grid search over {len(run.choice.candidates)} candidates, the best of each family:"
    for family, row in best.iterrows():
        name = family + settings(row["parameters"])
        yield f"  {row['accuracy']:.4f} ± {row['spread']:.4f}  {name}"
    yield f"Chosen: {run.choice.family}{settings(run.choice.parameters)}"


def settings(parameters: dict) -> str:
    return "".join(f", {name} {value}" for name, value in parameters.items())


def learnt(run: Run) -> Iterator[str]:
    yield f"Top {len(run.words)} words by importance:"
    words = run.words["word"].tolist()
    for start in range(0, len(words), WORDS_IN_LINE):
        yield "  " + " ".join(words[start : start + WORDS_IN_LINE])


PARTS = (performance, tags, mistakes, candidates, learnt)
