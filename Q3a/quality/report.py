"""The result of a run, as text for people, as CSV or JSON for programs."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from quality.review import worth_a_look
from quality.runs import Run
from quality.scores import (
    abstention,
    confusion,
    fold_accuracies,
    macro_f1_interval,
    per_tag,
)
from tagger.objective import OBJECTIVES, macro_f1

WORDS_IN_LINE = 10
MOST_LINES = 50  # of misclassified articles


def as_record(run: Run) -> dict:
    """Return, for JSON, the figures of the outer folds, what was chosen and what went wrong.

    JSON has no NaN: the accuracy of no articles is null.
    """
    counts = confusion(run.evaluation)
    folds = fold_accuracies(run.evaluation)
    return {
        "articles": len(run.ids),
        "accuracy_mean": float(np.mean(folds)),
        "accuracy_folds": folds,
        "macro_f1": macro_f1(counts.to_numpy()),
        "macro_f1_interval": macro_f1_interval(counts.to_numpy(), run.seed),
        "tags": per_tag(run.evaluation).reset_index(names="tag").to_dict("records"),
        "confusion": counts.to_numpy().tolist(),
        "confidence": abstention(run.evaluation).replace({np.nan: None}).to_dict("records"),
        "best_family": run.choice.family if run.choice else None,
        "best_parameters": run.choice.parameters if run.choice else {},
        "misclassified": misclassified(run).to_dict("records"),
        "top_words": run.words.to_dict("records"),
        **({"corrections": run.change.record()} if run.change else {}),
        **({"review": run.review.to_dict("records")} if run.review is not None else {}),
    }


def tag_rows(run: Run) -> tuple[list[str], list[tuple]]:
    """Return the header and the rows of a table with the figures of each tag."""
    table = per_tag(run.evaluation)
    return ["tag", *table], list(table.itertuples(name=None))


def misclassified(run: Run) -> pd.DataFrame:
    """The articles that an outer fold tagged wrongly, the surest mistakes first."""
    evaluation = run.evaluation
    table = pd.DataFrame(
        {
            "id": run.ids.to_numpy(),
            "tag": evaluation.true,
            "predicted_tag": evaluation.predicted,
            "confidence": evaluation.confidence.round(4),
            "misled_by": [run.misled_by.get(row, []) for row in range(len(run.ids))],
        }
    )
    wrong = table[~evaluation.correct]
    return wrong.sort_values("confidence", ascending=False, kind="stable")


def candidate_rows(run: Run) -> tuple[list[str], list[tuple]]:
    """Return the header and the rows of all candidates of the search, best first.

    There is a column per parameter, empty where a family has no such parameter or its value is
    None.
    """
    table = run.choice.candidates
    parameters = pd.DataFrame(table["parameters"].tolist())
    table = table.drop(columns="parameters").join(parameters)
    table = table.astype(object).where(table.notna(), None)
    return list(table), list(table.itertuples(index=False, name=None))


def as_text(run: Run, scored: Run | None = None, parts: Sequence[Callable] | None = None) -> str:
    """The report as paragraphs under headings, with that of a scored --test at its end."""
    parts = parts or PARTS
    paragraphs = ["\n".join(part(run)) for part in parts]
    if scored:
        paragraphs += [f"--test, {len(scored.ids)} articles with a tag:"]
        paragraphs += ["\n".join(part(scored)) for part in parts]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def performance(run: Run) -> Iterator[str]:
    """Yield lines on how right the models of the outer folds are; so do the parts below."""
    folds = fold_accuracies(run.evaluation)
    counts = confusion(run.evaluation).to_numpy()
    low, high = macro_f1_interval(counts, run.seed)
    yield "Accuracy of each fold: " + " ".join(f"{accuracy:.4f}" for accuracy in folds)
    yield f"Mean accuracy: {np.mean(folds):.4f}"
    yield f"Macro F1: {macro_f1(counts):.4f} (95 % interval {low:.4f} to {high:.4f})"


def tags(run: Run) -> Iterator[str]:
    """The figures of each tag."""
    yield from lines_of_tags(per_tag(run.evaluation))


def certainty(run: Run) -> Iterator[str]:
    """Yield coverage and selective accuracy for several thresholds of --min-confidence."""
    yield "With --min-confidence P, of these articles:"
    yield from lines_of_confidence(abstention(run.evaluation), "of which right")


def lines_of_tags(table: pd.DataFrame) -> Iterator[str]:
    """Yield the table's columns, first that of `articles`, and its index; "-" is not a number."""
    names = ["F1" if name == "f1" else name for name in table]
    widths = [max(len(name), 6) for name in names]
    yield "  ".join([*map(str.rjust, names, widths), "tag"])
    for tag, articles, *figures in table.itertuples():
        shown = ["-" if np.isnan(figure) else f"{figure:.4f}" for figure in figures]
        yield "  ".join([*map(str.rjust, [f"{articles:.0f}", *shown], widths), tag])


def lines_of_confidence(table: pd.DataFrame, right: str) -> Iterator[str]:
    """Yield least confidences, coverage and a share that is headed `right`."""
    yield f"   P  get a tag  {right}"
    for _, least, coverage, share in table.itertuples():
        shown = f"{share:.4f}" if coverage else "-"
        yield f"{least:4.2f}  {coverage:9.4f}  {shown:>{len(right)}}"


def mistakes(run: Run) -> Iterator[str]:
    """The articles that were tagged wrongly, the surest first, and why."""
    wrong = misclassified(run)
    yield f"Misclassified articles: {len(wrong)} of {len(run.ids)}"
    for row in wrong.head(MOST_LINES).itertuples():
        why = f"; misled by {' '.join(row.misled_by)}" if row.misled_by else ""
        yield f"  {row.id}: {row.predicted_tag} ({row.confidence:.2f}), in truth {row.tag}{why}"
    yield from others(wrong)


def others(wrong: pd.DataFrame) -> Iterator[str]:
    """Yield a line on the articles for which a text has no line, if there are any."""
    if len(wrong) > MOST_LINES:
        yield f"  and {len(wrong) - MOST_LINES} more: --format json has all"


def search(run: Run) -> Iterator[str]:
    """The best candidate of each family, and the one that was chosen."""
    if not run.choice:
        return
    table = run.choice.candidates
    measure = OBJECTIVES[run.choice.objective]
    name = measure.replace("_f1", " F1")
    found = f"{name} in {run.choice.folds} folds of the best of each family"
    yield f"Grid search, candidates: {len(table)}; {found}:"
    for row in table.drop_duplicates("family").itertuples():
        name = row.family + settings(row.parameters)
        spread = f"± {row.spread:.4f}" if row.folds > 1 else "in 1 of them"
        yield f"  {getattr(row, measure):.4f} {spread:12}  {name}"
    yield f"Chosen: {run.choice.family}{settings(run.choice.parameters)}"


def settings(parameters: dict) -> str:
    """A candidate's settings as they follow its name."""
    return "".join(f", {name} {value}" for name, value in parameters.items())


def learnt(run: Run) -> Iterator[str]:
    """The weightiest words, by tag where they speak for one."""
    if run.words.empty:
        return
    yield f"Top {len(run.words)} words by importance:"
    for tag, of_tag in run.words.groupby("tag", sort=False):
        words = of_tag["word"].tolist()
        if tag:
            yield f"  for {tag}:"
        for start in range(0, len(words), WORDS_IN_LINE):
            yield "  " + " ".join(words[start : start + WORDS_IN_LINE])


def changed(run: Run) -> Iterator[str]:
    """Yield what corrections changed, if there were any."""
    if run.change:
        yield from run.change.lines()


PARTS = (changed, performance, tags, certainty, mistakes, worth_a_look, search, learnt)
