"""What models read of the counts of terms: which terms, and how much each weighs.

All of it is fitted to the training articles of a fold alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer

Columns = Mapping[str, slice]  # of the counts, by kind of term


class FrequentTerms(TransformerMixin, BaseEstimator):
    """The counts of terms that are in enough articles, and not in too many.

    span: the columns to take them from, first and end. min_df, max_df: number of articles (int) or
    fraction of them (float), as CountVectorizer has it. Raises ValueError if no term is left.
    """

    def __init__(self, span: tuple[int, int], min_df: float = 1, max_df: float = 1.0):
        self.span = span
        self.min_df = min_df
        self.max_df = max_df

    def fit(self, X: sparse.csr_matrix, y=None) -> "FrequentTerms":
        least, most = (
            value * X.shape[0] if isinstance(value, float) else value
            for value in (self.min_df, self.max_df)
        )
        start, stop = self.span
        articles = np.bincount(X.indices, minlength=X.shape[1])[start:stop]
        self.columns_ = start + np.flatnonzero((articles >= max(least, 1)) & (articles <= most))
        if not len(self.columns_):
            raise ValueError(f"no term is in {self.min_df} to {self.max_df} of the articles")
        return self

    def transform(self, X: sparse.csr_matrix) -> sparse.csr_matrix:
        return X[:, self.columns_]

    def get_feature_names_out(self, terms: np.ndarray) -> np.ndarray:
        return terms[self.columns_]


class TermWeights(TransformerMixin, BaseEstimator):
    """TF-IDF weights of terms, the frequency on a logarithmic scale.

    groups: spans of columns, first and end; the weights of one group together have length 1 in each
    article. Terms that no training article has are left out.
    """

    def __init__(self, groups: Sequence[Sequence[tuple[int, int]]]):
        self.groups = groups

    def fit(self, X: sparse.csr_matrix, y=None) -> "TermWeights":
        self.fit_transform(X)
        return self

    def fit_transform(self, X: sparse.csr_matrix, y=None) -> sparse.csr_matrix:
        articles = np.bincount(X.indices, minlength=X.shape[1])
        self.columns_ = [
            np.concatenate([first + np.flatnonzero(articles[first:end]) for first, end in group])
            for group in self.groups
        ]
        parts = [X[:, columns] for columns in self.columns_]
        self.weights_ = [TfidfTransformer(sublinear_tf=True).fit(part) for part in parts]
        return self.weighed(parts)

    def transform(self, X: sparse.csr_matrix) -> sparse.csr_matrix:
        return self.weighed([X[:, columns] for columns in self.columns_])

    def weighed(self, parts: list[sparse.csr_matrix]) -> sparse.csr_matrix:
        """Return the weights of counts that are no longer needed."""
        weighed = [
            weights.transform(part, copy=False)
            for weights, part in zip(self.weights_, parts, strict=True)
        ]
        return sparse.csr_matrix(sparse.hstack(weighed, format="csr"))

    def get_feature_names_out(self, terms: np.ndarray) -> np.ndarray:
        return terms[np.concatenate(self.columns_)]


class CentredVectors(TransformerMixin, BaseEstimator):
    """Vectors of articles less their mean, divided by one number: their mean square length is 1.

    span: the columns to take them from, first and end.
    """

    def __init__(self, span: tuple[int, int]):
        self.span = span

    def fit(self, X: sparse.csr_matrix, y=None) -> "CentredVectors":
        self.columns_ = [np.arange(*self.span)]
        vectors = X[:, slice(*self.span)].toarray()
        self.mean_ = vectors.mean(axis=0)
        self.length_ = float(np.sqrt(((vectors - self.mean_) ** 2).sum(axis=1).mean())) or 1.0
        return self

    def transform(self, X: sparse.csr_matrix) -> np.ndarray:
        return (X[:, slice(*self.span)].toarray() - self.mean_) / self.length_


def word_counts(columns: Columns) -> FrequentTerms:
    """Return the counts of words."""
    return FrequentTerms((columns["words"].start, columns["words"].stop))


def weights(columns: Columns, *groups: tuple[str, ...]) -> TermWeights:
    """Return the weights of some groups of kinds of terms."""
    spans = {kind: (place.start, place.stop) for kind, place in columns.items()}
    return TermWeights(tuple(tuple(spans[kind] for kind in group) for group in groups))
