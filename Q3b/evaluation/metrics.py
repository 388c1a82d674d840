"""How good recommendations are: measures over users of one split.

Recommendations are (users, artists) sparse rows by falling score, at most `top` entries each.
"""

import numpy as np
from scipy.sparse import csr_array

from recommender.weights import listeners_of


def hits(recommended: csr_array, test: csr_array, top: int) -> np.ndarray:
    """(users, top) whether the artist at each rank was held out."""
    lengths = np.diff(recommended.indptr)
    users = np.repeat(np.arange(len(lengths)), lengths)
    ranks = np.arange(recommended.nnz) - recommended.indptr[users]
    artists = test.shape[1]
    held_out = np.repeat(np.arange(test.shape[0]), np.diff(test.indptr)) * artists + test.indices
    found = np.zeros((len(lengths), top), bool)
    shown = ranks < top
    keys = users[shown] * np.int64(artists) + recommended.indices[shown]
    found[users[shown], ranks[shown]] = np.isin(keys, held_out)
    return found


def recall_and_ndcg(recommended: csr_array, test: csr_array, top: int) -> dict[str, float]:
    """Recall@top and nDCG@top, means over the users with held-out artists.

    recall = hits / held out; nDCG = sum of 1 / log2(rank + 1) over hits / the same sum for an
    ideal list, which has min(top, held out) hits (Järvelin & Kekäläinen 2002, binary gains).
    """
    held_out = np.diff(test.indptr)
    scored = held_out > 0
    found = hits(recommended, test, top)[scored]
    gains = 1 / np.log2(np.arange(top) + 2)
    ideal = np.cumsum(gains)[np.minimum(held_out[scored], top) - 1]
    return {
        f"recall@{top}": float((found.sum(axis=1) / held_out[scored]).mean()),
        f"ndcg@{top}": float((found @ gains / ideal).mean()),
    }


def variety(recommended: csr_array, train: csr_array) -> dict[str, float]:
    """Coverage and novelty.

    coverage: share of the artists that are recommended to somebody. novelty: mean bits of
    surprise, log2(users / listeners), of a recommended artist (Castells et al. 2015).
    """
    listeners = np.maximum(listeners_of(train), 1)
    surprise = np.log2(train.shape[0] / listeners)[recommended.indices]
    return {
        "coverage": len(np.unique(recommended.indices)) / train.shape[1],
        "novelty": float(surprise.mean()) if recommended.nnz else 0.0,
    }


def hubness(neighbour_ids: np.ndarray, users: int) -> dict[str, float]:
    """How unevenly users are each other's neighbours, from all (links,) neighbour ids.

    antihubs: share of the users who are nobody's neighbour. hub_links: share of all links that
    go to the most chosen hundredth of the users (Radovanović, Nanopoulos & Ivanović 2010).
    """
    chosen = np.bincount(neighbour_ids, minlength=users)
    most = np.sort(chosen)[::-1][: max(1, users // 100)]
    return {
        "antihubs": float((chosen == 0).mean()),
        "hub_links": float(most.sum() / max(chosen.sum(), 1)),
    }
