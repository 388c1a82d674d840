"""Where the vectors of articles come from, and the column of them."""

from common.command import UserError

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd


class Vectors(Protocol):
    """What has a vector for each article."""

    identity: str  # hash of the model that makes them; empty for vectors that were made elsewhere
    name: str  # for messages

    def of(self, articles: pd.DataFrame) -> np.ndarray:
        """Return float32 vectors of shape (articles, size), for prepared articles with words."""


class GivenVectors:
    """Vectors of articles that are numbered from 0."""

    identity, name = "", "vectors"

    def __init__(self, vectors: np.ndarray, articles: int):
        self.vectors = finite(vectors, self.name)
        if len(vectors) != articles:
            raise UserError(f"{len(vectors)} vectors for {articles} texts: give each text one")

    def of(self, articles: pd.DataFrame) -> np.ndarray:
        """Return the vectors of prepared articles, the ids of which are their numbers."""
        return self.vectors[articles["id"].to_numpy(dtype=int)]


def with_vectors(articles: pd.DataFrame, source: Vectors) -> pd.DataFrame:
    """Return prepared articles with the column `vector`, of length 1; None where no word is."""
    rows = np.flatnonzero(articles["words"] != "")
    column = np.full(len(articles), None, dtype=object)
    if len(rows):
        for row, vector in zip(rows, unit(source.of(articles.iloc[rows])), strict=True):
            column[row] = vector
    return articles.assign(vector=column)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length 1 in the same directions; one of zeros stays as it is."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def finite(vectors: np.ndarray, place: str, ids: Sequence[str] = ()) -> np.ndarray:
    """Return the vectors as float32. Raises UserError unless they are rows of finite numbers."""
    if vectors.ndim != 2 or not vectors.shape[1] or vectors.dtype.kind not in "fiu":
        raise UserError(
            f"{place}: {vectors.dtype} of shape {vectors.shape} are not vectors; they are numbers"
            " of shape (articles, size)"
        )
    with np.errstate(over="ignore"):
        found = np.asarray(vectors, dtype=np.float32)
    wrong = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(wrong):
        row = wrong[0]
        of_article = f" of article {ids[row]}" if len(ids) else ""
        raise UserError(f"{place}:{row + 1}: NaN or infinity in the vector{of_article}")
    return found
