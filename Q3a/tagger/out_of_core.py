"""A tagger for more articles than memory holds: hashed words, learnt in small steps.

The files are read once. Their articles are split at random into parts on disk, so that each part is
a sample of all, though the files may be sorted by tag. A few parts are kept aside: some calibrate
the confidence, the others give the figures. Near-duplicates are not looked for.
"""

from common.command import UserError

import json
import math
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from articles.files import Source, read_batches
from articles.preparation import NO_WORDS, prepared
from articles.rejections import Rejections
from tagger.calibration import TemperatureScaled, best_inverse, losses, scores
from tagger.evaluation import Evaluation
from tagger.judgements import FEATURES
from tagger.terms import WORD

PARTS = 20
CALIBRATING, JUDGING = 1, 1  # parts kept aside
LEAST_OF_A_TAG = 100  # articles, so that some of each tag are kept aside
STEPS = 1_000_000  # articles to see; scikit-learn.org/stable/modules/sgd.html, "Tips"
MOST_EPOCHS = 5
HASHES = 2**18


def learn_out_of_core(
    paths: Sequence[Path],
    source: Source,
    convert: str | None,
    seed: int,
    rejected: Rejections,
    check: Callable[[Iterable[str]], None] = lambda tags: None,
) -> tuple[TemperatureScaled, pd.DataFrame, Evaluation]:
    """A tagger, the articles that it was judged by (id and tag), and what it said of them.

    rejected: takes the rows that cannot be used.
    check: is called with the tags before anything is learnt. Raises UserError if there are not two
    tags or too few articles of one.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        parts = [Path(folder) / f"{number:02}.jsonl" for number in range(PARTS)]
        tags = deal_out(paths, source, convert, parts, seed, rejected)
        check_counts(tags)
        check(tags)
        calibrating, judging, learning = np.split(parts, [CALIBRATING, CALIBRATING + JUDGING])
        model = learn(learning, sorted(tags), epochs=epochs(tags.total()), seed=seed)
        tagger = calibrated(model, read_parts(calibrating))
        judged = read_parts(judging)
        predicted, confidence = tagged(tagger, judged)
    one_fold = np.zeros(len(judged), dtype=int)
    evaluation = Evaluation(judged["tag"].to_numpy(), predicted, confidence, one_fold, [tagger])
    return tagger, judged, evaluation


def tagged(tagger, articles: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the predicted tags and the probability of each."""
    probabilities = tagger.predict_proba(articles[FEATURES])
    return tagger.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)


def deal_out(
    paths: Sequence[Path],
    source: Source,
    convert: str | None,
    parts: Sequence[Path],
    seed: int,
    rejected: Rejections,
) -> Counter:
    """Write every article, with its words, into a part drawn at random; return counts of tags."""
    generator = random.Random(seed)  # noqa: S311 - no secret hangs on it
    tags, columns = Counter(), ["id", "tag", "text"]
    with ExitStack() as stack:
        files = [stack.enter_context(part.open("w", encoding="utf-8")) for part in parts]
        progress = stack.enter_context(tqdm(desc="segmenting", unit=" articles", disable=None))
        for batch in read_batches(paths, columns, source, rejected):
            ready = prepared(batch, convert, source.changes)[["id", "tag", *FEATURES, "place"]]
            for *row, words, place in ready.itertuples(index=False):
                if words:
                    tags[row[1]] += 1
                    generator.choice(files).write(json.dumps([*row, words]) + "\n")
                else:
                    rejected.add(place, NO_WORDS)
            progress.update(len(batch))
    return tags


def check_counts(tags: Counter) -> None:
    """Raise UserError unless there are two tags and LEAST_OF_A_TAG articles of each."""
    if len(tags) < 2:
        raise UserError("--out-of-core: fewer than two tags: a tagger needs two to tell apart")
    rare = [f"{tag} ({count})" for tag, count in tags.items() if count < LEAST_OF_A_TAG]
    if rare:
        raise UserError(
            f"--out-of-core: fewer than {LEAST_OF_A_TAG} articles of {', '.join(rare)}:"
            " add some, or learn without --out-of-core"
        )


def epochs(articles: int) -> int:
    """How often to go through all articles."""
    return min(MOST_EPOCHS, math.ceil(STEPS / articles))


def read_parts(parts: Iterable[Path]) -> pd.DataFrame:
    """The articles of the parts, with columns id, tag, plain, words."""
    rows = []
    for part in parts:
        with part.open(encoding="utf-8") as file:
            rows += map(json.loads, file)
    return pd.DataFrame(rows, columns=["id", "tag", *FEATURES])


def learn(parts: Sequence[Path], tags: list[str], epochs: int, seed: int) -> Pipeline:
    """Logistic regression on hashed words, by stochastic gradient descent over the parts."""
    hashing = HashingVectorizer(n_features=HASHES, token_pattern=WORD, dtype=np.float32)
    features = ColumnTransformer([("words", hashing, "words")])
    model = SGDClassifier(loss="log_loss", alpha=1e-5, random_state=seed)
    generator = np.random.default_rng(seed)
    steps = [part for _ in range(epochs) for part in generator.permutation(parts)]
    for part in tqdm(steps, desc="learning", unit="part", disable=None):
        articles = read_parts([part])
        model.partial_fit(features.fit_transform(articles[FEATURES]), articles["tag"], tags)
    return Pipeline([("features", features), ("model", model)])


def calibrated(model: Pipeline, articles: pd.DataFrame) -> TemperatureScaled:
    """The model with its confidence calibrated on articles that it has not seen."""
    unseen, tags = articles[FEATURES], articles["tag"].to_numpy()
    inverse = best_inverse(losses(scores(model, unseen), model.classes_, tags))
    return TemperatureScaled(FrozenEstimator(model), inverse).fit(unseen, tags)
