"""Models of the library `implicit`, loaded when one of them is asked for."""

from common.command import OutsideError

import warnings
from importlib import import_module

from scipy.sparse import csr_matrix

IMPLICIT = {
    "item-item": ("nearest_neighbours", "BM25Recommender"),
    "ALS": ("als", "AlternatingLeastSquares"),
    "BPR": ("bpr", "BayesianPersonalizedRanking"),
}


def implicit_class(model: str) -> type:
    """`implicit`'s class for one of `IMPLICIT`.

    Raises `OutsideError` where it cannot be loaded: its wheels take OpenMP from the system, which
    a bare container lacks.
    """
    module, name = IMPLICIT[model]
    try:
        return getattr(import_module(f"implicit.{module}"), name)
    except ImportError as error:
        raise OutsideError(
            f"{model} needs the library implicit, which cannot be loaded: {error}; pip install "
            "implicit, on Debian or Ubuntu also install libgomp1, or leave this model out"
        ) from None


def fitted(model: str, plays: csr_matrix, **settings) -> object:
    """One of the models of `IMPLICIT`, fitted.

    Its warnings that it converts a matrix it has made itself are of no use to anybody.
    """
    make = implicit_class(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", import_module("implicit.utils").ParameterWarning)
        found = make(**settings)
        found.fit(plays, show_progress=False)
    return found
