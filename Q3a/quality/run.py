"""One run: learn from tagged articles, report how well that works, tag new ones."""

from common.command import OutsideError

from collections.abc import Iterable
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pandas as pd

from articles.files import Source, read_batches
from articles.preparation import fit_to_learn_from, prepared, report_all
from articles.rejections import Rejections
from articles.sample import sample_articles
from common.output import formatted, replacing
from quality.importance import permuted_words, top_words
from quality.occlusion import misleading_words
from quality.report import Run, as_record, as_text, candidate_rows, tag_rows
from tagger.evaluation import evaluate, trained
from tagger.families import families
from tagger.folds import FOLDS, INNER_FOLDS, check_tags
from tagger.out_of_core import learn_out_of_core
from tagger.predictions import tag_articles
from tagger.saved import save_tagger
from tagger.search import choose
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
    if not options.train:
        training, new = sample_articles(options.seed)
        report_all(
            [f"no --train: {len(training)} sample articles to learn from, {len(new)} to tag"]
        )
        finish(learn(training, options, rejected["train"]), [new], options, rejected)
        return
    new = list(read_new(options, rejected["test"]))
    learn_from_files = learn_in_small_steps if options.out_of_core else learn_in_memory
    finish(learn_from_files(options, rejected["train"]), new, options, rejected)


def read_new(options: SimpleNamespace, rejected: Rejections) -> Iterable[pd.DataFrame]:
    """Yield the articles of --test in batches, then report what was rejected."""
    if options.test:
        source = Source(options.columns, options.encoding)
        yield from read_batches(options.test, ["id", "text"], source, rejected)
        rejected.report()


def learn_in_memory(options: SimpleNamespace, rejected: Rejections) -> Run:
    """Learn from the files of --train, all in memory."""
    source = Source(options.columns, options.encoding)
    batches = read_batches(options.train, ["id", "tag", "text"], source, rejected)
    return learn(pd.concat(batches, ignore_index=True), options, rejected)


def learn(training: pd.DataFrame, options: SimpleNamespace, rejected: Rejections) -> Run:
    """Return the model that one search chooses, and nested cross-validation's figures for it."""
    articles = fit_to_learn_from(prepared(training, options.convert), rejected)
    rejected.report()
    check_tags(articles)
    check_font(articles["tag"].unique(), options)
    seed, objective = options.seed, options.objective
    candidates = families(options.model, options.search, seed, objective)
    counts = counted(articles, {kind for family in candidates for kind in family.kinds})
    evaluation = evaluate(counts, candidates, seed, objective)
    quick = options.search == "quick" and options.model != "reference"
    choice = choose(counts, candidates, INNER_FOLDS if quick else FOLDS, seed, objective)
    tagger = trained(choice.candidate, counts, seed)
    if options.importance == "model":
        words = top_words(tagger, options.top_words)
    else:
        words = permuted_words(counts, choice.candidate, options.top_words, seed)
    misled_by = misleading_words(articles, evaluation)
    return Run(tagger, articles["id"], evaluation, options.seed, choice, words, misled_by)


def learn_in_small_steps(options: SimpleNamespace, rejected: Rejections) -> Run:
    """Learn from the files of --train, more than memory may hold."""
    tagger, judged, evaluation = learn_out_of_core(
        options.train,
        Source(options.columns, options.encoding),
        options.convert,
        options.seed,
        rejected,
        lambda tags: check_font(tags, options),
    )
    rejected.report()
    return Run(tagger, judged["id"], evaluation, options.seed)


def check_font(tags: Iterable[str], options: SimpleNamespace) -> None:
    """Raise UserError if a plot is asked for and no font has the tags: better before learning."""
    if options.plot:
        from quality.fonts import font_for  # matplotlib loads for a plot alone

        font_for("".join(tags), options.font)


def finish(
    run: Run,
    new: list[pd.DataFrame],
    options: SimpleNamespace,
    rejected: dict[str, Rejections],
) -> None:
    """Print the report, write the files that the options name, tag the new articles."""
    record = as_record(run) | {"rejected": {name: it.record() for name, it in rejected.items()}}
    header, rows = tag_rows(run)
    print(formatted(options.output_format, as_text(run), header, rows, record))
    if options.candidates:
        with replacing(options.candidates) as sibling:
            table = formatted("csv", "", *candidate_rows(run), {})
            sibling.write_text(table + "\n", encoding="utf-8", newline="\n")
    if options.plot:
        from quality.plots import plot_run

        plot_run(run, options.plot, options.font)
    if options.save:
        save_tagger(run.tagger, options.convert, options.save)
    if new:
        tag_articles(run.tagger, new, options.convert, options.min_confidence, options.output)
