"""Learning in one of three ways: in memory, several tags per article, or in small steps."""

from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from articles.corrections import corrected, read_corrections
from articles.files import read_batches
from articles.preparation import fit_to_learn_from, prepared, report_all
from articles.rejections import Rejections
from quality.change import Change, flips, paired_macro_f1
from quality.importance import permuted_words, top_words
from quality.mistakes import misleading_words
from quality.multi_label import MultiLabelRun
from quality.runs import Run
from tagger.evaluation import evaluate, trained
from tagger.families import families
from tagger.folds import (
    FOLDS,
    INNER_FOLDS,
    check_tags,
    counts_of_tags,
    tags_of_several,
    without_rare_tags,
)
from tagger.multi_label import KINDS, evaluate_sets, trained_on_sets
from tagger.out_of_core import learn_out_of_core
from tagger.predictions import Wanted
from tagger.search import choose
from tagger.tag_sets import (
    check_tag_sets,
    one_row_per_tag,
    with_tag_sets,
    without_rare_members,
)
from tagger.terms import counted


def learn_in_memory(
    options: SimpleNamespace, new: list[pd.DataFrame], rejected: Rejections
) -> Run | MultiLabelRun:
    """Learn from the files of --train, all in memory."""
    columns = ["id", "tag", "text"]
    batches = read_batches(options.train, columns, options.sources["train"], rejected)
    return learn(pd.concat(batches, ignore_index=True), new, options, rejected)


def learn(
    training: pd.DataFrame,
    new: list[pd.DataFrame],
    options: SimpleNamespace,
    rejected: Rejections,
) -> Run | MultiLabelRun:
    """Return what was learnt from the articles of `training`; with corrections, from these too.

    new: prepared articles, which corrections can add.
    """
    changes = options.sources["train"].changes
    articles = prepared(training, options.convert, changes, options.vector_source)
    if options.multi_label:
        return learn_sets(articles, options, rejected)
    if not options.corrections:
        articles = fit_to_learn_from(articles, rejected)
        report_reading(options, "train", rejected)
        return learn_tags(frequent(articles, options), options)
    all_new = pd.concat(new) if new else articles[:0]
    corrections = read_corrections(options.corrections, options.encodings, options.convert)
    articles = fit_to_learn_from(corrected(articles, all_new, corrections), rejected)
    articles["row"] = range(len(articles))
    report_reading(options, "train", rejected)
    given = articles[articles["given"] != ""]
    parts = [frequent(it, options) for it in (given.assign(tag=given["given"]), articles)]
    before, after = [learn_tags(part, options) for part in parts]
    return replace(after, change=change_between(before, after, all_new, options.seed))


def change_between(before: Run, after: Run, new: pd.DataFrame, seed: int) -> Change:
    """Return what changed between runs of articles with a number `row`, and a tag `given` or none.

    new: prepared articles; those that were learnt from are left out.
    """
    rows = np.intersect1d(before.articles["row"], after.articles["row"])
    (_, first), (true, second) = (of_rows(run, rows) for run in (before, after))
    given = after.articles["given"]
    unseen = new[~new["id"].isin(after.articles["id"]) & (new["words"] != "")]
    return Change(
        int(((given != "") & (given != after.articles["tag"])).sum()),
        int((given == "").sum()),
        len(rows),
        *paired_macro_f1(true, first, second, seed),
        len(unseen),
        flips(before.tagger, after.tagger, unseen),
    )


def of_rows(run: Run, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return true and predicted tags of some articles by outer folds."""
    places = np.searchsorted(run.articles["row"], rows)
    return run.evaluation.true[places], run.evaluation.predicted[places]


def frequent(articles: pd.DataFrame, options: SimpleNamespace) -> pd.DataFrame:
    """Return the articles without those of rare tags; the others are checked."""
    kept, rare = without_rare_tags(articles, options.drop_rare)
    report_rare(articles, kept, rare, options.drop_rare)
    check_tags(kept)
    report_all(tags_of_several(kept["tag"]))
    check_tags_named(kept["tag"].unique(), options)
    return kept


def learn_tags(articles: pd.DataFrame, options: SimpleNamespace) -> Run:
    """Return the model that one search chooses, and nested cross-validation's figures for it."""
    seed, objective = options.seed, options.objective
    vectors = options.vector_source is not None
    candidates = families(options.model, options.search, seed, objective, vectors)
    counts = counted(articles, {kind for family in candidates for kind in family.kinds})
    evaluation = evaluate(counts, candidates, seed, objective)
    quick = options.search == "quick" and options.model != "reference"
    choice = choose(counts, candidates, INNER_FOLDS if quick else FOLDS, seed, objective)
    tagger = trained(choice, counts, evaluation)
    if options.importance == "model":
        words = top_words(tagger, options.top_words)
    else:
        words = permuted_words(counts, choice.candidate, options.top_words, seed)
    misled_by = misleading_words(articles, evaluation)
    found = choice, words, misled_by, articles
    return Run(tagger, articles["id"], evaluation, seed, *found)


def learn_sets(
    articles: pd.DataFrame, options: SimpleNamespace, rejected: Rejections
) -> MultiLabelRun:
    """Return a decision for each tag, with cross-validation's figures for the sets of tags."""
    separator, seed = options.multi_label, options.seed
    articles = fit_to_learn_from(with_tag_sets(articles, separator, rejected), rejected)
    report_reading(options, "train", rejected)
    kept, rare = without_rare_members(articles, options.drop_rare, separator)
    report_rare(articles, kept, rare, options.drop_rare)
    check_tag_sets(kept, separator)
    tags = np.unique(one_row_per_tag(kept, separator)["tag"].to_numpy())
    check_tags_named(tags, options)
    counts = counted(kept, KINDS)
    evaluation = evaluate_sets(counts, tags, separator, seed)
    tagger = trained_on_sets(counts, tags, separator, seed)
    return MultiLabelRun(tagger, kept["id"], evaluation, top_words(tagger, options.top_words))


def report_rare(articles: pd.DataFrame, kept: pd.DataFrame, rare: pd.Series, least: int) -> None:
    """Print which tags were left out for want of articles, and how many articles with them."""
    if len(rare):
        number = len(articles) - len(kept)
        left_out = f"{number} article{'s' * (number != 1)}"
        report_all([f"--drop-rare {least} leaves out {left_out}: {counts_of_tags(rare)}"])


def learn_in_small_steps(options: SimpleNamespace, rejected: Rejections) -> Run:
    """Learn from the files of --train, more than memory may hold."""
    tagger, judged, evaluation = learn_out_of_core(
        options.train,
        options.sources["train"],
        options.convert,
        options.seed,
        rejected,
        lambda tags: check_tags_named(tags, options),
    )
    report_reading(options, "train", rejected)
    return Run(tagger, judged["id"], evaluation, options.seed)


def report_reading(options: SimpleNamespace, name: str, rejected: Rejections) -> None:
    """Print, if files were read, which rows were rejected and what was changed."""
    rejected.report()
    if getattr(options, name):
        options.sources[name].changes.report()


def check_tags_named(tags: Iterable[str], options: SimpleNamespace) -> None:
    """Raise UserError if an option names another tag, or --font is not a font.

    It is better to know before learning.
    """
    Wanted(options.limits).limits_of(tags)
    if options.font:
        from quality.page import families_of  # matplotlib loads for a plot alone

        families_of(options.font)
