"""One run: learn from tagged articles, report how well that works, tag new ones."""

from common.command import OutsideError

from collections.abc import Iterable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd

from articles.files import Source, read_batches
from articles.preparation import prepared, report_all
from articles.rejections import Rejections
from articles.sample import sample_articles
from articles.vectors.chosen import chosen_vectors
from common.output import formatted, replacing
from quality.held_out import report_of, scored
from quality.learning import learn, learn_in_memory, learn_in_small_steps, report_reading
from quality.multi_label import MultiLabelRun
from quality.report import candidate_rows
from quality.review import review_of, write_review
from quality.runs import Run
from tagger.judgements import judge, judgements
from tagger.predictions import tag_articles, wanted_of


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
    options.vector_source = chosen_vectors(options.vectors, options.embedding_model)
    if not options.train:
        training, new = sample_articles(options.seed)
        report_all(
            [f"no --train: {len(training)} sample articles to learn from, {len(new)} to tag"]
        )
        ready = [prepared(new, options.convert, vectors=options.vector_source)]
        found = learn(training, ready, options, rejected["train"])
        finish(found, ready, options, rejected)
        return
    new = list(prepared_new(options, rejected["test"]))
    if options.out_of_core:
        found = learn_in_small_steps(options, rejected["train"])
    else:
        found = learn_in_memory(options, new, rejected["train"])
    finish(found, new, options, rejected)


def prepared_new(options: SimpleNamespace, rejected: Rejections) -> Iterable[pd.DataFrame]:
    """Yield the articles of --test, prepared, in batches."""
    if options.test:
        source = options.sources["test"]
        for articles in read_batches(
            options.test, ["id", "text"], source, rejected, maybe_tagged=True
        ):
            yield prepared(articles, options.convert, source.changes, options.vector_source)
        report_reading(options, "test", rejected)


def finish(
    run: Run | MultiLabelRun,
    new: list[pd.DataFrame],
    options: SimpleNamespace,
    rejected: dict[str, Rejections],
) -> None:
    """Print the report, write the files that the options name, tag the new articles."""
    report = report_of(run)
    if options.review:
        run = replace(run, review=review_of(run, (judge(run.tagger, it) for it in new)))
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

        save_tagger(run.tagger, options.convert, options.save, options.vector_source)
    if options.review:
        write_review(run.review, options.review, options.output_encoding)
    if new:
        found = judgements(run.tagger, new)
        tag_articles(run.tagger, found, wanted_of(options), options.output, options.output_encoding)
