"""How good a run's recommendations are: hide some of what users play, and see if it comes back."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from play_counts import PlayCounts
from scipy.sparse import csr_array

USERS = 5_000  # at most: a small sample tells whether something broke, in seconds
HIDDEN = 0.2  # of each user's artists
FEWEST = 5  # artists of a user of whom some are hidden


def hold_out_scores(
    plays: PlayCounts, recommend: Callable[[PlayCounts], csr_array], top: int, seed: int
) -> dict[str, float]:
    """Return recall and nDCG of what `recommend` finds without the hidden plays.

    recommend: returns (users, artists), at most `top` entries in a row, the best first. The
    scores are means over the users of whom something is hidden, of a sample of USERS; an empty
    dict if there are none. Recall is the share of the hidden that comes back; the ideal of nDCG
    has hits alone.
    """
    random = np.random.default_rng(seed)
    rows = random.choice(len(plays.users), min(USERS, len(plays.users)), replace=False)
    sample = plays.select_users(np.sort(rows))
    kept, hidden = hide(sample.matrix, random)
    users = np.flatnonzero(np.diff(hidden.indptr))
    if not len(users):
        return {}
    found = recommend(replace(sample, matrix=kept))
    recalls, gains = zip(*(score(found, hidden, user, top) for user in users), strict=True)
    return {f"recall@{top}": float(np.mean(recalls)), f"ndcg@{top}": float(np.mean(gains))}


def hide(plays: csr_array, random: np.random.Generator) -> tuple[csr_array, csr_array]:
    """Split plays into kept and hidden: HIDDEN of the entries of rows with FEWEST or more."""
    counts = np.diff(plays.indptr)
    users = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((random.random(plays.nnz), users))
    rank = np.empty(plays.nnz, np.int64)
    rank[order] = np.arange(plays.nnz) - plays.indptr[users]
    quota = np.where(counts >= FEWEST, HIDDEN * counts, 0).astype(int)
    hidden = rank < quota[users]
    return entries(plays, users, ~hidden), entries(plays, users, hidden)


def entries(plays: csr_array, users: np.ndarray, chosen: np.ndarray) -> csr_array:
    """The chosen entries of a matrix."""
    counts = np.bincount(users[chosen], minlength=plays.shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((plays.data[chosen], plays.indices[chosen], starts), plays.shape)


def score(found: csr_array, hidden: csr_array, user: int, top: int) -> tuple[float, float]:
    """Recall and nDCG of one user of whom something is hidden."""
    wanted = hidden.indices[hidden.indptr[user] : hidden.indptr[user + 1]]
    hits = np.isin(found.indices[found.indptr[user] : found.indptr[user + 1]], wanted)
    discounts = 1 / np.log2(np.arange(2, top + 2))
    ideal = discounts[: len(wanted)].sum()
    return hits.sum() / len(wanted), discounts[: len(hits)][hits].sum() / ideal
