"""Two models blended: the mean of their z-scores for each user."""

from collections.abc import Callable

from scipy.sparse import csr_array

from evaluation.rivals.implicit_models import als_scorer
from evaluation.rivals.linear import ease_scorer
from evaluation.rivals.ranking import Scorer, best_of_popular
from recommender.blend import z_scores

# By model: makes a scorer of (plays, seed, **settings).
SCORERS: dict[str, Callable[..., Scorer]] = {
    "ALS": als_scorer,
    "EASE": ease_scorer,
}


def blend(plays: csr_array, top: int, seed: int, **parts: dict) -> csr_array:
    """Recommend by the sum of z-scores of several models; parts: model -> its settings."""

    def fit(shown: csr_array) -> Scorer:
        scorers = [SCORERS[model](shown, seed, **settings) for model, settings in parts.items()]
        return lambda rows: sum(z_scores(scores_of(rows), shown[rows]) for scores_of in scorers)

    return best_of_popular(plays, top, fit, by_users=True)
