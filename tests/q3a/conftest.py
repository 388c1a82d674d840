"""Articles and candidates for the tests of the tagger."""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from tagger.evaluation import trained
from tagger.families import Family, families, first_candidate
from tagger.folds import INNER_FOLDS
from tagger.search import choose
from tagger.terms import Counted, counted


def corpus(per_tag: int = 20, seed: int = 0, informative: bool = True) -> pd.DataFrame:
    """Articles whose tag one word decides, or none."""
    generator = np.random.default_rng(seed)
    rows = []
    for tag in ("甲", "乙", "丙"):
        for number in range(per_tag):
            filler = " ".join(f"字{word}" for word in generator.integers(0, 50, 12))
            rows.append((f"{tag}{number}", tag, f"{tag}詞 {filler}" if informative else filler))
    articles = pd.DataFrame(rows, columns=["id", "tag", "words"])
    return articles.assign(plain=articles["words"], group=range(len(articles)))


def counted_corpus(**settings) -> Counted:
    """The articles of `corpus` with the counts of all kinds of terms."""
    return counted(corpus(**settings))


def one_candidate(kind: str) -> Family:
    """The first candidate of the first family of that kind: forest, linear or vote."""
    family = next(it for it in families("all", "quick", 0) if it.name.startswith(kind))
    return first_candidate(family)


def tagger_of(candidate: Family, articles: Counted, seed: int = 0) -> Pipeline:
    """Return a tagger of one candidate."""
    return trained(choose(articles, [candidate], INNER_FOLDS, seed), articles)
