"""Scores of one taste, the best of them and their reasons, by an index."""

from typing import NamedTuple

import numpy as np

from listening.taste import BLOCKED, DISLIKED, taste_of
from recommender.lists import (
    FILLED_BY,
    GLOBAL,
    NEIGHBOURS,
    REASONS,
    RECOMMENDATION,
    Reasons,
    with_listeners,
)
from recommender.taste import best_places, relative_weights
from taste.index import Index


class Own(NamedTuple):
    """A user's own artists: numbers (k,) rising, weights (k,) float32 of norm 1; hidden numbers."""

    artists: np.ndarray
    weights: np.ndarray
    hidden: np.ndarray


def own_of(index: Index, artists: np.ndarray, values: np.ndarray) -> Own:
    """Return what counts of entries (e,): artists' numbers, and their plays or marks."""
    taste = taste_of(np.zeros(len(artists), np.int64), artists, values)
    plays = taste.plays.astype(np.float32).astype(np.float64)  # as the job keeps them
    means = plays.mean() if len(plays) else 1.0
    weights = relative_weights(plays, means) * index.factors[taste.artists]
    weights = weights.astype(np.float32).astype(np.float64)
    weights /= np.sqrt((weights**2).sum()) or 1.0
    hidden = artists[(values == DISLIKED) | (values == BLOCKED)]
    return Own(taste.artists, weights.astype(np.float32), hidden)


def recommended(
    index: Index, own: Own, top: int, include_played: bool = False
) -> tuple[str, np.ndarray]:
    """Return the rule and the best artists (top,) RECOMMENDATION of a taste, with reasons.

    Where fewer have a score, what everybody plays fills the list up, as in the daily job.
    """
    hidden = own.hidden if include_played else np.concatenate([own.artists, own.hidden])
    found = scored(index, own, hidden, top)
    known = np.concatenate([[] if include_played else own.artists, own.hidden, found["artist"]])
    rest = chart(index, known.astype(np.int64), top - len(found))
    if not len(found):
        return GLOBAL, rest
    rest["score"], rest["because_artist"][:, 0] = 0, FILLED_BY[GLOBAL]
    return NEIGHBOURS, np.concatenate([found, rest])


def similar(index: Index, artist: int, top: int) -> list[tuple[int, float, int]]:
    """Return number, score and shared listeners of the best artists for who plays this one.

    Those with a listener in common alone; fewer than `top` where there are no more.
    """
    own = own_of(index, np.array([artist]), np.array([1]))
    found = scored(index, own, own.artists, top)
    shared = found["because_listeners"][:, 0].tolist()
    rows = zip(found["artist"].tolist(), found["score"].tolist(), shared, strict=True)
    return [row for row in rows if row[2]]


def scored(index: Index, own: Own, hidden: np.ndarray, top: int) -> np.ndarray:
    """Return the best artists of a taste with scores above 0 as RECOMMENDATION, with reasons."""
    scores = scores_of(index, own)
    scores[hidden] = 0
    artists = best_places(scores, top)
    why = reasons_of(index, own, artists)
    found = np.empty(len(artists), RECOMMENDATION)
    found["artist"], found["score"] = artists, scores[artists]
    found["because_artist"], found["because_share"], found["because_listeners"] = why
    return found


def scores_of(index: Index, own: Own) -> np.ndarray:
    """Return the scores (m,) of all artists."""
    popular, head = index.head.shape
    scores = np.zeros(index.gains.shape[1], np.float32)
    spare = np.empty_like(scores)
    for artist, weight in zip(own.artists.tolist(), own.weights, strict=True):
        rows, row = index.others, artist - popular
        if artist < popular:
            add_scaled(index.head[artist], weight, scores[:head], spare[:head])
            rows, row = index.tail, artist
        entries = rows.slice_of(row)
        scores[rows.columns[entries]] += weight * rows.values[entries]
    tastes = own.weights @ index.basis[own.artists]
    for gains, taste in zip(index.gains, tastes, strict=True):
        add_scaled(gains, -taste, scores, spare)
    return scores


def add_scaled(row: np.ndarray, weight: float, scores: np.ndarray, spare: np.ndarray) -> None:
    """Add weight * row to the scores, by way of a spare array."""
    np.multiply(row, weight, out=spare)
    np.add(scores, spare, out=scores)


def parts_of_scores(index: Index, own: Own, artists: np.ndarray) -> np.ndarray:
    """Return what each own artist brings to the score of each of some artists, (f, k)."""
    popular, head = index.head.shape
    parts = np.zeros((len(artists), len(own.artists)), np.float32)
    place = np.full(index.gains.shape[1], -1, np.int32)
    place[artists] = np.arange(len(artists))
    in_head = np.flatnonzero(artists < head)
    in_tail = len(in_head) < len(artists)
    for slot, artist in enumerate(own.artists.tolist()):
        rows, row = index.others, artist - popular
        if artist < popular:
            parts[in_head, slot] = index.head[artist, artists[in_head]]
            rows, row = index.tail, artist
        if artist >= popular or in_tail:
            entries = rows.slice_of(row)
            places = place[rows.columns[entries]]
            found = np.flatnonzero(places >= 0)
            parts[places[found], slot] = rows.values[entries][found]
    parts -= (index.basis[own.artists] @ index.gains[:, artists]).T
    return parts * own.weights


def reasons_of(index: Index, own: Own, artists: np.ndarray) -> Reasons:
    """Return the reasons of some artists: the own artists that brought most to their scores."""
    parts = np.maximum(parts_of_scores(index, own, artists), 0)
    order = np.argsort(-parts, axis=1, kind="stable")[:, :REASONS]
    largest = np.take_along_axis(parts, order, axis=1)
    shape = (len(artists), REASONS)
    causes, shares = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    given = largest > 0
    causes[:, : order.shape[1]] = np.where(given, own.artists[order], -1)
    totals = parts.sum(axis=1, keepdims=True)
    shares[:, : order.shape[1]] = np.divide(largest, totals, where=given, out=0 * largest)
    return with_listeners(Reasons(causes, shares, shared_listeners(index, artists, causes)))


def shared_listeners(index: Index, artists: np.ndarray, causes: np.ndarray) -> np.ndarray:
    """Count who plays both each artist (f,) and each of its causes (f, REASONS), -1 for none."""
    counts = np.zeros(causes.shape, np.int32)
    for cause in np.unique(causes[causes >= 0]).tolist():
        plays = np.zeros(index.users, bool)
        plays[index.listeners_of(cause)] = True
        for number, reason in zip(*np.nonzero(causes == cause), strict=True):
            counts[number, reason] = np.count_nonzero(plays[index.listeners_of(artists[number])])
    return counts


def chart(index: Index, known: np.ndarray, top: int) -> np.ndarray:
    """Return the artists with the most listeners but those `known` (k,), as RECOMMENDATION."""
    hidden = np.isin(np.arange(min(top + len(known), len(index.ranks))), known)
    artists = np.flatnonzero(~hidden)[:top]
    counts = np.diff(index.listeners.starts)[artists]
    artists, counts = artists[counts > 0], counts[counts > 0]
    found = np.zeros(len(artists), RECOMMENDATION)
    found["artist"], found["score"], found["because_artist"] = artists, counts / index.users, -1
    return found
