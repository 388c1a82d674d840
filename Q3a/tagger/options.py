"""The options of the tagger, and whether they go together."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from articles.files import COLUMNS
from common.cluster import add_cluster_argument
from common.command_line import ArgumentParser, picture, random_seed, whole_number
from tagger.families import MODELS, SEARCHES

DEFAULT_OUTPUT = Path(__file__).parents[1] / "prediction.csv"
READ = ("train", "test", "model_file", "font")
WRITTEN = ("output", "save", "plot", "candidates")


def parse(description: str, argv) -> argparse.Namespace:
    """The options; a mistake in them raises UserError. `description` ends in examples."""
    summary, _, examples = description.partition("\n\n")
    parser = ArgumentParser(description=summary, epilog=examples)
    add_files(parser.add_argument_group("files"))
    add_learning(parser.add_argument_group("learning"))
    add_report(parser.add_argument_group("report"))
    add_use(parser.add_argument_group("use of a tagger"))
    options = parser.parse_args(argv)
    if problem := next((message for wrong, message in conflicts(options) if wrong), None):
        parser.error(problem)
    check_written(parser, options)
    return options


def check_written(parser: ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse, before anything is learnt, to write where that cannot be or over another file."""
    tags_are_written = options.test or not options.train
    names = [name for name in WRITTEN if name != "output" or tags_are_written]
    taken = {os.path.realpath(path) for name in READ for path in paths(getattr(options, name))}
    for name in names:
        for path in paths(getattr(options, name)):
            if not path.absolute().parent.is_dir():
                parser.error(f"--{name} {path}: there is no folder {path.parent}")
            if path.is_dir():
                parser.error(f"--{name} {path}: is a folder; name a file")
            if path.exists() and not path.is_file():  # such as /dev/null
                continue
            if not os.access(path.parent, os.W_OK):
                parser.error(f"--{name} {path}: nothing can be written into {path.parent}")
            if os.path.realpath(path) in taken:
                parser.error(f"--{name} {path}: another option names the same file")
            taken.add(os.path.realpath(path))


def paths(value: Path | list[Path] | None) -> list[Path]:
    """The paths that an option names: none, one or several."""
    return value if isinstance(value, list) else [value] if value else []


def add_files(group) -> None:
    """Which articles, how they are read, and where the tags go."""
    add = group.add_argument
    add("--train", nargs="+", type=Path, metavar="FILE", help="tagged articles, CSV or .tsv")
    add("--test", nargs="+", type=Path, metavar="FILE", help="articles to tag, CSV or .tsv")
    add("--output", type=Path, metavar="FILE", default=DEFAULT_OUTPUT, help="where the tags go")
    add(
        "--columns",
        type=column_names,
        default="id=id,tag=tag,text=text",
        metavar="OURS=THEIRS,...",
        help="the names of the files' columns, such as id=index,tag=class,text=title",
    )
    add("--encoding", help="of the files; without it utf-8-sig, then big5hkscs")
    add("--convert", metavar="NAME", help="OpenCC's conversion, such as s2hk for simplified text")


def add_learning(group) -> None:
    """What is compared, and where the search runs."""
    add = group.add_argument
    add(
        "--model",
        choices=MODELS,
        default="all",
        help="the families of models to compare; reference: only the classic forest on word"
        " counts, with its whole grid of 54 candidates unless --search none",
    )
    add(
        "--search",
        choices=SEARCHES,
        default="quick",
        help="how many candidates of each family; none: one",
    )
    add("--out-of-core", action="store_true", help="for more articles than memory holds")
    add("--seed", type=random_seed, default=0, help="of every random choice")
    add_cluster_argument(group)


def add_report(group) -> None:
    """What is shown of it, and how."""
    add = group.add_argument
    formats = "of the report; csv has the figures of each tag"
    add("--format", choices=("text", "csv", "json"), default="text", help=formats)
    add(
        "--top-words",
        type=whole_number(0, 10**9),
        default=50,
        metavar="N",
        help="how many words to show",
    )
    add(
        "--importance",
        choices=("model", "permutation"),
        default="model",
        help="of words: the model's own (impurity of a forest, coefficients) or, for a forest,"
        " how much worse it does without the word",
    )
    add("--candidates", type=Path, metavar="FILE.csv", help="write the table of all candidates")
    add("--plot", type=picture, metavar="FILE.png", help="draw the confusion matrix and the words")
    add("--font", type=Path, metavar="FILE", help="font of the plot; without it one is looked for")


def add_use(group) -> None:
    """What becomes of the tagger."""
    add = group.add_argument
    add("--save", type=Path, metavar="FILE.skops", help="write the tagger to a file")
    add("--predict", action="store_true", help="tag --test by the tagger of --model-file")
    add("--model-file", type=Path, metavar="FILE.skops", help="a tagger written by --save")
    add(
        "--min-confidence",
        type=probability,
        default=0.0,
        metavar="P",
        help="leave the tag empty where the confidence is lower",
    )


def conflicts(options: argparse.Namespace) -> list[tuple[bool, str]]:
    """Pairs of whether there is a conflict and what to say of it."""
    use = options.predict
    return [
        (use and not options.model_file, "--predict needs --model-file"),
        (use and not options.test, "--predict needs --test"),
        (use and bool(options.train), "--predict learns nothing: leave out --train"),
        (
            use and bool(options.save or options.plot or options.candidates),
            "--predict makes no --save, --plot or --candidates",
        ),
        (use and bool(options.convert), "--predict converts as the saved tagger did: no --convert"),
        (not use and bool(options.model_file), "--model-file goes with --predict"),
        (not use and bool(options.test) and not options.train, "--test needs --train or --predict"),
        (
            options.importance == "permutation" and options.model not in ("forest", "reference"),
            "--importance permutation is for forests: add --model forest",
        ),
        (options.out_of_core and not options.train, "--out-of-core needs --train"),
        (options.out_of_core and bool(options.candidates), "--out-of-core has no --candidates"),
        (
            options.out_of_core and (options.model, options.search) != ("all", "quick"),
            "--out-of-core learns one model of its own: no --model, no --search",
        ),
    ]


def column_names(text: str) -> Mapping[str, str]:
    """`id=index,tag=class` as a mapping over the default names."""
    pairs = [part.partition("=")[::2] for part in text.split(",")]
    for ours, theirs in pairs:
        if ours not in COLUMNS or not theirs:
            raise argparse.ArgumentTypeError(f"{ours!r}: write id=NAME, tag=NAME or text=NAME")
    if len(dict(pairs)) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r} names a column of ours twice")
    return COLUMNS | dict(pairs)


def probability(text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = None
    if number is None or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return number
