"""What a fitted tagger has learnt: the words, or pairs of characters, that weigh most."""

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from tagger.families import Family, tag_coefficients, telling_part
from tagger.folds import FOLDS, splits
from tagger.multi_label import decisions_of
from tagger.terms import Counted

PERMUTED_WORDS = 200  # the most important ones by impurity: permuting all would take hours
REPEATS = 5


def top_words(tagger: Pipeline, count: int) -> pd.DataFrame:
    """The `count` weightiest words, best first, with columns word, tag, importance.

    A forest's importance is the mean decrease in impurity, of no one tag; a linear model's is the
    coefficient for the tag that the word speaks for most, as a word or as a pair of characters.
    """
    features, model = telling_part((decisions_of(tagger) or tagger["model"]).model_)
    words = feature_words(features, tagger["terms"].get_feature_names_out())
    if hasattr(model, "feature_importances_"):
        tags, importance = "", model.feature_importances_
    else:
        weights = tag_coefficients(model)
        tags, importance = tagger.classes_[weights.argmax(axis=0)], weights.max(axis=0)
    table = pd.DataFrame({"word": words, "tag": tags, "importance": importance})
    table = table.sort_values("importance", ascending=False, kind="stable")
    return table.drop_duplicates("word").head(count).reset_index(drop=True)


def feature_words(features: TransformerMixin, terms: np.ndarray) -> list[str]:
    """The word of each feature; a space within a pair of characters shows as ␣."""
    names = features.get_feature_names_out(terms)
    return [name.replace(" ", "␣") for name in names]


def permuted_words(articles: Counted, forest: Family, count: int, seed: int) -> pd.DataFrame:
    """The words whose permutation costs a forest most, as `top_words` does.

    The importance is the rise in log loss on articles that the forest did not see, the mean over
    folds. Of words that say the same, such as the halves of a name, one can replace the other.
    """
    articles = articles.of(forest.kinds)
    folds = splits(articles.articles, FOLDS, seed)
    importance = pd.concat(
        log_loss_rises(forest, articles.take(train), articles.take(test), seed)
        for train, test in tqdm(folds, desc="permuting", unit="fold", disable=None)
    )
    importance = importance.groupby(level=0).sum() / FOLDS
    table = importance.rename_axis("word").reset_index(name="importance").assign(tag="")
    return table.nlargest(count, "importance", keep="first").reset_index(drop=True)


def log_loss_rises(forest: Family, seen: Counted, unseen: Counted, seed: int) -> pd.Series:
    """The mean rise in log loss when each of the foremost words is shuffled among articles."""
    pipeline = forest.pipeline(seen.terms.columns()).fit(seen.counts, seen.tags)
    generator = np.random.default_rng(seed)
    words = np.array(feature_words(pipeline["features"], seen.terms.get_feature_names_out()))
    model = pipeline["model"]
    foremost = np.argsort(-model.feature_importances_, kind="stable")[:PERMUTED_WORDS]
    counts = pipeline["features"].transform(unseen.counts).toarray()

    def loss() -> float:
        return log_loss(unseen.tags, model.predict_proba(counts), labels=model.classes_)

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
