"""Tag news articles: learn from tagged ones, say how well that works, tag new ones.

examples:
  python Q3a/tagging_prediction.py
  python Q3a/tagging_prediction.py --train articles.csv --test new.csv --output tagged.csv
  python Q3a/tagging_prediction.py --train titles.tsv --columns id=index,tag=class,text=title
  python Q3a/tagging_prediction.py --train articles.csv --save tagger.skops --plot tagger.png
  python Q3a/tagging_prediction.py --predict --model-file tagger.skops --test new.csv

Without files it learns from sample articles, Hong Kong news drawn from a seed. The report goes to
standard output; the tags of new articles, with a calibrated confidence, go to --output.
"""

from common.command import OutsideError

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool

import pandas as pd

from articles.files import Source, read_batches
from articles.preparation import fit_to_learn_from, prepared, say_all, say_rejected
from articles.sample import sample_articles
from common.cluster import connected
from common.command_line import command
from quality.fonts import font_for
from quality.importance import permuted_words, top_words
from quality.occlusion import misleading_words
from quality.plots import plot_run
from quality.report import REPORTS, Run, write_candidates
from tagger.families import families
from tagger.options import parse
from tagger.out_of_core import learn_out_of_core
from tagger.predictions import write_predictions
from tagger.saved import load_tagger, save_tagger
from tagger.search import FOLDS, INNER_FOLDS, check_tags, choose, evaluate, trained


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Learn and tag as the command line says, on a cluster if it names one."""
    options = parse(__doc__, argv)
    try:
        with connected(options.cluster):
            run(options)
    except BrokenProcessPool as error:
        raise OutsideError("a worker process was ended, as for want of memory") from error


def run(options: argparse.Namespace) -> None:
    """Learn, report and tag, as the options say; a connected cluster takes joblib's loops."""
    if options.predict:
        saved = load_tagger(options.model_file)
        tag(saved.tagger, read("--test", options), saved.convert, options)
    elif options.train:
        new = list(read("--test", options)) if options.test else []
        found = learn_out_of_core_by(options) if options.out_of_core else learn_by(options)
        finish(found, new, options)
    else:
        training, new = sample_articles(options.seed)
        say_all([f"no --train: {len(training)} sample articles to learn from, {len(new)} to tag"])
        finish(learn(training, options), [new], options)


def learn_by(options: argparse.Namespace) -> Run:
    """Learn from the files of `--train`, all in memory."""
    return learn(pd.concat(read("--train", options), ignore_index=True), options)


def learn(training: pd.DataFrame, options: argparse.Namespace) -> Run:
    """The model that one search chooses, and what nested cross-validation says of such models."""
    articles = fit_to_learn_from(prepared(training, options.convert))
    check_tags(articles)
    check_font(articles["tag"].unique(), options)
    candidates = families(options.model, options.search, options.seed)
    evaluation = evaluate(articles, candidates, options.seed)
    quick = options.search == "quick" and options.model != "reference"
    folds = INNER_FOLDS if quick else FOLDS
    choice = choose(articles, candidates, folds, options.seed)
    tagger = trained(choice.pipeline, articles, options.seed)
    if options.importance == "model":
        words = top_words(tagger, options.top_words)
    else:
        words = permuted_words(articles, choice.pipeline, options.top_words, options.seed)
    misled_by = misleading_words(articles, evaluation)
    return Run(tagger, articles["id"], evaluation, options.seed, choice, words, misled_by)


def learn_out_of_core_by(options: argparse.Namespace) -> Run:
    """Learn from them in small steps."""
    source = Source(options.columns, options.encoding)
    tagger, judged, evaluation = learn_out_of_core(
        options.train,
        source,
        options.convert,
        options.seed,
        lambda tags: check_font(tags, options),
    )
    return Run(tagger, judged["id"], evaluation, options.seed)


def check_font(tags: Iterable[str], options: argparse.Namespace) -> None:
    """Raise UserError if a plot is asked for and no font has the tags: better before learning."""
    if options.plot:
        font_for("".join(tags), options.font)


def read(option: str, options: argparse.Namespace) -> Iterable[pd.DataFrame]:
    """Yield the articles of `--train` or `--test` in batches, then say what was rejected."""
    paths, wanted = {
        "--train": (options.train, ["id", "tag", "text"]),
        "--test": (options.test, ["id", "text"]),
    }[option]
    rejected = Counter()
    yield from read_batches(paths, wanted, Source(options.columns, options.encoding), rejected)
    say_rejected(option, rejected)


def finish(run: Run, new: list[pd.DataFrame], options: argparse.Namespace) -> None:
    """Print the report, write the files that the options name, tag the new articles."""
    print(REPORTS[options.format](run))
    if options.candidates:
        write_candidates(run, options.candidates)
    if options.plot:
        plot_run(run, options.plot, options.font)
    if options.save:
        save_tagger(run.tagger, options.convert, options.save)
    if new:
        tag(run.tagger, new, options.convert, options)


def tag(
    tagger, new: Iterable[pd.DataFrame], convert: str | None, options: argparse.Namespace
) -> None:
    """Write the tags of the new articles to --output."""
    ready = (prepared(articles, convert) for articles in new)
    counts = write_predictions(tagger, ready, options.min_confidence, options.output)
    say_all(
        f"{options.output}: {articles} articles {outcome}" for outcome, articles in counts.items()
    )


if __name__ == "__main__":
    sys.exit(main())
