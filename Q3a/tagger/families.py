"""The families of models that one grid search compares, from linear ones to forests.

A model reads the counts of `tagger.terms`, of shape (articles, terms).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline

from tagger.features import CentredVectors, Columns, weights, word_counts
from tagger.liblinear import RepeatableSVC
from tagger.nb_logistic import MOST_STEPS, NBLogisticRegression
from tagger.softmax_svc import SoftmaxSVC
from tagger.terms import VECTORS
from tagger.vector_regression import VectorRegression

WORDS, CHARACTERS = ("words",), ("characters",)
WORD_RUNS, CHARACTER_RUNS = ("words", "word pairs"), ("characters", "character triples")
# Little smoothing is right for long articles and much for short ones: both have a say.
SMOOTHINGS = (0.05, 0.4)


@dataclass(frozen=True)
class Family:
    """Models that differ only in the settings of `grid`; a candidate has one value of each."""

    name: str
    kinds: tuple[str, ...]  # of the terms that it reads
    build: Callable[[Columns], Pipeline]  # from features to model
    grid: Mapping[str, list] = field(default_factory=dict)

    def parameters(self, columns: Columns) -> dict[str, list]:
        """What GridSearchCV tries on `pipeline()`."""
        steps = self.build(columns)
        return {"features": [steps["features"]], "model": [steps["model"]], **self.grid}

    def candidate(self, settings: Mapping[str, float | None]) -> "Family":
        """Return the family with one value of each setting."""
        return replace(self, grid={name: [settings[name]] for name in self.grid})

    def pipeline(self, columns: Columns) -> Pipeline:
        """Return the pipeline of a candidate, for counts in these columns."""
        settings = {name: value for name, (value,) in self.grid.items()}
        return self.build(columns).set_params(**settings)


def telling_part(fitted: Pipeline) -> tuple[TransformerMixin, ClassifierMixin]:
    """Return the features and the model that tell tags apart; of a vote its regression's."""
    part = getattr(fitted["model"], "named_estimators_", {}).get("text", fitted)
    part = getattr(part["model"], "named_estimators_", {}).get("words", part)
    voters = getattr(part["model"], "named_estimators_", {})
    return part["features"], voters.get("linear", part["model"])


def tag_coefficients(model) -> np.ndarray:
    """Coefficients of shape (tags, features); of two tags scikit-learn keeps one row."""
    if isinstance(model, OneVsRestClassifier):
        return np.vstack([regression.coef_ for regression in model.estimators_])
    return model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])


def pipeline(features="passthrough", model: ClassifierMixin | None = None) -> Pipeline:
    """Return the two steps that every family fills."""
    return Pipeline([("features", features), ("model", model)])


def forest(name: str, seed: int, grid: Mapping[str, list]) -> Family:
    """Random forests on word counts."""
    return Family(name, WORDS, partial(forest_pipeline, seed), grid)


def forest_pipeline(seed: int, columns: Columns) -> Pipeline:
    return pipeline(word_counts(columns), RandomForestClassifier(random_state=seed))


def linear(
    name: str, seed: int, class_weight: str | None, penalties: list[float], *groups: tuple[str, ...]
) -> Family:
    """Linear support vector machines on TF-IDF weights of some groups of kinds of terms."""
    kinds = tuple(kind for group in groups for kind in group)
    build = partial(linear_pipeline, seed, class_weight, groups)
    return Family(name, kinds, build, {"model__C": penalties})


def linear_pipeline(
    seed: int, class_weight: str | None, groups: tuple, columns: Columns
) -> Pipeline:
    model = RepeatableSVC(class_weight=class_weight, random_state=seed)
    return pipeline(weights(columns, *groups), model)


def vote(name: str, seed: int, class_weight: str | None, penalties: list[float]) -> Family:
    """The average of regression, naive Bayes and a support vector machine.

    The first learns what tells tags apart, the second how each tag writes, the third where the tags
    end, from longer runs of words and characters too: they err on different articles.
    """
    kinds = (*WORD_RUNS, *CHARACTER_RUNS)
    grid = {"model__vectors__model__C": penalties}
    return Family(name, kinds, partial(vote_pipeline, seed, class_weight), grid)


def vote_pipeline(seed: int, class_weight: str | None, columns: Columns) -> Pipeline:
    bayes = [
        (f"bayes{number}", ComplementNB(alpha=alpha)) for number, alpha in enumerate(SMOOTHINGS)
    ]
    regression = NBLogisticRegression(C=1.0, class_weight=class_weight)
    by_words = VotingClassifier(
        [("linear", regression), *bayes], voting="soft", weights=[2, *[1] * len(bayes)]
    )
    by_runs = SoftmaxSVC(C=0.3, class_weight=class_weight, random_state=seed)
    short = pipeline(weights(columns, WORDS, CHARACTERS), by_words)
    long = pipeline(weights(columns, WORD_RUNS, CHARACTER_RUNS), by_runs)
    both = VotingClassifier([("words", short), ("vectors", long)], voting="soft", weights=[2, 1])
    return pipeline(model=both)


def vote_with_vectors(
    name: str, seed: int, class_weight: str | None, penalties: list[float]
) -> Family:
    """The average of the vote and of a regression on the articles' vectors."""
    kinds = (*WORD_RUNS, *CHARACTER_RUNS, VECTORS)
    grid = {"model__vectors__model__C": penalties}
    return Family(name, kinds, partial(vote_with_vectors_pipeline, seed, class_weight), grid)


def vote_with_vectors_pipeline(seed: int, class_weight: str | None, columns: Columns) -> Pipeline:
    span = columns[VECTORS].start, columns[VECTORS].stop
    regression = VectorRegression(class_weight=class_weight, max_iter=MOST_STEPS)
    by_vectors = pipeline(CentredVectors(span), regression)
    text = vote_pipeline(seed, class_weight, columns)
    both = [("text", text), ("vectors", by_vectors)]
    return pipeline(model=VotingClassifier(both, voting="soft", weights=[1, 1]))


# The grid of the reference method: word counts between two document frequencies, a shallow forest.
REFERENCE_GRID = {
    "features__min_df": [0.01, 0.05, 0.1],
    "features__max_df": [0.8, 0.9],
    "model__n_estimators": [50, 100, 200],
    "model__max_depth": [8, 10, 12],
}
# A few candidates, so that one search of 685 articles takes seconds.
QUICK_REFERENCE_GRID = {
    "features__min_df": [0.01],
    "features__max_df": [0.9],
    "model__n_estimators": [100],
    "model__max_depth": [12],
}


def families(
    model: str, search: str, seed: int, objective: str = "macro-f1", vectors: bool = False
) -> list[Family]:
    """Return the families to compare for the values of `--model`, `--search` and `--objective`.

    vectors: whether the articles have vectors; without a search the family that reads them is it.
    Their order is that in which `search.preferred` takes them: those first that do well on long
    and on short texts alike. For macro F1 all tags weigh alike in learning, for accuracy all
    articles.
    """
    full = search == "full"
    exact = full or (model == "reference" and search != "none")
    class_weight = "balanced" if objective == "macro-f1" else None
    depths, penalties = ([8, 12, None], [0.1, 0.3, 1.0, 3.0]) if full else ([12], [1.0])
    reference = forest("reference forest", seed, REFERENCE_GRID if exact else QUICK_REFERENCE_GRID)
    forests = [forest("forest on all words", seed, {"model__max_depth": depths}), reference]
    linears = [
        vote(
            "vote on words and characters", seed, class_weight, [0.1, 0.3, 1.0] if full else [0.3]
        ),
        linear("linear on words and characters", seed, class_weight, penalties, WORDS, CHARACTERS),
        linear("linear on characters", seed, class_weight, penalties, CHARACTERS),
        linear("linear on words", seed, class_weight, penalties, WORDS),
    ]
    chosen = {
        "all": linears + (forests if full else forests[:1]),
        "reference": [reference],
        "forest": forests,
        "linear": linears,
    }[model]
    if vectors:
        penalties = [0.3, 1.0, 3.0] if full else [1.0]
        chosen.insert(1, vote_with_vectors("vote with vectors", seed, class_weight, penalties))
    return [first_candidate(chosen[int(vectors)])] if search == "none" else chosen


def first_candidate(family: Family) -> Family:
    """The family with the first value of each setting alone."""
    return replace(family, grid={name: values[:1] for name, values in family.grid.items()})
