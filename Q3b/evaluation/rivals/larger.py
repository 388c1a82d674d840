"""Two rivals from libraries that requirements-models.txt lists: with profiles, and a deep one.

Both are what the classic way names for growth: a factorisation machine that knows age, gender
and country next to the plays, and a variational autoencoder. They join the comparison where their
libraries are installed.
"""

from importlib.util import find_spec

import numpy as np
from scipy.sparse import coo_matrix, csr_array, csr_matrix, eye_array, hstack
from sklearn.preprocessing import OneHotEncoder

from evaluation.names import LIBRARIES
from evaluation.rivals.ranking import best_by_scores
from listening.age_groups import age_group
from listening.play_counts import PlayCounts


def installed(model: str) -> bool:
    """Whether the libraries of one of these models can be imported."""
    return all(find_spec(library) for library in LIBRARIES[model])


def profile_features(data: PlayCounts) -> csr_matrix:
    """(users, features): one for each user alone, and for gender, age group and country."""
    profiles = data.profiles
    ages = [age_group(age) for age in profiles["age"]]
    table = np.column_stack([profiles["gender"].astype(str), ages, profiles["country"].astype(str)])
    shared = OneHotEncoder(dtype=np.float32).fit_transform(table)
    return csr_matrix(hstack([eye_array(len(table), dtype=np.float32), shared]))


def factorisation_machine(
    data: PlayCounts,
    settings: dict,
    top: int,
    seed: int,
) -> csr_array:
    """Recommend by LightFM with profiles, ranking pairs by the WARP loss (Kula 2015).

    settings: `components`, `learning_rate`, `epochs`, and `decay`, the L2 penalty of both sides.
    """
    from lightfm import LightFM

    model = LightFM(
        no_components=settings["components"],
        learning_rate=settings["learning_rate"],
        user_alpha=settings["decay"],
        item_alpha=settings["decay"],
        loss="warp",
        random_state=seed,
    )
    features, plays = profile_features(data), coo_matrix(data.matrix > 0).astype(np.float32)
    # One thread: with more, results vary from run to run.
    model.fit(plays, user_features=features, epochs=settings["epochs"], num_threads=1)
    _, users = model.get_user_representations(features)  # the users' biases rank nothing
    biases, artists = model.get_item_representations()
    return best_by_scores(lambda rows: users[rows] @ artists.T + biases, data.matrix, top)


def variational_autoencoder(data: PlayCounts, settings: dict, top: int, seed: int) -> csr_array:
    """Recommend by Mult-VAE, in cornac's version, on the CPU (Liang et al. 2018).

    settings: `hidden`, units of the one layer on each side; `factors`, of a user; `epochs`;
    `learning_rate`; `beta`, the weight of the prior.
    """
    import torch
    from cornac.data import Dataset
    from cornac.models import VAECF

    heard = csr_array(data.matrix > 0).astype(np.float32)
    users, artists = heard.nonzero()
    names = [{number: number for number in range(length)} for length in heard.shape]
    pairs = (users, artists, np.ones(len(users), np.float32))
    model = VAECF(
        k=settings["factors"],
        autoencoder_structure=[settings["hidden"]],
        n_epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        beta=settings["beta"],
        likelihood="mult",
        seed=seed,
    ).fit(Dataset(*heard.shape, *names, pairs, seed=seed))

    def scores_of(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            means, _ = model.vae.encode(torch.from_numpy(heard[rows].toarray()))
            return model.vae.decode(means).numpy()

    return best_by_scores(scores_of, data.matrix, top)
