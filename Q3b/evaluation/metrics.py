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


def user_measures(recommended: csr_array, test: csr_array, top: int) -> dict[str, np.ndarray]:
    """(users,) each measure of every user, with gains of 0 or 1; NaN without held-out artists.

    recall: hits / held out. ndcg: sum of 1 / log2(rank + 1) over hits / the same sum for an ideal
    list, which has min(top, held out) hits (Järvelin & Kekäläinen 2002). map: mean over the held
    out of the share of hits down to each hit. mrr: 1 / rank of the first hit. hit_rate: 1 if
    there is a hit. All as trec_eval has them, cut at `top`.
    """
    held_out = np.diff(test.indptr)
    found = hits(recommended, test, top)
    ranks = np.arange(1, top + 1)
    gains = 1 / np.log2(ranks + 1)
    precision = (found.cumsum(axis=1) / ranks * found).sum(axis=1)
    first = np.where(found.any(axis=1), 1 / (found.argmax(axis=1) + 1), 0.0)
    some = np.maximum(held_out, 1)
    measures = {
        "recall": found.sum(axis=1) / some,
        "ndcg": found @ gains / np.cumsum(gains)[np.minimum(some, top) - 1],
        "map": precision / some,
        "mrr": first,
        "hit_rate": found.any(axis=1),
    }
    return {
        f"{name}@{top}": np.where(held_out > 0, values, np.nan) for name, values in measures.items()
    }


def recall_and_ndcg(recommended: csr_array, test: csr_array, top: int) -> dict[str, float]:
    """Recall@top and nDCG@top, means over the users with held-out artists; 0 without any."""
    found = user_measures(recommended, test, top)
    return {
        name: float(np.nanmean(found[name])) if test.nnz else 0.0
        for name in (f"recall@{top}", f"ndcg@{top}")
    }


def variety(recommended: csr_array, train: csr_array) -> dict[str, float]:
    """What is recommended to all users together.

    coverage: share of the artists that are recommended to somebody. gini: 0 if all artists are
    recommended equally often, 1 if one alone is. novelty: mean bits of surprise, log2(users /
    listeners), of a recommended artist (Castells et al. 2015). popularity_lift: how many times
    the listeners of the users' own artists the recommended ones have, less 1, by means of users'
    means (Abdollahpouri et al. 2020).
    """
    listeners = np.maximum(listeners_of(train), 1)
    surprise = np.log2(train.shape[0] / listeners)[recommended.indices]
    own = mean_of_means(train, listeners)
    return {
        "coverage": len(np.unique(recommended.indices)) / train.shape[1],
        "gini": gini(np.bincount(recommended.indices, minlength=train.shape[1])),
        "novelty": float(surprise.mean()) if recommended.nnz else 0.0,
        "popularity_lift": mean_of_means(recommended, listeners) / own - 1 if own else 0.0,
    }


def gini(counts: np.ndarray) -> float:
    """The Gini coefficient of counts; 0 if all are 0."""
    ranks = np.arange(1, len(counts) + 1)
    weight = 2 * ranks - len(counts) - 1
    return float(weight @ np.sort(counts) / max(len(counts) * counts.sum(), 1))


def mean_of_means(rows: csr_array, listeners: np.ndarray) -> float:
    """The mean over the rows that are not empty of the mean listeners of their artists."""
    lengths = np.diff(rows.indptr)
    users = np.repeat(np.arange(len(lengths)), lengths)
    sums = np.bincount(users, listeners[rows.indices], minlength=len(lengths))
    some = lengths > 0
    return float((sums[some] / lengths[some]).mean()) if some.any() else 0.0


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
