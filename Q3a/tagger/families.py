"""The families of models that one grid search compares, from forests to linear ones.

A model reads a frame of articles with the columns `plain` (text) and `words` (the same, segmented
and joined by spaces).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from tagger.nb_logistic import NBLogisticRegression

# scikit-learn's default pattern drops words of one character, and a tokenizer function of our own
# could not be saved.
WORD = r"\S+"


@dataclass(frozen=True)
class Family:
    """Models that differ only in the settings of `grid`."""

    name: str
    features: ColumnTransformer
    model: ClassifierMixin
    grid: Mapping[str, list] = field(default_factory=dict)

    def parameters(self) -> dict[str, list]:
        """What GridSearchCV tries on `pipeline()`."""
        return {"features": [self.features], "model": [self.model], **self.grid}


def pipeline(memory: str | None = None) -> Pipeline:
    """The pipeline that every family fills; `memory` is where it keeps fitted features."""
    return Pipeline([("features", "passthrough"), ("model", None)], memory=memory)


def word_counts() -> tuple:
    """(name, vectorizer, column) for ColumnTransformer: how often each word occurs."""
    return "words", CountVectorizer(token_pattern=WORD), "words"


def word_weights() -> tuple:
    """The same for the TF-IDF of words, the frequency on a logarithmic scale."""
    return "words", TfidfVectorizer(token_pattern=WORD, sublinear_tf=True), "words"


def character_weights() -> tuple:
    """The same for the TF-IDF of characters and of pairs of them."""
    pairs = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    return "characters", pairs, "plain"


def forest(name: str, seed: int, grid: Mapping[str, list]) -> Family:
    """Random forests on word counts."""
    features = ColumnTransformer([word_counts()])
    return Family(name, features, RandomForestClassifier(random_state=seed), grid)


def linear(name: str, seed: int, penalties: list[float], *features: tuple) -> Family:
    """Linear support vector machines on TF-IDF weights."""
    grid = {"model__C": penalties}
    return Family(name, ColumnTransformer(list(features)), LinearSVC(random_state=seed), grid)


def pair(name: str, grid: Mapping[str, list], *features: tuple) -> Family:
    """Regression on ratios and naive Bayes on TF-IDF weights, their probabilities averaged.

    The one learns what tells tags apart, the other how each tag writes, so that they err on
    different articles; the smoothing `alpha` also sets how much naive Bayes has to say.
    """
    both = [("linear", NBLogisticRegression()), ("bayes", ComplementNB())]
    return Family(
        name, ColumnTransformer(list(features)), VotingClassifier(both, voting="soft"), grid
    )


# The grid of the classic way: word counts between two document frequencies and a shallow forest.
REFERENCE_GRID = {
    "features__words__min_df": [0.01, 0.05, 0.1],
    "features__words__max_df": [0.8, 0.9],
    "model__n_estimators": [50, 100, 200],
    "model__max_depth": [8, 10, 12],
}
# A few candidates, so that one search of 685 articles takes seconds.
QUICK_REFERENCE_GRID = {
    "features__words__min_df": [0.01],
    "features__words__max_df": [0.9],
    "model__n_estimators": [100],
    "model__max_depth": [12],
}
PAIR_GRID = {
    "model__linear__C": [1.0, 3.0, 10.0],
    "model__bayes__alpha": [0.02, 0.05, 0.1, 0.2, 0.4],
}
# Little smoothing for long articles, much for short ones.
QUICK_PAIR_GRID = {"model__bayes__alpha": [0.05, 0.2]}


def families(model: str, search: str, seed: int) -> list[Family]:
    """Return the families to compare for the values of `--model` and `--search`.

    They stand in the order in which `search.preferred` takes them: those first that do
    well on long and on short texts alike.
    """
    full = search == "full"
    exact = full or (model == "reference" and search != "none")
    depths, penalties = ([8, 12, None], [0.1, 0.3, 1.0, 3.0]) if full else ([12], [1.0])
    pairs = PAIR_GRID if full else QUICK_PAIR_GRID
    reference = forest("reference forest", seed, REFERENCE_GRID if exact else QUICK_REFERENCE_GRID)
    forests = [forest("forest on all words", seed, {"model__max_depth": depths}), reference]
    words, characters = word_weights(), character_weights()
    linears = [
        pair("pair on words and characters", pairs, words, characters),
        linear("linear on words and characters", seed, penalties, words, characters),
        linear("linear on characters", seed, penalties, characters),
        linear("linear on words", seed, penalties, words),
    ]
    chosen = {
        "all": linears + forests,
        "reference": [reference],
        "forest": forests,
        "linear": linears,
    }[model]
    return [first_candidate(chosen[0])] if search == "none" else chosen


def first_candidate(family: Family) -> Family:
    """The family with the first value of each setting alone."""
    return replace(family, grid={name: values[:1] for name, values in family.grid.items()})
