"""The recommenders that are compared: each takes plays and gives the best artists of every user.

A model is a function of (data, settings, top, seed): data holds only the plays that are shown,
settings are some of those in `spaces`, for the others the defaults there. It returns `ModelOutput`.
"""

from common.command import UserError

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evaluation.fold import blend_settings, chosen_settings, popular_artists
from evaluation.names import BLEND, BLENDS, COUNTRY, DEEP, DEFAULT, LIBRARIES, MACHINE, REFERENCE
from evaluation.rivals.blends import blend
from evaluation.rivals.implicit_models import als, bpr, item_item
from evaluation.rivals.larger import factorisation_machine, installed, variational_autoencoder
from evaluation.rivals.linear import ease, rdlae
from evaluation.rivals.ranking import filled
from evaluation.rivals.walks import rp3beta
from evaluation.spaces import DEFAULTS
from listening.play_counts import PlayCounts
from recommender import damped_vote
from recommender.blend import Settings as BlendSettings
from recommender.blend import fit as blend_vote
from recommender.features import normalised_plays, scaled_age
from recommender.implicit_library import IMPLICIT, implicit_class
from recommender.neighbours import nearest_neighbours
from recommender.popularity import most_listeners
from recommender.reference import recommend as recommend_classic


@dataclass(frozen=True)
class ModelOutput:
    """Recommendations (users, artists), and all neighbours' ids (links,) where there are any."""

    recommended: csr_array
    neighbour_ids: np.ndarray | None = None


def popularity(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
    """Recommend the artists with the most listeners."""
    everyone = np.zeros(len(data.users), int)
    return ModelOutput(most_listeners(data.matrix, everyone, top))


def top_of_country(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
    """Recommend the artists with the most listeners in the user's country."""
    countries = pd.factorize(data.profiles["country"])[0]
    return ModelOutput(most_listeners(data.matrix, countries, top))


def user_user_euclidean(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
    """Recommend the classic way: shares of plays, age and country, weights 1 - d/D."""
    profiles = data.profiles
    neighbours = nearest_neighbours(
        normalised_plays(data.matrix),
        k=settings.get("neighbours", 100),
        age=None if profiles is None else scaled_age(profiles["age"]),
        country=profiles["country"] if has_countries(data) else None,
    )
    return ModelOutput(recommend_classic(data.matrix, neighbours, top), neighbours.ids.ravel())


def damped(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
    """Recommend by damped votes, their settings chosen on a fold of the plays that are shown.

    Lists that are too short are filled with what is popular, as those of the daily job are.
    """
    fitted = damped_vote.fit(data.matrix, chosen_settings(data.matrix, top, seed))
    popular = popular_artists(data.matrix, top)
    return ModelOutput(filled(damped_vote.recommend(fitted, top), popular, top))


def blended(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
    """Recommend by the damped vote and ALS, as `damped` does: settings by a fold, full lists."""
    settings = blend_settings(data.matrix, top, seed)
    fit = blend_vote if isinstance(settings, BlendSettings) else damped_vote.fit
    fitted = fit(data.matrix, settings)
    popular = popular_artists(data.matrix, top)
    return ModelOutput(filled(damped_vote.recommend(fitted, top), popular, top))


def rival(name: str, function: Callable[..., csr_array]) -> Callable[..., ModelOutput]:
    """Make a model of a function of (plays, top, seed, **settings)."""

    def model(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
        return ModelOutput(function(data.matrix, top, seed, **DEFAULTS.get(name, {}) | settings))

    return model


def has_countries(data: PlayCounts) -> bool:
    """Whether any user's country is known."""
    return data.profiles is not None and bool((data.profiles["country"] != "").any())


def larger_rival(name: str, function: Callable[..., csr_array]) -> Callable[..., ModelOutput]:
    """Make a model of a function of (data, settings, top, seed)."""

    def model(data: PlayCounts, settings: dict, top: int, seed: int) -> ModelOutput:
        return ModelOutput(function(data, DEFAULTS[name] | settings, top, seed))

    return model


MODELS = {
    "popularity": popularity,
    COUNTRY: top_of_country,
    REFERENCE: user_user_euclidean,
    DEFAULT: damped,
    "item-item": rival("item-item", item_item),
    "RP3beta": rival("RP3beta", rp3beta),
    "ALS": rival("ALS", als),
    "BPR": rival("BPR", bpr),
    "EASE": rival("EASE", ease),
    "RDLAE": rival("RDLAE", rdlae),
    **{name: rival(name, blend) for name in BLENDS},
    BLEND: blended,
}
if installed(MACHINE):
    MODELS[MACHINE] = larger_rival(MACHINE, factorisation_machine)
if installed(DEEP):
    MODELS[DEEP] = larger_rival(DEEP, variational_autoencoder)


# With more plays than so many these take hours, or days: they read all plays in every epoch.
MOST_PLAYS = {MACHINE: 2_000_000, DEEP: 2_000_000}


def left_out(data: PlayCounts) -> dict[str, str]:
    """Say which of the models cannot be run on the data, each with the reason."""
    plays = data.matrix.nnz
    reasons = {
        model: f"{plays:,} pairs would take hours or days; it is run on at most {most:,}"
        for model, most in MOST_PLAYS.items()
        if plays > most
    }
    if not has_countries(data):
        reasons[COUNTRY] = "the data have no countries"
    if data.profiles is None:
        reasons[MACHINE] = "the data have no profiles"
    return {model: reason for model, reason in reasons.items() if model in MODELS}


def models_for(data: PlayCounts) -> list[str]:
    """Name the models that can be run on the data."""
    return [name for name in MODELS if name not in left_out(data)]


def check_libraries(models: Iterable[str]) -> None:
    """Raise an error of one line if a library of one of these models is missing or broken."""
    for model in models:
        if model not in MODELS:
            libraries = " and ".join(LIBRARIES[model])
            raise UserError(f"{model} needs {libraries}: pip install -r requirements-models.txt")
        for part in ("ALS",) if model == BLEND else BLENDS.get(model, (model,)):
            if part in IMPLICIT:
                implicit_class(part)
