"""Items that are never shown."""

from common.command import UserError

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from listening.source import Listening


def without_items(listening: Listening, blocked: Collection[str]) -> Listening:
    """Leave items out as if nobody had played them, so that no list, reason or chart has them.

    Users who play nothing else are users without plays then. Raises UserError if no item is left.
    """
    hidden = set(blocked)
    shown = np.array([item not in hidden for item in listening.plays.artists])
    if shown.all():
        return listening
    if not shown.any():
        raise UserError("--blocked leaves no item to recommend")
    plays = listening.plays
    plays = replace(
        plays,
        artists=plays.artists[shown],
        artist_names=plays.artist_names[shown],
        matrix=plays.matrix[:, np.flatnonzero(shown)],
    )
    play = np.diff(plays.matrix.indptr) > 0
    silent = pd.concat([listening.silent, plays.profiles[~play]])
    return replace(listening, plays=plays.select_users(np.flatnonzero(play)), silent=silent)
