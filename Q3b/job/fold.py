"""What held-out plays of a sample of users tell a run: its measures, and its settings."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from evaluation.fold import blend_chosen_on, chosen_on, drawn, popular_artists
from evaluation.metrics import recall_and_ndcg, variety
from evaluation.splits import split
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from recommender import blend
from recommender.damped_vote import Settings
from recommender.methods import Users, fitted_recommender

SAMPLE = 5_000  # users


class Fold(NamedTuple):
    """What the held-out plays of a run tell: measures, and the settings chosen, if any are."""

    metrics: dict[str, float]
    settings: Settings | blend.Settings | None


def sample_of(plays: PlayCounts, settings: RunSettings) -> PlayCounts:
    """The users whose plays are held out in part."""
    return plays.select_users(drawn(len(plays.users), SAMPLE, settings.seed))


def held_out(sample: PlayCounts, settings: RunSettings) -> Fold:
    """Measure the run's method on held-out plays of a sample, and choose its settings there.

    The measures are recall, nDCG and coverage, and the recall of recommending what is popular;
    empty if nothing can be held out. So small a sample scores lower than all users do: it is there
    to be compared day by day.
    """
    top = settings.recommendations
    parts = split(sample.matrix, settings.seed, 1)
    if not parts.test.nnz:
        return Fold({}, blend.Settings() if settings.blend else None)
    if settings.metric == "euclidean":
        shown = replace(sample, matrix=parts.train)
        fitted = fitted_recommender(shown, settings.metric, settings.neighbours)
        everyone = Users(np.arange(len(shown.users)), shown.matrix)
        found, chosen_there = fitted.best(everyone, top), None
    else:
        choice = (blend_chosen_on if settings.blend else chosen_on)(parts, top)
        found, chosen_there = choice.found, choice.settings
    popular = popular_artists(parts.train, top)
    measures = recall_and_ndcg(found, parts.test, top) | {
        f"popularity_recall@{top}": recall_and_ndcg(popular, parts.test, top)[f"recall@{top}"],
        "coverage": variety(found, parts.train)["coverage"],
    }
    return Fold(measures, chosen_there)
