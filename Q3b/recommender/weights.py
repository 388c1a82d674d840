"""How much one play count says: weights of plays, and of artists by how few users play them."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from recommender.taste import relative_weights

KINDS = ("binary", "log", "relative", "bm25")
BM25_SATURATION, BM25_LENGTH = 5.0, 0.75  # k1 and b of Robertson & Zaragoza (2009)


@dataclass(frozen=True)
class PlayWeights:
    """Turn plays into weights the way that was fitted to a set of users.

    kind: one of KINDS
    mean_plays: plays per user, which the lengths of BM25 are relative to
    artist_factors: (artists,) by which each artist's weights are multiplied
    """

    kind: str
    mean_plays: float
    artist_factors: np.ndarray

    def of(self, plays: csr_array) -> csr_array:
        """The float32 weights of (users, artists) plays, all above 0."""
        weights = plays.data.astype(np.float64)
        counts = np.diff(plays.indptr)
        if self.kind == "binary":
            weights[:] = 1
        elif self.kind == "log":
            weights = np.log1p(weights)
        elif self.kind == "relative":
            weights = relative_weights(weights, np.repeat(mean_of_rows(plays), counts))
        else:
            lengths = np.repeat(plays.sum(axis=1, dtype=np.float64) / self.mean_plays, counts)
            softened = 1 - BM25_LENGTH + BM25_LENGTH * lengths
            weights = weights * (BM25_SATURATION + 1) / (weights + BM25_SATURATION * softened)
        weights *= self.artist_factors[plays.indices]
        return csr_array((weights.astype(np.float32), plays.indices, plays.indptr), plays.shape)


def mean_of_rows(plays: csr_array) -> np.ndarray:
    """(users,) mean plays of the artists that each user plays; 0 for none."""
    return plays.sum(axis=1, dtype=np.float64) / np.maximum(np.diff(plays.indptr), 1)


def listeners_of(plays: csr_array) -> np.ndarray:
    """(artists,) how many users play each artist."""
    return np.bincount(plays.indices, minlength=plays.shape[1])


def rarity(plays: csr_array, power: float) -> np.ndarray:
    """(artists,) log(users / listeners) ** power: 0 for what everybody plays.

    The inverse document frequency of text retrieval (Sparck Jones 1972); an artist that nobody
    plays gets 0 too.
    """
    users, listeners = plays.shape[0], listeners_of(plays)
    shares = np.divide(listeners, users, out=np.ones(len(listeners)), where=listeners > 0)
    return (-np.log(shares)) ** power


def fitted_weights(plays: csr_array, kind: str, artist_factors: np.ndarray) -> PlayWeights:
    """Fit weights of a kind to (users, artists) plays. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"no weights named {kind!r}: choose from {', '.join(KINDS)}")
    mean_plays = plays.sum(dtype=np.float64) / max(plays.shape[0], 1)
    return PlayWeights(kind, float(mean_plays) or 1.0, artist_factors)
