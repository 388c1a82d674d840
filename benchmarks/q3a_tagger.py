"""Q3a against the classic way: search, segmentation, quality, abstention and scale in one run.

\b
    python benchmarks/q3a_tagger.py
    REAL_DATA_DIR=... python benchmarks/q3a_tagger.py --articles 1000000

The classic way segments every article anew, by `pycantonese.segment` within CountVectorizer, for
each of 54 forests and 5 folds; two candidates are measured and 54 are extrapolated from them.
Without REAL_DATA_DIR sample articles replace the real ones. Times are medians of --rounds;
our 54 candidates and learning out of core are run once.
"""

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pycantonese
import rjieba
from comparisons import note
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3a"))

from common.command import Command

from articles.files import COLUMNS, Source, read_batches
from articles.preparation import fit_to_learn_from, prepared
from articles.rejections import Rejections
from articles.sample import sample_articles
from articles.words import segment
from quality.scores import confusion
from tagger.evaluation import evaluate, trained
from tagger.families import Family, families
from tagger.folds import FOLDS, INNER_FOLDS, splits
from tagger.judgements import judge
from tagger.objective import macro_f1
from tagger.predictions import Wanted
from tagger.search import choose
from tagger.terms import Counted, counted

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("segmentation", "search", "quality", "abstention", "corrections", "scale")
CLASSIC_CANDIDATES = 54
SEEDS = range(3)
# `tagging_prediction.py`, which then tells its own peak.
LEARN = """
import sys
from process_memory import peak_memory
from tagging_prediction import main
code = main()
print(peak_memory())
sys.exit(code)
"""
# Learning from corrections: articles to begin with, corrected in a round, kept aside to judge by.
FIRST, ROUND, ROUNDS, JUDGING, CURVES = 120, 20, 8, 1 / 3, 10
MISTAKES = 0.05  # share of articles that get a wrong tag
COVERAGE = 0.98  # of articles of known topics that keep their tag
JUDGED_ABSTAINING = ("vote on words and characters", "forest on all words")


@click.command(cls=Command, help=__doc__)
@click.option(
    "--parts",
    type=click.Choice(PARTS),
    multiple=True,
    default=PARTS,
    help="Measure this part; give it again for another.",
)
@click.option("--rounds", type=click.IntRange(1), default=3, help="Measurements of each time.")
@click.option(
    "--articles",
    type=click.IntRange(1),
    default=20_000,
    help="Articles to learn from out of core.",
)
def main(parts: tuple[str, ...], rounds: int, articles: int) -> None:
    print(f"{os.cpu_count()} cores, {pd.Timestamp.now():%Y-%m-%d}")
    corpora = read_corpora()
    first = next(iter(corpora.values()))
    measures = {
        "segmentation": lambda: segmentation(first, rounds),
        "search": lambda: search(first, rounds),
        "quality": lambda: quality(corpora),
        "abstention": lambda: abstention(corpora),
        "corrections": lambda: corrections(corpora),
        "scale": lambda: scale(articles),
    }
    for part in parts:
        print(f"\n== {part} ==")
        for line in measures[part]():
            print(line, flush=True)


def read_corpora() -> dict[str, pd.DataFrame]:
    """Return the articles of each real set, ready to learn from, or else the sample articles."""
    folder = os.environ.get("REAL_DATA_DIR")
    if not folder:
        return {"sample articles": fit_to_learn_from(prepared(sample_articles(seed=0)[0]))}
    real = Path(folder) / "q3a"
    titles = Source({"id": "index", "tag": "class", "text": "title"})
    tnews = read([real / "tnews.csv"], Source(COLUMNS))
    news_titles = read(sorted((real / "tw-news-titles").glob("*.tsv")), titles)
    both = pd.concat([tnews, news_titles.assign(group=lambda it: it["group"] + len(tnews))])
    return {
        "hk01-2021-silver": read([real / "hk01-2021-silver.csv"], Source(COLUMNS)),
        "tw-news-titles": news_titles,
        "tnews": tnews,
        "tnews, 15 uneven tags": uneven(tnews, 15),
        "tnews and tw-news-titles, 20 uneven tags": uneven(both, 20),
    }


def uneven(articles: pd.DataFrame, tags: int) -> pd.DataFrame:
    """Return articles of so many tags, the sizes of which fall from 240 to 12 by one ratio."""
    names = articles["tag"].drop_duplicates().sample(tags, random_state=0)
    parts = [
        articles[articles["tag"] == name].sample(size, random_state=0)
        for name, size in zip(names, np.geomspace(240, 12, tags).round().astype(int), strict=True)
    ]
    return pd.concat(parts).reset_index(drop=True)


def read(paths: list[Path], source: Source) -> pd.DataFrame:
    batches = read_batches(paths, ["id", "tag", "text"], source, Rejections())
    return fit_to_learn_from(prepared(pd.concat(batches, ignore_index=True)))


def seconds(function: Callable[[], object], rounds: int = 1, clock=time.perf_counter) -> float:
    """Return the median time of calling the function."""
    times = []
    for _ in range(rounds):
        start = clock()
        function()
        times.append(clock() - start)
    return statistics.median(times)


def segmentation(articles: pd.DataFrame, rounds: int):
    """Yield characters a second of one core's time, each segmenter warm."""
    texts = articles["plain"].tolist()
    characters = sum(map(len, texts))
    ways = {
        "ours": lambda: segment(texts),
        "pycantonese.segment": lambda: [pycantonese.segment(text) for text in texts],
        "rjieba.cut": lambda: [rjieba.cut(text) for text in texts],
    }
    taken = {}
    for name, way in ways.items():
        segment(texts[:1]), pycantonese.segment("香港"), rjieba.cut("香港")
        taken[name] = seconds(way, rounds, time.process_time) / characters * 1e6
        yield f"{name:20} {1e6 / taken[name]:12,.0f} characters a second"
    note("Q3a segmentation, a million characters", "CPU s", taken.pop("ours"), taken)


def search(articles: pd.DataFrame, rounds: int):
    """Yield the time of the classic search and of ours, segmentation included in both."""
    classic = make_pipeline(
        CountVectorizer(tokenizer=pycantonese.segment, token_pattern=None, min_df=0.01, max_df=0.9),
        RandomForestClassifier(n_estimators=100, max_depth=10, random_state=0),
    )
    folds = splits(articles, FOLDS, seed=0)

    depths = {"randomforestclassifier__max_depth": [8, 10]}  # with 5 folds no core is idle of 2
    grid = GridSearchCV(classic, depths, cv=folds, n_jobs=-1, refit=False)

    def classic_candidates():
        grid.fit(articles["plain"], articles["tag"])

    def ours(model: str, folds: int):
        words = segment(articles["plain"])
        counts = counted(articles.assign(words=words))
        choose(counts, families(model, "quick", seed=0), folds, seed=0)

    classic_candidates()  # starts the worker processes
    two = seconds(classic_candidates, rounds)
    whole = two / 2 * CLASSIC_CANDIDATES
    yield f"classic, 2 candidates   {two:8.1f} s"
    yield f"classic, 54 candidates  {whole:8.1f} s (extrapolated)"
    same = seconds(lambda: ours("reference", FOLDS))
    default = seconds(lambda: ours("all", INNER_FOLDS), rounds)
    note("Q3a search, the same 54 candidates", "s", same, {"classic": whole})
    note("Q3a search, the default", "s", default, {"classic": whole})
    yield f"ours, the same 54       {same:8.1f} s ({whole / same:.1f} times as fast)"
    yield f"ours, default search    {default:8.1f} s ({whole / default:.1f} times as fast)"


def quality(corpora: dict[str, pd.DataFrame]):
    """Yield accuracy and macro F1 of 5 folds for each family and the choice, of 3 seeds each.

    The choice is that of the default search within each outer fold.
    """
    names = [family.name for family in families("all", "quick", seed=0)]
    for corpus, articles in corpora.items():
        yield f"{corpus}, {len(articles)} articles: mean accuracy ± spread, mean macro F1 ± spread"
        counts = counted(articles)
        yield quality_row("chosen by search", counts, lambda seed: families("all", "quick", seed))
        for name in names:
            yield quality_row(name, counts, lambda seed, name=name: [family_called(name, seed)])


def family_called(name: str, seed: int) -> Family:
    """Return the family of that name, with its candidates of the default search."""
    return next(family for family in families("all", "quick", seed) if family.name == name)


def quality_row(name: str, articles: Counted, candidates: Callable) -> str:
    evaluations = [evaluate(articles, candidates(seed), seed) for seed in SEEDS]
    accuracy = [evaluation.correct.mean() for evaluation in evaluations]
    f1 = [macro_f1(confusion(evaluation).to_numpy()) for evaluation in evaluations]
    mean_and_spread = (f"{np.mean(it):.4f} ± {np.std(it, ddof=1):.4f}" for it in (accuracy, f1))
    return f"  {name:32} {'  '.join(mean_and_spread)}"


def abstention(corpora: dict[str, pd.DataFrame]):
    """Yield, for each tag left out of learning, the share of its articles that get no tag.

    The limits of confidence and of novelty are those at which 98 % of the articles of the other
    tags keep theirs.
    """
    for corpus, articles in corpora.items():
        for name in JUDGED_ABSTAINING:
            shares, family = [], [family_called(name, seed=0)]
            for foreign in sorted(articles["tag"].unique()):
                known = counted(articles[articles["tag"] != foreign].reset_index(drop=True))
                found = evaluate(known, family, seed=0)
                tagger = trained(choose(known, family, FOLDS, seed=0), known, found)
                new = judge(tagger, articles[articles["tag"] == foreign])
                confidence = new.probabilities.max(axis=1)
                unsure = confidence < np.quantile(found.confidence, 1 - COVERAGE)
                novel = new.novelty > Wanted(max_refused=1 - COVERAGE).most_novel
                shares.append(f"{foreign} {unsure.mean():.2f} {novel.mean():.2f}")
            yield f"{corpus}, {name}, by confidence and by novelty: {', '.join(shares)}"


def corrections(corpora: dict[str, pd.DataFrame]):
    """Yield macro F1 after each round of: tag, correct 20 articles, learn again.

    The articles are those most doubtful for `--review`, or random ones; the means are of 10 seeds,
    and of each seed's difference there is the standard error.
    """
    for corpus in list(corpora)[:3]:
        curves = [learning_curves(corpora[corpus], seed) for seed in range(CURVES)]
        learnt, doubtful, drawn = np.mean(curves, axis=0).T
        differences = np.array([curve[:, 1] - curve[:, 2] for curve in curves])
        errors = differences.std(axis=0, ddof=1) / np.sqrt(CURVES)
        yield f"{corpus}: articles learnt from, macro F1 by doubt, at random, difference"
        rows = zip(learnt, doubtful, drawn, differences.mean(axis=0), errors, strict=True)
        for number, first, second, difference, error in rows:
            yield f"  {number:4.0f}  {first:.4f}  {second:.4f}  {difference:+.4f} ± {error:.4f}"
        found = [planted_mistakes_found(corpora[corpus], seed) for seed in SEEDS]
        yield f"  planted mistakes found: {', '.join(f'{share:.2f}' for share in found)}"


def learning_curves(articles: pd.DataFrame, seed: int) -> np.ndarray:
    """Return rows of the number of articles learnt from, and macro F1 by doubt and at random."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(articles))
    test, pool = np.split(order, [int(len(articles) * JUDGING)])
    ways = []
    for by_doubt in (True, False):
        learnt, curve = pool[:FIRST], []
        for _ in range(ROUNDS + 1):
            tagger = quick_tagger(articles.iloc[learnt].reset_index(drop=True), seed)
            found = judge(tagger, articles.iloc[test])
            predicted = tagger.classes_[found.probabilities.argmax(axis=1)]
            curve.append(
                (len(learnt), f1_score(articles["tag"].iloc[test], predicted, average="macro"))
            )
            rest = np.setdiff1d(pool, learnt)
            if by_doubt:
                doubt = 1 - judge(tagger, articles.iloc[rest]).probabilities.max(axis=1)
                rest = rest[np.argsort(-doubt, kind="stable")]
            else:
                rest = generator.permutation(rest)
            learnt = np.append(learnt, rest[:ROUND])
        ways.append(curve)
    return np.column_stack([np.array(ways[0]), np.array(ways[1])[:, 1]])


def planted_mistakes_found(articles: pd.DataFrame, seed: int) -> float:
    """Return the share of planted mistakes among as many of the most doubtful articles."""
    generator = np.random.default_rng(seed)
    rows = generator.choice(len(articles), int(len(articles) * MISTAKES), replace=False)
    tags, given = np.unique(articles["tag"]), articles["tag"].to_numpy(copy=True)
    places = np.searchsorted(tags, given[rows]) + generator.integers(1, len(tags), len(rows))
    given[rows] = tags[places % len(tags)]
    family = families("all", "none", seed)
    found = evaluate(counted(articles.assign(tag=given), family[0].kinds), family, seed)
    return float(np.isin(np.argsort(found.own, kind="stable")[: len(rows)], rows).mean())


def quick_tagger(articles: pd.DataFrame, seed: int):
    """Return a tagger of the vote, without comparing families."""
    family = families("all", "none", seed)
    known = counted(articles, family[0].kinds)
    return trained(choose(known, family, INNER_FOLDS, seed), known)


def scale(articles: int):
    """Yield time, memory and accuracy of learning out of core, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.csv"
        write_sorted_by_tag(path, articles)
        folders = os.pathsep.join([str(ROOT / "Q3a"), str(ROOT / "benchmarks")])
        start = time.perf_counter()
        finished = subprocess.run(
            [sys.executable, "-c", LEARN, "--out-of-core", "--train", path],
            env=os.environ | {"PYTHONPATH": folders},
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        taken = time.perf_counter() - start
        size = path.stat().st_size
    *report, peak = finished.stdout.splitlines()
    accuracy = next(line for line in report if line.startswith("Mean"))
    yield f"{articles:,} articles, {size / 2**20:,.0f} MiB, sorted by tag: {taken:,.0f} s"
    yield f"peak memory of its process {float(peak) / 2**30:.2f} GiB; {accuracy}"


def write_sorted_by_tag(path: Path, articles: int) -> None:
    """Write sample articles to a CSV file, all of a tag together."""
    rows = pd.concat(sample_articles(seed, 1_000)[0] for seed in range(-(-articles // 1_000)))
    rows[:articles].sort_values("tag").to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)


if __name__ == "__main__":
    sys.exit(main())
