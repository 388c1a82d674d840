"""The settings of the damped vote, and of its blend, by one held-out fold of the plays of a fit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from operator import attrgetter

import numpy as np
from scipy.sparse import csr_array

from evaluation.metrics import recall_and_ndcg
from evaluation.splits import Split, split
from recommender import blend, damped_vote
from recommender.damped_vote import DampedVote, Prepared, Settings
from recommender.grid import lists_by_settings
from recommender.popularity import most_listeners
from recommender.weights import listeners_of

FOLD = 0  # the number of its split
MOST_USERS = 20_000  # whose plays are held out in part
RANKS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48)  # of the eigenvalues that are tried as lambda
POPULARITY_POWERS = (0.0, 0.15, 0.25)
POPULARITIES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0, 1e9)  # the last: what is popular alone
TRIED = {  # of the factors in a blend, one after the other
    "alpha": (1.0, 3.0, 10.0, 30.0),
    "regularization": (10.0, 30.0, 100.0),
    "factors": (32, 64),
}


@dataclass(frozen=True)
class Choice:
    """Settings, what they find on the fold, and how good that is: recall and nDCG."""

    settings: Settings | blend.Settings
    found: csr_array
    measures: dict[str, float]

    @property
    def score(self) -> float:
        """What is chosen by: the sum of recall and nDCG."""
        return sum(self.measures.values())

    def loses_to(self, others: dict[str, float]) -> bool:
        """Whether recall or nDCG is below another's."""
        return any(self.measures[name] < value for name, value in others.items())


def drawn(users: int, most: int, seed: int) -> np.ndarray:
    """The numbers of `most` of the users, drawn, in their order; of all if there are no more."""
    if users <= most:
        return np.arange(users)
    return np.sort(np.random.default_rng(seed).choice(users, most, replace=False))


def fold_of(plays: csr_array, seed: int) -> Split:
    """Hold out a fifth of the plays of MOST_USERS of the users, drawn, or of all of them."""
    return split(csr_array(plays[drawn(plays.shape[0], MOST_USERS, seed)]), seed, FOLD)


def chosen_settings(plays: csr_array, top: int = 20, seed: int = 1) -> Settings:
    """Choose on a fold of the plays (n, m); the defaults if none can be held out."""
    fold = fold_of(plays, seed)
    return chosen_on(fold, top).settings if fold.test.nnz else Settings()


def blend_settings(plays: csr_array, top: int = 20, seed: int = 1) -> blend.Settings | Settings:
    """Choose as `chosen_settings` does, for the blend with factors, see `blend_chosen_on`."""
    fold = fold_of(plays, seed)
    return blend_chosen_on(fold, top).settings if fold.test.nnz else blend.Settings()


def chosen_on(fold: Split, top: int) -> Choice:
    """Choose on a fold: the limit and the power of popularity, of all pairs.

    Where the best settings lose to what is popular, popularity is blended in at the weight that
    the fold prefers.
    """
    return among_played(chosen_among, fold, top)


def blend_chosen_on(fold: Split, top: int) -> Choice:
    """Choose the vote's settings alone, then those of the factors it is blended with, in turn.

    Where no blend is better than the vote alone, the choice is the vote's.
    """
    return among_played(blend_chosen_among, fold, top)


def among_played(choose: Callable[[Split, int], Choice], fold: Split, top: int) -> Choice:
    """Choose with those artists left out of the work that nobody plays in the fold."""
    played = np.flatnonzero(listeners_of(fold.train))
    choice = choose(of_artists(fold, played), top)
    found = choice.found
    columns = played.astype(np.int32)[found.indices]
    found = csr_array((found.data, columns, found.indptr), fold.train.shape)
    return replace(choice, found=found)


def of_artists(fold: Split, artists: np.ndarray) -> Split:
    """Return the fold with these columns alone."""
    train, test = (csr_array(part[:, artists]) for part in (fold.train, fold.test))
    return replace(fold, train=train, test=test)


def chosen_among(fold: Split, top: int) -> Choice:
    """Choose as `chosen_on` does, on a fold whose artists are all played."""
    known = damped_vote.prepared(fold.train)
    pairs = [Settings(limit, power) for power, limit in product(POPULARITY_POWERS, limits(known))]
    best = max(choices(known, fold, pairs, top), key=attrgetter("score"))
    popular = recall_and_ndcg(popular_artists(fold.train, top), fold.test, top)
    if not best.loses_to(popular):
        return best
    blends = [replace(best.settings, popularity=weight) for weight in POPULARITIES]
    tried = list(choices(known, fold, blends, top))
    sound = [choice for choice in tried if not choice.loses_to(popular)]
    return max(sound or tried, key=attrgetter("score"))


def blend_chosen_among(fold: Split, top: int) -> Choice:
    """Choose as `blend_chosen_on` does, on a fold whose artists are all played."""
    alone = chosen_among(fold, top)
    settings = blend.Settings(vote=alone.settings)
    vote = damped_vote.fit(fold.train, settings.vote, smallest_head=damped_vote.MOST_IN_HEAD)
    best = blend_choice(vote, fold, settings, top)
    for name, values in TRIED.items():
        others = [value for value in values if value != getattr(best.settings.factors, name)]
        tried = [replace(best.settings.factors, **{name: value}) for value in others]
        made = [replace(best.settings, factors=one) for one in tried]
        choices = [best, *(blend_choice(vote, fold, one, top) for one in made)]
        best = max(choices, key=attrgetter("score"))
    return max(alone, best, key=attrgetter("score"))


def blend_choice(vote: DampedVote, fold: Split, settings: blend.Settings, top: int) -> Choice:
    """Return what a blend of a vote fitted to the fold finds."""
    model = blend.with_factors(vote, fold.train, settings.factors)
    found = damped_vote.recommend(model, top)
    return Choice(settings, found, recall_and_ndcg(found, fold.test, top))


def limits(known: Prepared) -> list[float]:
    """No limit, and some eigenvalues of the cosine between users, for each user."""
    values = known.tastes.eigenvalues / max(known.compared.users.shape[0], 1)
    return [0.0, *(float(values[rank - 1]) for rank in RANKS if rank <= len(values))]


def choices(known: Prepared, fold: Split, settings: list[Settings], top: int) -> Iterator[Choice]:
    """Yield what each of the settings finds, and how good that is."""
    lists = lists_by_settings(known, settings, top)
    for one, found in zip(settings, lists, strict=True):
        yield Choice(one, found, recall_and_ndcg(found, fold.test, top))


def popular_artists(plays: csr_array, top: int) -> csr_array:
    """The artists with the most listeners that each user does not play."""
    return most_listeners(plays, np.zeros(plays.shape[0], int), top)
