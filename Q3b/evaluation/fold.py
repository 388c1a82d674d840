"""The settings of the damped vote, chosen on one held-out fold of the plays of a fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from evaluation.metrics import recall_and_ndcg
from evaluation.splits import Split, split
from recommender import damped_vote
from recommender.damped_vote import Compared, Settings
from recommender.popularity import most_listeners

RANKS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)  # of the eigenvalues that are tried as lambda
POPULARITY_POWERS = (0.0, 0.15, 0.25)
POPULARITIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0, 1e4)  # the last: what is popular alone


@dataclass(frozen=True)
class Choice:
    """Settings, and what they reach on the fold: recall and nDCG, and those of what is popular."""

    settings: Settings
    measures: dict[str, float]
    popular: dict[str, float]
    found: csr_array
    fold: Split


def chosen_on_fold(plays: csr_array, top: int = 20, seed: int = 1) -> Choice | None:
    """Choose by the mean of recall and nDCG on a fifth of the plays (n, m); None if there is none.

    Where the best settings lose to what is popular, popularity is blended in at the weight that
    the fold prefers.
    """
    fold = split(plays, seed, 0)
    if not fold.test.nnz:
        return None
    known = damped_vote.compared(fold.train)
    popular = recall_and_ndcg(popular_artists(fold.train, top), fold.test, top)
    best = max(tried(known, fold, candidates(known), top), key=score)
    if score(best) < sum(popular.values()):
        blended = [replace(best.settings, popularity=weight) for weight in POPULARITIES]
        best = max([best, *tried(known, fold, blended, top)], key=score)
    return replace(best, popular=popular)


def score(choice: Choice) -> float:
    """What is chosen by."""
    return sum(choice.measures.values())


def candidates(known: Compared) -> Iterator[Settings]:
    """Yield the settings to try: no damping, and eigenvalues of the users as limits."""
    values = known.tastes.eigenvalues / max(known.users.shape[0], 1)
    limits = [0.0, *(float(values[rank - 1]) for rank in RANKS if rank <= len(values))]
    for limit in limits:
        for power in POPULARITY_POWERS:
            yield Settings(limit, power)


def tried(known: Compared, fold: Split, settings: Iterator[Settings], top: int) -> Iterator[Choice]:
    """Yield each of the settings with what it reaches on the fold."""
    for one in settings:
        found = damped_vote.recommend(damped_vote.fit(known, one), top)
        yield Choice(one, recall_and_ndcg(found, fold.test, top), {}, found, fold)


def popular_artists(plays: csr_array, top: int) -> csr_array:
    """The artists with the most listeners that each user does not play."""
    return most_listeners(plays, np.zeros(plays.shape[0], int), top)
