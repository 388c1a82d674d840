"""The recommender: neighbours by cosine similarity, voting for what they play beyond the usual.

    scores = W (R - t W R) / listeners^beta

W (users x users) holds each user's k most similar others, the similarities scaled to sum to 1,
and R (users x artists) the weights of what they play. W R is the classic vote of the neighbours.
For a neighbour, W R is also what its own neighbours predict; taking a share t of that away
leaves the residual vote: what this neighbour plays beyond what is usual in its surroundings. It
is one step towards the inverse of a ridge regression on all users, but sparse, without learned
factors, and a score stays a sum over k users. Dividing by a small power of an artist's number of
listeners undoes some of the pull of the popular.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from recommender.neighbours import similar_rows, unit_rows
from recommender.votes import best_artists, less_what_neighbours_predict
from recommender.weights import PlayWeights, fitted_weights, listeners_of, rarity


@dataclass(frozen=True)
class Settings:
    """What `evaluate.py --tune` chooses; the defaults are one choice for all data sets.

    similarity_plays, vote_plays: kinds of play weights, one of `play_weights.KINDS`
    rarity_power: power of log(users / listeners) in the weights that users are compared by
    neighbours: k
    similarity_power: that similarities are raised to before they are scaled to sum to 1
    residual: t, the share of the neighbours' prediction that is taken away; 0: the classic vote
    predicted: artists of that prediction that are kept for each user, beside those played
    popularity_power: beta
    """

    similarity_plays: str = "relative"
    rarity_power: float = 1.25
    neighbours: int = 250
    vote_plays: str = "relative"
    residual: float = 0.7
    predicted: int = 400
    popularity_power: float = 0.15
    similarity_power: float = 1.0


@dataclass(frozen=True)
class ResidualVote:
    """A fitted model of n users and m artists.

    plays: (n, m) as given; weights: turns plays into what users are compared by
    neighbours: (n, n) W, each row by falling weight and summing to 1 (or empty)
    votes: (n, m) the residual votes / listeners^beta; below 0 for what is usual but not played
    """

    settings: Settings
    plays: csr_array
    weights: PlayWeights
    neighbours: csr_array
    votes: csr_array

    @cached_property
    def unit_rows(self) -> csr_array:
        """The users as they are compared: (n, m) weights, each row of norm 1."""
        return unit_rows(self.weights.of(self.plays))


def fit(
    plays: csr_array, settings: Settings | None = None, threads: int | None = None
) -> ResidualVote:
    """Find the neighbours and the residual votes of (users, artists) plays, all above 0.

    Raises ValueError for an unknown kind of weights or fewer than one neighbour.
    """
    settings = settings or Settings()
    weights = weights_to_compare(plays, settings)
    similar = similar_rows(weights.of(plays), settings.neighbours, threads=threads)
    neighbours = scaled_to_one(similar, settings.similarity_power)
    votes = own_votes(plays, settings)
    if settings.residual:
        votes = less_what_neighbours_predict(
            votes, neighbours, settings.residual, settings.predicted, threads
        )
    return ResidualVote(settings, plays, weights, neighbours, votes)


def weights_to_compare(plays: csr_array, settings: Settings) -> PlayWeights:
    """Fit what users are compared by."""
    rare = rarity(plays, settings.rarity_power)
    return fitted_weights(plays, settings.similarity_plays, rare)


def own_votes(plays: csr_array, settings: Settings) -> csr_array:
    """What users give the artists that they play, all above 0."""
    damping = np.maximum(listeners_of(plays), 1.0) ** -settings.popularity_power
    return fitted_weights(plays, settings.vote_plays, damping).of(plays)


def scaled_to_one(matrix: csr_array, power: float = 1.0) -> csr_array:
    """Raise entries, none negative, to a power and scale the rows to sum to 1, in place."""
    if power != 1:
        matrix.data **= power
    matrix.data /= np.repeat(matrix.sum(axis=1), np.diff(matrix.indptr))
    return matrix


def recommend(model: ResidualVote, top: int = 20, threads: int | None = None) -> csr_array:
    """The `top` unheard artists of every user; see `votes.best_artists` for the form."""
    return best_artists(
        lambda users: model.neighbours[users], model.votes, model.plays, top, threads
    )


def neighbours_of_new(model: ResidualVote, plays: csr_array) -> csr_array:
    """(u, n) weights of the neighbours of users not in the model, from (u, m) plays."""
    queries = unit_rows(model.weights.of(plays))
    similar = csr_array(queries @ model.unit_rows.T)
    nearest = largest_of_rows(similar, model.settings.neighbours)
    return scaled_to_one(nearest, model.settings.similarity_power)


def largest_of_rows(matrix: csr_array, k: int) -> csr_array:
    """Keep the k largest entries of each row, in falling order, of equals the lower column."""
    matrix.sort_indices()
    places = [
        begin + np.argsort(-matrix.data[begin:end], kind="stable")[:k]
        for begin, end in pairwise(matrix.indptr)
    ]
    starts = np.cumsum([0, *map(len, places)])
    places = np.concatenate([np.empty(0, int), *places])
    return csr_array((matrix.data[places], matrix.indices[places], starts), matrix.shape)
