#!/usr/bin/env python3
"""Tag news articles: learn from tagged ones, report how well that works, tag new ones."""

from common.command import Command

import gc
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import click

from articles.files import COLUMNS, Source, matching_files, read_batches
from articles.rejections import POLICIES, Rejections
from common.cluster import cluster_option, connected
from common.output import FORMATS, new_file

INPUTS = ("train", "test", "corrections", "vectors", "model_file", "font")
OUTPUTS = ("output", "save", "plot", "html", "candidates", "review")
FORESTS = ("forest", "reference")  # of --model
NOT_WRITTEN = {".xls", ".tsv", ".parquet", ".json", ".jsonl", ".gz", ".zst"}  # by --output
EXAMPLES = """\b
examples:
  python Q3a/tagging_prediction.py
  python Q3a/tagging_prediction.py --train articles.csv --test new.csv --output tagged.csv
  python Q3a/tagging_prediction.py --train 'titles/*.tsv' --columns id=index,tag=class,text=title
  python Q3a/tagging_prediction.py --train articles.csv --save tagger.skops --plot tagger.png
  python Q3a/tagging_prediction.py --predict --model-file tagger.skops --test new.csv
"""


def named_files(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> list[Path]:
    """Return the files that an option names, in order; a pattern stands for several."""
    found = [(name, matching_files(name)) for name in names]
    if missing := [name for name, paths in found if not paths]:
        raise click.BadParameter(f"file {missing[0]!r} does not exist")
    return [path for _, paths in found for path in paths]


def column_names(ctx: click.Context, param: click.Parameter, text: str) -> Mapping[str, str]:
    """Return `id=index,tag=class` as a mapping over the default names."""
    pairs = [part.partition("=")[::2] for part in text.split(",")]
    for name, theirs in pairs:
        if name not in COLUMNS or not theirs:
            raise click.BadParameter(f"{name!r}: write id=NAME, tag=NAME or text=NAME")
    if len(dict(pairs)) < len(pairs):
        raise click.BadParameter(f"{text!r} names one of id, tag and text twice")
    return COLUMNS | dict(pairs)


def encodings_by_file(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> Mapping[Path | None, str]:
    """Return the encodings by file; None stands for all other files."""
    found = {}
    for text in given:
        file, _, encoding = text.rpartition("=")
        found[Path(file) if file else None] = encoding
    if len(found) < len(given):
        raise click.BadParameter("a file, or all files, have two encodings")
    return found


def limits_by_tag(ctx: click.Context, param: click.Parameter, text: str) -> Mapping[str, float]:
    """Return `0.8` or `拜登=0.9,NBA=0.7` as a mapping; "" stands for all other tags."""
    found = {}
    for part in text.split(","):
        tag, _, limit = part.rpartition("=")
        tag = tag.strip()
        if tag in found:
            raise click.BadParameter(f"{text!r} has two limits for {tag or 'all tags'}")
        found[tag] = LIMIT.convert(limit, param, ctx)
        if found[tag] != found[tag]:
            raise click.BadParameter(f"{limit} is not a number from 0 to 1")
    return found


def separator_of_tags(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Return the separator in the form that it has in `normalised` tags; None if not given."""
    from articles.text import normalised

    if text is None:
        return None
    found = normalised(text) or " " * text.isspace()
    if not found or any(character.isalnum() or character == "." for character in found):
        raise click.BadParameter(f"{text!r} is not a separator of tags, such as '|' or ';'")
    return found


LIMIT = click.FloatRange(0, 1)
NAMED = click.Path(exists=True, dir_okay=False, path_type=Path)
CREATED = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--train",
    multiple=True,
    metavar="FILE",
    callback=named_files,
    help="Tagged articles to learn from: CSV, tabs, JSON Lines, Parquet or .xlsx, compressed or"
    " not. Give the option again for each file, or quote a pattern: 'titles/*.tsv'. Without it"
    " sample articles are learnt from.",
)
@click.option(
    "--test",
    multiple=True,
    metavar="FILE",
    callback=named_files,
    help="Articles to tag; several files as with --train. If they have tags, the report says how "
    "many were found.",
)
@click.option(
    "--output",
    type=CREATED,
    default="prediction.csv",
    metavar="FILE",
    help="File for the tags of --test, or of the new sample articles: CSV, or .xlsx by its name.",
)
@click.option(
    "--output-encoding",
    type=click.Choice(["utf-8", "utf-8-sig"]),
    default="utf-8",
    help="Encoding of a CSV file of tags. utf-8-sig is for spreadsheets: an apostrophe is put"
    " before texts that a spreadsheet would take for a formula.",
)
@click.option(
    "--columns",
    default="id=id,tag=tag,text=text",
    metavar="NAME=THEIRS,...",
    callback=column_names,
    help="Names of the columns id, tag and text in the files, as in id=index,tag=class,text=title.",
)
@click.option(
    "--encoding",
    "encodings",
    multiple=True,
    metavar="[FILE=]NAME",
    callback=encodings_by_file,
    help="Encoding of all text files, or of the one file named before it; to be repeated. Without"
    " it each file's own is found out: UTF-8, UTF-16, GB18030 or Big5.",
)
@click.option(
    "--convert",
    metavar="NAME",
    help="Conversion of texts and tags by OpenCC before anything else: s2hk turns simplified ones"
    " into Hong Kong's.",
)
@click.option(
    "--vectors",
    multiple=True,
    metavar="FILE",
    callback=named_files,
    help="Vectors of the articles of --train and --test by id, made by any embedding model:"
    " FILE.npy with one id a line in FILE.ids, or Parquet with the columns id and vector. The"
    " search then compares models that read them, too. Give the option again for each file.",
)
@click.option(
    "--embedding-model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Embedding model to make the vectors with: a folder with model.onnx and tokenizer.json, as"
    " Optimum exports it. Vectors are kept in the user's cache folder. It needs the packages of"
    " requirements-models.txt.",
)
@click.option(
    "--on-bad-row",
    type=click.Choice(POLICIES),
    default="skip",
    help="What to do at a row with a wrong number of fields or, in --train, without a tag or a"
    " word: stop with exit code 2, or skip the row and report how many were skipped. The default"
    " skips, since the tagger is as good without a few of its articles, and one broken row of an"
    " export need not keep the others from their tags.",
)
@click.option(
    "--model",
    type=click.Choice(["all", "reference", "forest", "linear"]),
    default="all",
    help="Families of models to compare. `reference` is the reference forest on word counts alone,"
    " with its whole grid of 54 candidates unless --search none.",
)
@click.option(
    "--search",
    type=click.Choice(["quick", "full", "none"]),
    default="quick",
    help="How many candidates of each family to compare: a few, the whole grids, or no search.",
)
@click.option(
    "--objective",
    type=click.Choice(["macro-f1", "accuracy"]),
    default="macro-f1",
    help="Figure that the search maximises: the mean F1 of the tags, for which all tags weigh alike"
    " in learning, or the share of articles that get the right tag.",
)
@click.option(
    "--drop-rare",
    type=click.IntRange(0, 1_000_000),
    default=0,
    metavar="N",
    help="Leave out tags with fewer than N different articles, and report them. Without it a tag"
    " with fewer than five ends the run.",
)
@click.option(
    "--multi-label",
    metavar="SEP",
    callback=separator_of_tags,
    help="Learn that an article can have several tags, which the separator SEP joins in the column"
    " tag, as in '拜登|NBA'. Each tag is decided on by itself, with a threshold found on articles"
    " that were held out. The file of tags joins tags and confidences in the same way.",
)
@click.option(
    "--out-of-core",
    is_flag=True,
    help="Learn one linear model in small steps, from more articles than memory holds.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="Seed of every random choice.",
)
@cluster_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output. CSV has the figures of each tag.",
)
@click.option(
    "--top-words",
    type=click.IntRange(0, 1_000_000),
    default=50,
    metavar="N",
    help="Number of words to show, the most important ones.",
)
@click.option(
    "--importance",
    type=click.Choice(["model", "permutation"]),
    default="model",
    help="Importance of a word: the model's own (impurity of a forest, coefficients of a linear"
    " model) or, for a forest, how much worse it does when the word is shuffled among articles.",
)
@click.option(
    "--candidates",
    type=CREATED,
    metavar="FILE",
    callback=new_file,
    help="CSV file for the table of all candidates of the search.",
)
@click.option(
    "--plot",
    type=CREATED,
    metavar="FILE",
    callback=new_file,
    help="Picture (.png, .svg or .pdf) of the confusion matrix and the most important words.",
)
@click.option(
    "--html",
    type=CREATED,
    metavar="FILE",
    help="Write a page with the picture of --plot, the figures of each tag and the text: one file"
    " of HTML that needs no network.",
)
@click.option(
    "--review",
    type=CREATED,
    metavar="FILE",
    help="File, CSV or .xlsx, for at most 200 articles of --train and --test worth a look, the"
    " most doubtful first: those with a tag that is unlikely or that near-duplicates do not have,"
    " those of which the tagger is unsure, and novel ones, with the words that decided. Correct or"
    " fill in its column tag, and give the file to --corrections.",
)
@click.option(
    "--corrections",
    multiple=True,
    metavar="FILE",
    callback=named_files,
    help="Corrected tags, in columns id and tag: they replace those of articles of --train, and"
    " articles of --test are learnt from with them. Rows without a tag change nothing. The report"
    " says what is better, and which new articles get another tag. Give the option again for each"
    " file: a later one corrects an earlier one.",
)
@click.option(
    "--font",
    type=NAMED,
    metavar="FILE",
    help="Font to draw the plot in; installed fonts draw the characters that it lacks.",
)
@click.option(
    "--save",
    type=CREATED,
    metavar="FILE",
    callback=new_file,
    help="File for the tagger, to be used by --predict; a name in .skops is usual.",
)
@click.option(
    "--predict",
    is_flag=True,
    help="Tag --test with the tagger of --model-file, and learn nothing.",
)
@click.option("--model-file", type=NAMED, metavar="FILE", help="Tagger that --save has written.")
@click.option(
    "--min-confidence",
    "limits",
    default="0",
    metavar="P|TAG=P,...",
    callback=limits_by_tag,
    help="Least confidence, from 0 to 1, for all tags or by tag, as in 0.8 or 拜登=0.9,NBA=0.7:"
    " where it is lower the tag is left empty.",
)
@click.option(
    "--max-refused",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="F",
    help="Leave the tag of novel articles empty, which may be of a topic that has no tag. F is the"
    " share of articles of known topics that may be refused with them, as in 0.02.",
)
@click.option(
    "--reasons",
    is_flag=True,
    help="Add to the file of tags the words that spoke for the likeliest tag, the second likeliest"
    " tag, and the words that spoke for that one, the strongest first.",
)
@click.option(
    "--top-k",
    type=click.IntRange(0, 1_000),
    default=0,
    metavar="K",
    help="Number of likeliest tags to write for each article, each with its confidence, in columns"
    " tag_1, confidence_1, tag_2 and so on.",
)
def main(**given) -> None:
    """Tag news articles: learn from tagged ones, report how well that works, tag new ones.

    Without files it learns from sample articles, Hong Kong news drawn from a seed. The report goes
    to standard output; the tags of new articles, with a calibrated confidence, go to --output.
    """
    options = SimpleNamespace(**given)
    check_combination(options, click.get_current_context().args)
    check_files(options)
    with connected(options.cluster):
        if options.predict:
            predict(options)
        else:
            from quality.run import run

            run(options)


main.allow_extra_args = True  # check_combination says what to do about them


def predict(options: SimpleNamespace) -> None:
    """Tag the articles of --test with a saved tagger."""
    gc.disable()  # nearly all that loads stays: looking for garbage in it takes a fourth longer
    from articles.preparation import prepared
    from articles.vectors.chosen import chosen_vectors
    from tagger.judgements import judgements
    from tagger.predictions import check_abilities, tag_articles, wanted_of
    from tagger.saved import load

    saved = load(options.model_file)
    gc.freeze()
    gc.enable()
    rejected = Rejections(options.on_bad_row)
    source = Source(options.columns, options.encodings)
    new = read_batches(options.test, ["id", "text"], source, rejected, maybe_tagged=True)
    vectors = saved.vectors_of(chosen_vectors(options.vectors, options.embedding_model))
    ready = (prepared(articles, saved.convert, source.changes, vectors) for articles in new)
    wanted, known = wanted_of(options), []
    check_abilities(saved.tagger, wanted.abilities | {"--review": options.review})
    found = judgements(saved.tagger, collected(ready, known))
    if options.review:
        from quality.review import NewArticles

        doubtful = NewArticles(saved.tagger)
        found = doubtful.noted(found)
    tag_articles(saved.tagger, found, wanted, options.output, options.output_encoding)
    rejected.report()
    source.changes.report()
    if options.review:
        doubtful.write(options.review, options.output_encoding)
    if any(map(len, known)):
        from quality.held_out import report_of, scored

        if found := scored(saved.tagger, known, options.seed):
            click.echo(report_of(found).as_text(found))


def collected(batches: Iterable, tagged: list) -> Iterator:
    """Yield the batches; the articles among them that have a tag are added to `tagged`."""
    for articles in batches:
        tagged.append(articles[articles["tag"] != ""])
        yield articles


def check_combination(options: SimpleNamespace, unexpected: list[str]) -> None:
    """Raise UsageError if options do not go together, or words are left that belong to none."""
    use, drawn = options.predict, options.plot or options.html
    read = options.vectors or options.embedding_model
    extra = options.save or drawn or options.candidates
    asked_model = (options.model, options.search, options.objective) != ("all", "quick", "macro-f1")
    for wrong, problem in (
        (
            unexpected,
            f"unexpected {' '.join(unexpected[:1])!r}: repeat --train or --test for each file, or"
            " quote a pattern such as 'titles/*.tsv'",
        ),
        (use and not options.model_file, "--predict needs --model-file"),
        (use and not options.test, "--predict needs --test"),
        (use and options.train, "--predict and --train exclude each other"),
        (use and extra, "--predict makes no --save, --plot, --html or --candidates"),
        (use and options.output_format != "text", "--predict writes to --output: no --format"),
        (
            use and (asked_model or options.out_of_core),
            "--predict learns nothing: no --model, --search, --objective or --out-of-core",
        ),
        (use and options.multi_label, "--predict knows the tagger's separator: no --multi-label"),
        (
            options.multi_label and (asked_model or options.out_of_core),
            "--multi-label learns models of its own: no --model, --search, --objective or"
            " --out-of-core",
        ),
        (
            options.multi_label and (options.plot or options.candidates),
            "--multi-label has no confusion matrix and no search: no --plot or --candidates",
        ),
        (
            (options.max_refused or options.reasons or options.review or options.corrections)
            and (options.multi_label or options.out_of_core),
            "--max-refused, --reasons, --review and --corrections are for one tag per article,"
            " learnt in memory: no --multi-label or --out-of-core",
        ),
        (
            options.vectors and options.embedding_model,
            "--vectors and --embedding-model exclude each other",
        ),
        (
            read and (options.multi_label or options.out_of_core or options.model in FORESTS),
            "--vectors and --embedding-model are for --model all or linear: no --multi-label or"
            " --out-of-core",
        ),
        (use and options.corrections, "--predict learns nothing: no --corrections"),
        (use and options.convert, "--predict converts as the saved tagger did: no --convert"),
        (not use and options.model_file, "--model-file needs --predict"),
        (options.test and not (use or options.train), "--test needs --train or --predict"),
        (
            options.importance == "permutation" and options.model not in FORESTS,
            "--importance permutation is for forests: add --model forest",
        ),
        (
            unnamed := set(options.encodings)
            - {None, *options.train, *options.test, *options.corrections},
            f"--encoding {next(iter(unnamed), None)}=: neither --train nor --test names this file,"
            " nor does --corrections",
        ),
        *(
            (
                path and path.suffix.lower() in NOT_WRITTEN,
                f"--{name} {path}: tags are written as CSV, or as .xlsx",
            )
            for name, path in (("output", options.output), ("review", options.review))
        ),
        (
            options.output_encoding != "utf-8" and options.output.suffix.lower() == ".xlsx",
            "--output-encoding is for CSV: a workbook has its own",
        ),
        (options.out_of_core and not options.train, "--out-of-core needs --train"),
        (
            options.out_of_core and options.candidates,
            "--out-of-core and --candidates exclude each other",
        ),
        (
            options.out_of_core and options.drop_rare,
            "--out-of-core needs 100 articles of each tag: no --drop-rare",
        ),
        (
            options.out_of_core and asked_model,
            "--out-of-core learns one model of its own: no --model, --search or --objective",
        ),
    ):
        if wrong:
            raise click.UsageError(problem)


def check_files(options: SimpleNamespace) -> None:
    """Refuse, before any work, to write over a file that another option names, or nowhere."""
    tags_are_written = options.test or not options.train
    taken = {os.path.realpath(path) for name in INPUTS for path in paths(getattr(options, name))}
    for name in OUTPUTS if tags_are_written else OUTPUTS[1:]:
        path = getattr(options, name)
        if path and path.is_dir():  # as is the current one, if the name is empty
            raise click.UsageError(f"--{name} {path}: is a folder; name a file")
        if not path or (path.exists() and not path.is_file()):  # a device, such as /dev/null
            continue
        if not os.access(path.parent, os.W_OK):
            folder = path.parent.absolute()
            raise click.UsageError(f"--{name} {path}: {folder} is not a folder you can write to")
        if os.path.realpath(path) in taken:
            raise click.UsageError(f"--{name} {path}: another option names the same file")
        taken.add(os.path.realpath(path))


def paths(value: Path | list[Path] | None) -> list[Path]:
    """Return the paths that an option names: none, one or several."""
    return value if isinstance(value, list) else [value] if value else []


if __name__ == "__main__":
    sys.exit(main())
