"""What a taste is made of: plays and marks turned into weights, by NumPy alone.

The daily job does it for all users at once, the API for one row of a request.
"""

from typing import NamedTuple

import numpy as np

LIKED, DISLIKED, BLOCKED = MARKS = (-1, -2, -3)  # entries below 0 where others are plays


class Taste(NamedTuple):
    """What users play, by marks: e entries, sorted by row and artist, no pair twice.

    rows, artists: (e,); plays: (e,) float64, above 0
    """

    rows: np.ndarray
    artists: np.ndarray
    plays: np.ndarray


def taste_of(rows: np.ndarray, artists: np.ndarray, values: np.ndarray) -> Taste:
    """Return the plays that count among entries (e,), each a number of plays or a mark.

    A liked artist counts as many plays as the user's artists have on average, at least 1, on top
    of its own. The plays of a disliked one do not count. A blocked one is only never shown.
    """
    users = int(rows.max(initial=-1)) + 1
    played, liked = values > 0, values == LIKED
    sums = np.bincount(rows[played], values[played].astype(np.float64), users)
    means = np.maximum(sums / np.maximum(np.bincount(rows[played], minlength=users), 1), 1)
    counted = np.flatnonzero(played | liked)
    plays = np.where(liked, means[rows], values)[counted]
    width = int(artists.max(initial=0)) + 1
    keys = rows.astype(np.int64) * width + artists
    pairs, places = np.unique(keys[counted], return_inverse=True)
    totals = np.bincount(places, plays, len(pairs))
    kept = ~np.isin(pairs, keys[values == DISLIKED])
    return Taste(pairs[kept] // width, pairs[kept] % width, totals[kept])
