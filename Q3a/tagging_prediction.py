"""Tag news articles: learn from tagged ones, say how well that works, tag new ones.

    python Q3a/tagging_prediction.py
    python Q3a/tagging_prediction.py --train articles.csv --test new.csv --output tagged.csv
    python Q3a/tagging_prediction.py --train titles.tsv --columns id=index,tag=class,text=title

Without files it learns from a demo corpus of invented Hong Kong news. The report goes to standard
output, the tags of the new articles to --output.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from article_text import plain_text
from articles import COLUMNS, Source, read_articles
from command_line import ArgumentParser, UserError, command, replacing
from demo_corpus import demo_corpus
from model_families import MODELS, SEARCHES, families
from near_duplicates import duplicate_groups
from nested_evaluation import FOLDS, check_tags, choose, evaluate, tagged, trained
from segmentation import segment
from tagging_report import Run, as_json, as_text
from word_importance import top_words

DEFAULT_OUTPUT = Path(__file__).parent / "prediction.csv"


@command
def main(argv=None) -> None:
    options = parsed(argv)
    training, new = read_input(options)
    check_tags(training)
    candidates = families(options.model, options.search, options.seed)
    evaluation = evaluate(training, candidates, options.seed)
    choice = choose(training, candidates, FOLDS, options.seed)
    tagger = trained(choice.pipeline, training, options.seed)
    run = Run(training, choice, evaluation, top_words(tagger, options.top_words), options.seed)
    print(as_json(run) if options.format == "json" else as_text(run))
    if new is not None:
        write_predictions(tagger, new, options.output)


def parsed(argv) -> argparse.Namespace:
    summary, _, examples = __doc__.partition("\n\n")
    parser = ArgumentParser(description=summary, epilog=examples)
    add = parser.add_argument
    add("--train", nargs="+", type=Path, metavar="FILE", help="tagged articles, CSV or .tsv")
    add("--test", nargs="+", type=Path, metavar="FILE", help="articles to tag, CSV or .tsv")
    add("--output", type=Path, metavar="FILE", default=DEFAULT_OUTPUT, help="where the tags go")
    add("--columns", type=column_names, default="id=id,tag=tag,text=text", help="ours=theirs,...")
    add("--encoding", help="of the files; without it utf-8-sig, then big5hkscs")
    add("--model", choices=MODELS, default="all", help="the families of models to compare")
    add("--search", choices=SEARCHES, default="quick", help="how many candidates of each family")
    add("--top-words", type=int, default=50, metavar="N", help="how many words to show")
    add("--format", choices=("text", "json"), default="text", help="of the report")
    add("--seed", type=int, default=0, help="of every random choice")
    options = parser.parse_args(argv)
    if options.test and not options.train:
        parser.error("--test needs --train")
    return options


def column_names(text: str) -> Mapping[str, str]:
    """Return `id=index,tag=class` as a mapping over the default names."""
    pairs = [part.partition("=")[::2] for part in text.split(",")]
    for ours, theirs in pairs:
        if ours not in COLUMNS or not theirs:
            raise argparse.ArgumentTypeError(f"{ours!r}: write id=NAME, tag=NAME or text=NAME")
    return COLUMNS | dict(pairs)


def read_input(options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the training articles and the new ones, if there are any, with their words."""
    if not options.train:
        training, new = demo_corpus(options.seed)
        say(f"no --train: {len(training)} invented articles, {len(new)} to tag")
    else:
        source = Source(options.columns, options.encoding)
        training = read_file("--train", options.train, ["id", "tag", "text"], source)
        new = read_file("--test", options.test, ["id", "text"], source) if options.test else None
    training = without_empty(prepared(training))
    training["group"] = duplicate_groups(training["plain"])
    return training, None if new is None else prepared(new)


def read_file(option: str, paths: list[Path], wanted: list[str], source: Source) -> pd.DataFrame:
    articles, rejected = read_articles(paths, wanted, source)
    report_rejected(option, rejected)
    return articles


def prepared(articles: pd.DataFrame) -> pd.DataFrame:
    """Return the articles with the columns that a model reads."""
    plain = [plain_text(text) for text in articles["text"]]
    return articles.assign(plain=plain, words=segment(plain)).reset_index(drop=True)


def without_empty(articles: pd.DataFrame) -> pd.DataFrame:
    empty = articles["words"] == ""
    report_rejected("--train", Counter({"no words": int(empty.sum())}))
    if empty.all():
        raise UserError("--train: no article has a word in it")
    return articles[~empty].reset_index(drop=True)


def report_rejected(option: str, rejected: Counter) -> None:
    for reason, rows in rejected.items():
        if rows:
            say(f"{option}: {rows} rows rejected: {reason}")


def write_predictions(tagger, new: pd.DataFrame, output: Path) -> None:
    """Write id, text, predicted_tag and confidence of every new article."""
    predicted, confidence = tagged(tagger, new)
    table = new[["id", "text"]].assign(predicted_tag=predicted, confidence=confidence.round(4))
    with replacing(output) as beside:
        table.to_csv(beside, index=False, encoding="utf-8", lineterminator="\n")
    say(f"{len(new)} articles tagged in {output}")


def say(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
