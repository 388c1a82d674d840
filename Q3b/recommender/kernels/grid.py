"""The best artists by dense scores that are scaled: the compiled loop."""

import numpy as np
from numba import njit

from recommender.kernels.damped_vote import add_scaled
from recommender.kernels.votes import take_best


@njit(cache=True, nogil=True)
def best_of_scaled(left, factors, popularity, listeners, heard, best_columns, best_scores, lengths):
    """Fill best_columns, best_scores (u, top) and lengths (u,) with the best unheard artists.

    A score is left (u, m) * factors (m,) + popularity (u,) * listeners (m,).

    heard: Table of u users by m artists, its values not looked at
    """
    scores = np.empty(left.shape[1], np.float32)
    for row in range(lengths.size):
        for artist in range(scores.size):
            scores[artist] = left[row, artist] * factors[artist]
        if popularity[row]:
            add_scaled(listeners, popularity[row], scores)
        for artist in heard.columns[heard.starts[row] : heard.starts[row + 1]]:
            scores[artist] = 0
        lengths[row] = take_best(scores, 0, best_scores[row], best_columns[row], 0)
