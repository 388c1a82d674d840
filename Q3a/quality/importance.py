"""What a fitted tagger has learnt: the words, or pairs of characters, that weigh most."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from tagger.predictions import FEATURES
from tagger.search import FOLDS, splits

PERMUTED_WORDS = 200  # the most important ones by impurity: permuting all would take hours
REPEATS = 5


def fitted_pipeline(tagger: CalibratedClassifierCV) -> Pipeline:
    """The one pipeline under the calibration."""
    return tagger.calibrated_classifiers_[0].estimator


def top_words(tagger: CalibratedClassifierCV, count: int) -> pd.DataFrame:
    """The `count` weightiest words, best first, with columns word, tag, importance.

    A forest's importance is the mean decrease in impurity, of no one tag; a linear model's is the
    coefficient for the tag that the word speaks for most, as a word or as a pair of characters.
    """
    pipeline = fitted_pipeline(tagger)
    words = feature_words(pipeline)
    model = pipeline["model"]
    if hasattr(model, "feature_importances_"):
        tags, importance = "", model.feature_importances_
    else:
        weights = tag_coefficients(model)
        tags, importance = tagger.classes_[weights.argmax(axis=0)], weights.max(axis=0)
    table = pd.DataFrame({"word": words, "tag": tags, "importance": importance})
    table = table.sort_values("importance", ascending=False, kind="stable")
    return table.drop_duplicates("word").head(count).reset_index(drop=True)


def feature_words(pipeline: Pipeline) -> list[str]:
    """The word of each feature; a space within a pair of characters shows as ␣."""
    names = pipeline["features"].get_feature_names_out()
    return [name.split("__", 1)[1].replace(" ", "␣") for name in names]


def tag_coefficients(model) -> np.ndarray:
    """Coefficients of shape (tags, features); of two tags scikit-learn keeps one row.

    Of a pair they are those of its linear model, which learns what tells the tags apart.
    """
    model = getattr(model, "named_estimators_", {}).get("linear", model)
    return model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])


def permuted_words(articles: pd.DataFrame, forest: Pipeline, count: int, seed: int) -> pd.DataFrame:
    """The words whose permutation costs a forest most, as `top_words` does.

    The importance is the rise in log loss on articles that the forest did not see, the mean over
    folds. Of words that say the same, such as the halves of a name, one can stand in for the other.
    """
    folds = [
        log_loss_rises(clone(forest).fit(seen[FEATURES], seen["tag"]), unseen, seed)
        for seen, unseen in (
            (articles.iloc[train], articles.iloc[test])
            for train, test in tqdm(
                splits(articles, FOLDS, seed), desc="permuting", unit="fold", disable=None
            )
        )
    ]
    importance = pd.concat(folds).groupby(level=0).sum() / len(folds)
    table = importance.rename_axis("word").reset_index(name="importance").assign(tag="")
    return table.nlargest(count, "importance", keep="first").reset_index(drop=True)


def log_loss_rises(forest: Pipeline, unseen: pd.DataFrame, seed: int) -> pd.Series:
    """The mean rise in log loss when each of the foremost words is dealt out anew."""
    generator = np.random.default_rng(seed)
    words = np.array(feature_words(forest))
    foremost = np.argsort(-forest["model"].feature_importances_, kind="stable")[:PERMUTED_WORDS]
    counts = forest["features"].transform(unseen[FEATURES]).toarray()

    def loss() -> float:
        probabilities = forest["model"].predict_proba(counts)
        return log_loss(unseen["tag"], probabilities, labels=forest.classes_)

    usual, rises = loss(), []
    for column in foremost:
        kept = counts[:, column].copy()
        losses = []
        for _ in range(REPEATS):
            counts[:, column] = generator.permutation(kept)
            losses.append(loss())
        counts[:, column] = kept
        rises.append(np.mean(losses) - usual)
    return pd.Series(rises, index=words[foremost])
