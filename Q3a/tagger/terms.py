"""Terms of articles, such as words, counted once for a whole run; models weigh the counts.

A model reads a matrix of shape (articles, terms). What a count is worth, such as its inverse
document frequency, is fitted in the folds; the count itself depends on no other article. The
numbers of an article's vector are columns of the matrix, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer

# scikit-learn's default pattern drops words of one character, and a tokenizer function of our own
# could not be saved.
WORD = r"\S+"
# By kind of term: the column of the articles, and the settings of CountVectorizer.
KINDS = {
    "words": ("words", {"token_pattern": WORD}),
    "word pairs": ("words", {"token_pattern": WORD, "ngram_range": (2, 2)}),
    "characters": ("plain", {"analyzer": "char", "ngram_range": (1, 2)}),
    "character triples": ("plain", {"analyzer": "char", "ngram_range": (3, 3)}),
}
VECTORS = "vectors"  # a kind, too, of articles that have the column `vector`
COLUMNS = {kind: column for kind, (column, _) in KINDS.items()} | {VECTORS: "vector"}


class VectorColumns:
    """The numbers of vectors as columns, in the way of CountVectorizer.

    vocabulary: the columns' names.
    """

    def __init__(self, vocabulary: list[str]):
        self.vocabulary = vocabulary

    def transform(self, vectors: pd.Series) -> sparse.csr_matrix:
        return sparse.csr_matrix(np.array(vectors.tolist()).reshape(-1, len(self.vocabulary)))


class TermCounts(TransformerMixin, BaseEstimator):
    """Counts of the terms of some `kinds`, in the order of COLUMNS, that the fitted articles have.

    It is saved, and sent to other processes, as arrays of bytes: skops would write a file for each
    term of a vocabulary.
    """

    def __init__(self, kinds: tuple[str, ...] = tuple(KINDS)):
        self.kinds = kinds

    def fit(self, articles: pd.DataFrame, y=None) -> "TermCounts":
        self.fit_transform(articles)
        return self

    def fit_transform(self, articles: pd.DataFrame, y=None) -> sparse.csr_matrix:
        """Return the counts of `articles` (columns `plain` and `words`), as models want them."""
        self.vectorizers_, blocks = {}, []
        for kind in self.kinds:
            counts, terms = counts_and_terms(kind, articles[COLUMNS[kind]])
            blocks.append(counts)
            self.vectorizers_[kind] = vectorizer_of(kind, terms)
        return sparse.csr_matrix(sparse.hstack(blocks, format="csr", dtype=np.float64))

    def transform(self, articles: pd.DataFrame) -> sparse.csr_matrix:
        """Return the counts of `articles`, terms that were not fitted left out."""
        blocks = [
            vectorizer.transform(articles[COLUMNS[kind]])
            if vectorizer.vocabulary
            else sparse.csr_matrix((len(articles), 0), dtype=np.int64)
            for kind, vectorizer in self.vectorizers_.items()
        ]
        return sparse.csr_matrix(sparse.hstack(blocks, format="csr", dtype=np.float64))

    def columns(self) -> dict[str, slice]:
        """Return where the terms of each kind are in the counts."""
        ends = np.cumsum([len(it.vocabulary) for it in self.vectorizers_.values()]).tolist()
        starts = [0, *ends[:-1]]
        return dict(zip(self.kinds, map(slice, starts, ends), strict=True))

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the terms, in the order of their columns."""
        terms = [term for it in self.vectorizers_.values() for term in it.vocabulary]
        return np.array(terms, dtype=object)

    def of(self, kinds: Iterable[str]) -> "TermCounts":
        """Return a copy with only the terms of some kinds."""
        fewer = TermCounts(tuple(kind for kind in self.kinds if kind in kinds))
        fewer.vectorizers_ = {kind: self.vectorizers_[kind] for kind in fewer.kinds}
        return fewer

    def __getstate__(self) -> dict:
        fitted = getattr(self, "vectorizers_", {})
        terms = {
            kind: np.frombuffer("\n".join(it.vocabulary).encode(), dtype=np.uint8)
            for kind, it in fitted.items()
        }
        return {"kinds": self.kinds, "terms": terms}

    def __setstate__(self, state: Mapping) -> None:
        self.kinds = tuple(state["kinds"])
        self.vectorizers_ = {
            kind: vectorizer_of(kind, terms.tobytes().decode().split("\n") if len(terms) else [])
            for kind, terms in state["terms"].items()
        }


def counts_and_terms(kind: str, articles: pd.Series) -> tuple[sparse.csr_matrix, list[str]]:
    """Return the counts of all terms of a kind that the articles have, and the terms."""
    if kind == VECTORS:
        terms = [f"{kind} {number}" for number in range(len(articles.iloc[0]))]
        return VectorColumns(terms).transform(articles), terms
    vectorizer = CountVectorizer(**KINDS[kind][1])
    try:
        counts = vectorizer.fit_transform(articles)
    except ValueError:  # no term at all, as of pairs where each article is one word
        return sparse.csr_matrix((len(articles), 0), dtype=np.int64), []
    return counts, vectorizer.get_feature_names_out().tolist()


def vectorizer_of(kind: str, terms: list[str]) -> CountVectorizer | VectorColumns:
    """Return a vectorizer that counts these terms, of which no article of a user has a newline."""
    if kind == VECTORS:
        return VectorColumns(terms)
    return CountVectorizer(vocabulary=terms, **KINDS[kind][1])


@dataclass(frozen=True)
class Counted:
    """Articles to learn from, and their counts of terms, of shape (articles, terms)."""

    articles: pd.DataFrame  # with the columns tag and group
    terms: TermCounts
    counts: sparse.csr_matrix

    def __len__(self) -> int:
        return len(self.articles)

    @property
    def tags(self) -> np.ndarray:
        return self.articles["tag"].to_numpy()

    def take(self, rows: np.ndarray) -> "Counted":
        """Return some of the articles."""
        return replace(self, articles=self.articles.iloc[rows], counts=self.counts[rows])

    def of(self, kinds: Iterable[str]) -> "Counted":
        """Return the articles with the counts of some kinds of terms alone."""
        columns = [place for kind, place in self.terms.columns().items() if kind in kinds]
        if len(columns) == len(self.terms.kinds):
            return self
        parts = [self.counts[:, place] for place in columns]
        return replace(self, terms=self.terms.of(kinds), counts=sparse.hstack(parts, format="csr"))


def counted(articles: pd.DataFrame, kinds: Iterable[str] = tuple(KINDS)) -> Counted:
    """Return prepared articles with the counts of their terms of some kinds."""
    terms = TermCounts(tuple(kind for kind in COLUMNS if kind in set(kinds)))
    counts = terms.fit_transform(articles)
    return Counted(articles, terms, counts)
