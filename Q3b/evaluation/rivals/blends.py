"""Two models blended: the mean of their z-scores for each user."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from evaluation.fold import chosen_settings
from evaluation.names import DEFAULT
from evaluation.rivals.implicit_models import als_scorer
from evaluation.rivals.linear import ease_scorer
from evaluation.rivals.ranking import Scorer, best_of_popular
from recommender import damped_vote


def damped_scorer(plays: csr_array, seed: int) -> Scorer:
    """A scorer by the formula of `recommender/damped_vote.py`, with settings chosen on a fold."""
    model = damped_vote.fit(plays, chosen_settings(plays, seed=seed))
    users, order = model.compared.users, model.compared.order

    def scores_of(rows: np.ndarray) -> np.ndarray:
        own = users[rows]
        scores = np.empty((len(rows), len(order)), np.float32)
        shared = own @ model.basis @ model.gains.T
        scores[:, order] = (own @ users.T @ model.votes).toarray() - shared
        return scores

    return scores_of


# By model: makes a scorer of (plays, seed, **settings).
SCORERS: dict[str, Callable[..., Scorer]] = {
    DEFAULT: damped_scorer,
    "ALS": als_scorer,
    "EASE": ease_scorer,
}


def blend(plays: csr_array, top: int, seed: int, **parts: dict) -> csr_array:
    """Recommend by the sum of z-scores of several models; parts: model -> its settings."""

    def fit(shown: csr_array) -> Scorer:
        scorers = [SCORERS[model](shown, seed, **settings) for model, settings in parts.items()]
        return lambda rows: sum(z_scores(scores_of(rows), shown[rows]) for scores_of in scorers)

    return best_of_popular(plays, top, fit, by_users=True)


def z_scores(scores: np.ndarray, heard: csr_array) -> np.ndarray:
    """(u, artists) scores less their mean, over their deviation, of each user's unheard artists."""
    unheard = np.ones(scores.shape, bool)
    unheard[heard.nonzero()] = False
    mean = scores.mean(axis=1, where=unheard, keepdims=True)
    deviation = scores.std(axis=1, where=unheard, keepdims=True)
    return (scores - mean) / np.where(deviation > 0, deviation, 1)
