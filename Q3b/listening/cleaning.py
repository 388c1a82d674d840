"""Cleaning that every source of plays shares: rows kept or rejected by reason, artists keyed."""

import re

import numpy as np
import pandas as pd

from listening.constants import MBID
from listening.play_counts import PlayCounts, plays_matrix
from listening.text_columns import Column


def collect_plays(
    user: Column, mbid: Column, name: Column, plays: np.ndarray, keep: np.ndarray
) -> PlayCounts:
    """The kept rows as a matrix; an artist is its MBID, or its name where there is none."""
    user, artist, name = user.select(keep), keyed(mbid, name).select(keep), name.select(keep)
    names = name.values[most_frequent(artist.codes, name.codes)]
    return PlayCounts(
        users=user.values,
        artists=artist.values,
        artist_names=np.where(names == "", artist.values, names),
        matrix=plays_matrix(
            user.codes, artist.codes, plays[keep], (len(user.values), len(artist.values))
        ),
    )


def keyed(mbid: Column, name: Column) -> Column:
    """Every row's artist key: the MBID, or the name where there is none."""
    codes, keys = pd.factorize(np.concatenate([mbid.values, name.values]))
    of_mbid, of_name = np.split(codes.astype(np.int32), [len(mbid.values)])
    has_mbid = mbid.each(mbid.values != "")
    return Column(np.where(has_mbid, mbid.each(of_mbid), name.each(of_name)), keys)


def most_frequent(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """For each group 0, 1, 2 ... its most frequent value, of equals the smallest."""
    pairs, counts = np.unique(groups.astype(np.int64) << 32 | values, return_counts=True)
    groups, values = pairs >> 32, pairs & 0xFFFFFFFF
    order = np.lexsort((values, -counts, groups))
    return values[order][np.unique(groups[order], return_index=True)[1]]


def keep_rows(
    reasons: dict[str, np.ndarray], rows: int
) -> tuple[np.ndarray, dict[str, int], dict[str, int]]:
    """Return which rows no reason speaks against, and the rejected rows by their first reason.

    Of those: how many there are, and for each reason that has any, the first one, counted from 0.
    """
    keep = np.ones(rows, dtype=bool)
    counts, first = {}, {}
    for reason, speaks_against in reasons.items():
        rejected = keep & speaks_against
        counts[reason] = int(np.count_nonzero(rejected))
        if counts[reason]:
            first[reason] = int(np.argmax(rejected))
        keep &= ~speaks_against
    return keep, counts, first


def matches(pattern: str, values: np.ndarray | pd.Series) -> np.ndarray:
    """Which values the pattern matches from end to end."""
    whole = re.compile(pattern).fullmatch
    return np.fromiter((whole(value) is not None for value in values), bool, len(values))


def is_mbid(artists: np.ndarray) -> np.ndarray:
    """Which artist keys are MBIDs, numbers in MusicBrainz, rather than names."""
    return matches(MBID, artists)
