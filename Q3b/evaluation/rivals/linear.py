"""Linear models of each artist on all others, in closed form: EASE and RDLAE.

Both are X B with B = I - P diag(f), P = (X'X + diag(l))^-1, for weights X (users x artists),
penalties l and factors f (artists,), which keep the diagonal of B at 0 (EASE: Steck 2019), or
at most at a bound (RDLAE: Moon, Kim & Lee 2023).
"""

import numpy as np
from scipy.sparse import csr_array

from evaluation.rivals.ranking import Scorer, best_of_popular, weighted
from recommender.weights import listeners_of


def ease(plays: csr_array, top: int, seed: int, **settings) -> csr_array:
    """Recommend by EASE; settings: those of `ease_scorer`."""
    return best_of_popular(plays, top, lambda shown: ease_scorer(shown, seed, **settings), True)


def rdlae(plays: csr_array, top: int, seed: int, **settings) -> csr_array:
    """Recommend by RDLAE; settings: those of `rdlae_scorer`."""
    return best_of_popular(plays, top, lambda shown: rdlae_scorer(shown, seed, **settings), True)


def ease_scorer(plays: csr_array, seed: int, **settings) -> Scorer:
    """A scorer by EASE, which is RDLAE without dropout and with a diagonal of 0."""
    return rdlae_scorer(plays, seed, dropout=0.0, relaxation=0.0, **settings)


def rdlae_scorer(
    plays: csr_array,
    seed: int,
    *,
    kind: str,
    power: float,
    regularization: float,
    dropout: float,
    relaxation: float,
    popularity_power: float,
) -> Scorer:
    """A scorer by RDLAE, whose scores are divided by listeners ** popularity_power, as ours are.

    kind, power: of the weights, see `ranking.weighted`
    dropout: share of the plays that training leaves out at random, in expectation; 0 to 1
    relaxation: bound of the diagonal of B; 0 to 1
    """
    weights = weighted(plays, kind, power)
    squares = weights.multiply(weights).sum(axis=0)
    penalties = regularization + squares * dropout / (1 - dropout)
    scores_of = linear_scorer(weights, penalties, relaxation)
    damping = np.maximum(listeners_of(plays), 1.0) ** -popularity_power
    return lambda rows: scores_of(rows) * damping


def linear_scorer(weights: csr_array, penalties: np.ndarray, relaxation: float = 0.0) -> Scorer:
    """A scorer X - X P diag(f), solved in the smaller of the two dimensions."""
    solve = projected_by_users if weights.shape[0] < weights.shape[1] else projected_by_artists
    projected, diagonal = solve(weights.astype(np.float64), penalties)
    free = 1 - penalties * diagonal <= relaxation  # what the ridge alone puts on the diagonal
    factors = np.where(free, penalties, (1 - relaxation) / diagonal)
    return lambda rows: weights[rows].toarray() - projected(rows) * factors


def projected_by_artists(weights: csr_array, penalties: np.ndarray) -> tuple[Scorer, np.ndarray]:
    """X P by rows, and the diagonal of P, by a matrix of artists by artists."""
    precision = (weights.T @ weights).toarray()
    precision[np.diag_indices_from(precision)] += penalties
    precision = np.linalg.inv(precision)
    return lambda rows: weights[rows] @ precision, np.diag(precision)


def projected_by_users(weights: csr_array, penalties: np.ndarray) -> tuple[Scorer, np.ndarray]:
    """X P by rows, and the diagonal of P, by users: X P = (X D X' + I)^-1 X D, D = diag(1 / l).

    By the Woodbury identity; the diagonal of P follows from 1 - l P = diag(X' X P).
    """
    scaled = csr_array(weights.multiply(1 / penalties[np.newaxis, :]))
    gram = (scaled @ weights.T).toarray()
    gram[np.diag_indices_from(gram)] += 1
    projected = (scaled.T @ np.linalg.inv(gram)).T  # sparse times dense: the inverse is symmetric
    diagonal = (1 - weights.multiply(projected).sum(axis=0)) / penalties
    return lambda rows: projected[rows], diagonal
