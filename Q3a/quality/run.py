"""One run: learn from tagged articles, report how well that works, tag new ones."""

from common.command import OutsideError

from collections.abc import Iterable
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import numpy as np
import pandas as pd

from articles.files import Source, read_batches
from articles.preparation import fit_to_learn_from, prepared, report_all
from articles.rejections import Rejections
from articles.sample import sample_articles
from common.output import formatted, replacing
from quality.held_out import report_of, scored
from quality.importance import permuted_words, top_words
from quality.mistakes import misleading_words
from quality.multi_label import MultiLabelRun
from quality.report import Run, candidate_rows
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
from tagger.novelty import Novelty
from tagger.out_of_core import learn_out_of_core
from tagger.predictions import Wanted, tag_articles, wanted_of
from tagger.search import choose
from tagger.tag_sets import (
    check_tag_sets,
    one_row_per_tag,
    with_tag_sets,
    without_rare_members,
)
from tagger.terms import counted


def run(options: SimpleNamespace) -> None:
    """Learn, report and tag as the options of the command say.

    A connected cluster takes joblib's loops.
    """
    try:
        learn_and_tag(options)
    except BrokenProcessPool as error:
        raise OutsideError("a worker process ended early, perhaps for want of memory") from error


def learn_and_tag(options: SimpleNamespace) -> None:
    """Do the work of `run`."""
    rejected = {name: Rejections(options.on_bad_row) for name in ("train", "test")}
    options.sources = {name: Source(options.columns, options.encodings) for name in rejected}
    if not options.train:
        training, new = sample_articles(options.seed)
        report_all(
            [f"no --train: {len(training)} sample articles to learn from, {len(new)} to tag"]
        )
        ready = [prepared(new, options.convert)]
        finish(learn(training, options, rejected["train"]), ready, options, rejected)
        return
    new = list(prepared_new(options, rejected["test"]))
    learn_from_files = learn_in_small_steps if options.out_of_core else learn_in_memory
    finish(learn_from_files(options, rejected["train"]), new, options, rejected)


def prepared_new(options: SimpleNamespace, rejected: Rejections) -> Iterable[pd.DataFrame]:
    """Yield the articles of --test, prepared, in batches."""
    if options.test:
        source = options.sources["test"]
        for articles in read_batches(
            options.test, ["id", "text"], source, rejected, maybe_tagged=True
        ):
            yield prepared(articles, options.convert, source.changes)
        report_reading(options, "test", rejected)


def learn_in_memory(options: SimpleNamespace, rejected: Rejections) -> Run | MultiLabelRun:
    """Learn from the files of --train, all in memory."""
    columns = ["id", "tag", "text"]
    batches = read_batches(options.train, columns, options.sources["train"], rejected)
    return learn(pd.concat(batches, ignore_index=True), options, rejected)


def learn(
    training: pd.DataFrame, options: SimpleNamespace, rejected: Rejections
) -> Run | MultiLabelRun:
    """Return the model that one search chooses, and nested cross-validation's figures for it."""
    changes = options.sources["train"].changes
    articles = prepared(training, options.convert, changes)
    if options.multi_label:
        return learn_sets(articles, options, rejected)
    articles = fit_to_learn_from(articles, rejected)
    report_reading(options, "train", rejected)
    kept, rare = without_rare_tags(articles, options.drop_rare)
    report_rare(articles, kept, rare, options.drop_rare)
    articles = kept
    check_tags(articles)
    report_all(tags_of_several(articles["tag"]))
    check_tags_named(articles["tag"].unique(), options)
    seed, objective = options.seed, options.objective
    candidates = families(options.model, options.search, seed, objective)
    counts = counted(articles, {kind for family in candidates for kind in family.kinds})
    evaluation = evaluate(counts, candidates, seed, objective)
    quick = options.search == "quick" and options.model != "reference"
    choice = choose(counts, candidates, INNER_FOLDS if quick else FOLDS, seed, objective)
    tagger = trained(choice, counts, Novelty().fit(evaluation.familiarity))
    if options.importance == "model":
        words = top_words(tagger, options.top_words)
    else:
        words = permuted_words(counts, choice.candidate, options.top_words, seed)
    misled_by = misleading_words(articles, evaluation)
    return Run(tagger, articles["id"], evaluation, options.seed, choice, words, misled_by)


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
        left_out = len(articles) - len(kept)
        report_all([f"--drop-rare {least} leaves out {left_out} articles: {counts_of_tags(rare)}"])


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


def finish(
    run: Run | MultiLabelRun,
    new: list[pd.DataFrame],
    options: SimpleNamespace,
    rejected: dict[str, Rejections],
) -> None:
    """Print the report, write the files that the options name, tag the new articles."""
    report = report_of(run)
    record = report.as_record(run) | {
        "rejected": {name: it.record() for name, it in rejected.items()}
    }
    scored_test = scored(run.tagger, new, options.seed) if new else None
    if scored_test:
        record["test"] = report.as_record(scored_test)
    record["read"] = {name: it.changes.record() for name, it in options.sources.items()}
    header, rows = report.tag_rows(run)
    text = report.as_text(run, scored_test)
    print(formatted(options.output_format, text, header, rows, record))
    if options.candidates:
        with replacing(options.candidates) as sibling:
            table = formatted("csv", "", *candidate_rows(run), {})
            sibling.write_text(table + "\n", encoding="utf-8", newline="\n")
    if options.plot:
        from quality.page import save_plot

        save_plot(run, options.plot, options.font)
    if options.html:
        from quality.page import save_page

        save_page(run, text, (header, rows), options.html, options.font)
    if options.save:
        from tagger.saved import save_tagger  # skops loads all of scikit-learn

        save_tagger(run.tagger, options.convert, options.save)
    if new:
        wanted = wanted_of(options)
        tag_articles(run.tagger, new, wanted, options.output, options.output_encoding)
