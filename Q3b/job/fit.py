"""A run's method fitted: here, or on the workers of a cluster by the same functions."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evaluation.fold import drawn
from job.distributed import Written, blocks_on
from job.fold import Fold, held_out, sample_of
from job.settings import RunSettings
from listening.play_counts import PlayCounts
from recommender.blocks import Asked, recommendation_blocks
from recommender.lists import Block
from recommender.methods import Recommender, fitted_recommender
from recommender.popularity import Popularity
from recommender.tasks import sent
from store.protocol import Store, Writer

if TYPE_CHECKING:
    from distributed import Client

# Makes the blocks of the users with plays; the popularity serves those who get no other artist.
BlocksOf = Callable[[Writer, Popularity], Iterator[Block | Written]]

FoldOf = Callable[[], Fold]  # on a cluster it is computed while the client goes on


class Fitted(NamedTuple):
    """What a run has fitted: its fold, what makes its blocks, and the model if it is asked for."""

    fold_of: FoldOf
    blocks_of: BlocksOf
    recommender_of: Callable[[], Recommender]


def fitted_here(plays: PlayCounts, settings: RunSettings, store: Store) -> Fitted:
    """Measure and fit the method; return the measures and what makes the blocks."""
    fold = held_out(sample_of(plays, settings), settings)
    store.renew_lock()
    recommender = fitted_to_fold(*voters_of(plays, settings), settings, fold)

    def blocks_of(writer: Writer, popularity: Popularity) -> Iterator[Block]:
        return recommendation_blocks(recommender, plays, popularity, asked_of(settings))

    return Fitted(lambda: fold, blocks_of, lambda: recommender)


def fitted_on(client: "Client", plays: PlayCounts, settings: RunSettings) -> Fitted:
    """Submit both to a cluster, where the blocks are made as well."""
    submit = partial(client.submit, pure=False)
    fold = submit(held_out, sent(client, sample_of(plays, settings)), settings)
    voters, members = voters_of(plays, settings)
    recommender = submit(fitted_to_fold, sent(client, voters), members, settings, fold)

    def blocks_of(writer: Writer, popularity: Popularity) -> Iterator[Block | Written]:
        return blocks_on(client, recommender, plays, popularity, asked_of(settings), writer)

    return Fitted(fold.result, blocks_of, recommender.result)


def voters_of(plays: PlayCounts, settings: RunSettings) -> tuple[PlayCounts, np.ndarray]:
    """The users who vote, and their numbers among all."""
    users = len(plays.users)
    members = drawn(users, settings.voters_of(users), settings.seed)
    return plays if len(members) == users else plays.select_users(members), members


def fitted_to_fold(
    voters: PlayCounts, members: np.ndarray, settings: RunSettings, fold: Fold
) -> Recommender:
    """Fit the method with the settings that the fold chose, as a task."""
    asked = settings.metric, settings.neighbours, fold.settings
    return fitted_recommender(voters, *asked, members)


def asked_of(settings: RunSettings) -> Asked:
    """What the run asks of the lists."""
    return Asked(settings.recommendations, settings.include_played)
