"""An honest figure for what a search chooses: nested cross-validation.

Each outer fold is tagged by a model that was searched for without it (Cawley and Talbot 2010,
jmlr.org/papers/v11/cawley10a.html).
"""

from common.command import UserError

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from articles.parallel import in_threads, outlasting_losses
from tagger.calibration import TemperatureScaled
from tagger.drift import Drift
from tagger.families import Family
from tagger.folds import FOLDS, INNER_FOLDS, splits
from tagger.novelty import Novelty, familiarity_figures
from tagger.search import Choice, choose
from tagger.terms import Counted


@dataclass(frozen=True)
class Evaluation:
    """What models say of articles that they did not see, row by row."""

    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray  # probability of the predicted tag
    fold: np.ndarray  # 0 to FOLDS - 1
    taggers: list[Pipeline]  # one per fold
    familiarity: np.ndarray | None = None  # figures of `tagger.novelty`
    own: np.ndarray | None = None  # probability of the true tag

    @property
    def correct(self) -> np.ndarray:
        return self.predicted == self.true


def trained(choice: Choice, articles: Counted, seen: Evaluation | None = None) -> Pipeline:
    """Return a tagger of prepared articles: their terms, and a calibrated model of the terms.

    The model is that of the choice, fitted to all articles. With their evaluation it also knows how
    unlike them an article, or a batch of articles, is. Raises UserError if the model cannot be
    fitted, such as when no word passes its `min_df`.
    """
    articles = articles.of(choice.candidate.kinds)
    pipeline = choice.candidate.pipeline(articles.terms.columns())
    novelty = Novelty().fit(seen.familiarity) if seen else None
    drift = Drift().fit(seen.familiarity[:, 1], seen.predicted) if seen else None
    model = TemperatureScaled(pipeline, choice.inverse_temperature, novelty, drift)
    try:
        model.fit(articles.counts, articles.tags)
    except ValueError as error:
        raise UserError(f"the model cannot learn from these articles: {error}") from None
    return Pipeline([("terms", articles.terms), ("model", model)])


def evaluate(
    articles: Counted, families: Sequence[Family], seed: int, objective: str = "macro-f1"
) -> Evaluation:
    """The tags that nested cross-validation gives to every article."""
    outer = splits(articles.articles, FOLDS, seed)
    seen = [articles.take(train) for train, _ in outer]
    with tqdm(seen, desc="outer folds", unit="fold", disable=None) as parts:
        choices = [choose(part, families, INNER_FOLDS, seed, objective) for part in parts]

    def train() -> list[Pipeline]:
        with in_threads(*seen):
            return Parallel(n_jobs=-1)(
                delayed(trained)(choice, part) for choice, part in zip(choices, seen, strict=True)
            )

    taggers = outlasting_losses(train)
    return judged(articles, taggers, outer)


def judged(articles: Counted, taggers: list[Pipeline], outer: list[tuple]) -> Evaluation:
    """Return what each tagger says of its fold of the articles; outer: (train, test) rows."""
    true = articles.tags
    predicted, confidence, own = np.empty_like(true), np.zeros(len(true)), np.zeros(len(true))
    fold, familiarity = np.zeros(len(true), dtype=int), np.zeros((len(true), 2))
    for number, (tagger, (train, test)) in enumerate(zip(taggers, outer, strict=True)):
        model, terms = tagger["model"], tagger["terms"]
        part = articles.take(test).of(terms.kinds)
        learnt = articles.take(train).of(terms.kinds).counts.getnnz(axis=0) > 0
        probabilities = model.predict_proba(part.counts)
        familiarity[test] = familiarity_figures(model, terms, part.articles, part.counts, learnt)
        predicted[test] = tagger.classes_[probabilities.argmax(axis=1)]
        confidence[test] = probabilities.max(axis=1)
        own[test] = probability_of(true[test], probabilities, tagger.classes_)
        fold[test] = number
    return Evaluation(true, predicted, confidence, fold, taggers, familiarity, own)


def probability_of(tags: np.ndarray, probabilities: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the probability of a tag for each article; 0 for one that the tagger does not know.

    probabilities: of shape (articles, known tags).
    """
    places = np.minimum(np.searchsorted(known, tags), len(known) - 1)
    found = probabilities[np.arange(len(tags)), places]
    return np.where(known[places] == tags, found, 0.0)
