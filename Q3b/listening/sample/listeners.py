"""Listeners drawn from a seed, shaped like those of the Last.fm 360K data set.

Artists are popular by a power law and belong to scenes; a listener's taste is a mixture of a few
scenes, leaning to those of the own country; plays fall off steeply from the favourite artist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from listening.play_counts import PlayCounts, plays_matrix

SCENES = 48
POPULARITY_FALL, POPULARITY_SHIFT = 0.9, 30  # artist r is as likely as (r + 30) ** -0.9
TASTE = 0.06  # Dirichlet concentration of a scene: small, so two or three make up a taste
CURIOSITY = 0.01  # weight of every scene in every taste
HOME_TASTE = 0.36  # the same for the three scenes of the own country
PLAYS_FALL = 1.0  # exponent of a listener's plays by rank of the artist
CHART_LENGTH = 46  # artists; most listeners have a few more than this, see `draw_lengths`
BLOCK = 16_384  # listeners drawn at a time, to bound memory

COUNTRIES_FILE = Path(__file__).parent / "countries.txt"  # the most listeners first
COUNTRY_FALL, COUNTRY_SHIFT = 1.35, 1  # country r has listeners as (r + 1) ** -1.35
GENDERS = {"m": 0.673, "f": 0.236, "": 0.091}
NO_AGE = 0.208  # share of listeners who do not tell their age
ODD_AGE = 0.002  # share of listeners who tell one of these
ODD_AGES = [-1337, -1, 101, 107, 109, 666, 1002]
SIGNUPS = np.arange(np.datetime64("2002-10-29"), np.datetime64("2009-04-01"))


@dataclass(frozen=True)
class Plays:
    """Pairs of listener and artist, by listener and then the most played first.

    listeners, artists: (pairs,) row numbers, artist 0 the most popular; counts: (pairs,) plays
    """

    listeners: np.ndarray
    artists: np.ndarray
    counts: np.ndarray


class Scenes:
    """The artists of each scene on one line, each as long as the artist is likely."""

    def __init__(self, random: np.random.Generator, artists: int):
        scene = random.integers(SCENES, size=artists)
        self.order = np.argsort(scene, kind="stable")
        likely = (self.order + 1 + POPULARITY_SHIFT) ** -POPULARITY_FALL
        self.ends = np.cumsum(likely)
        self.edges = np.append(0, self.ends)[np.searchsorted(scene[self.order], range(SCENES + 1))]

    def weights(self) -> np.ndarray:
        """(SCENES,) how popular each scene is."""
        return np.diff(self.edges)

    def draw_artists(self, random: np.random.Generator, scenes: np.ndarray) -> np.ndarray:
        """One artist of each of the given scenes."""
        places = random.uniform(self.edges[scenes], self.edges[scenes + 1])
        found = np.searchsorted(self.ends, places, side="right")
        return self.order[np.minimum(found, len(self.order) - 1)]


def draw_profiles(users: int, seed: int) -> pd.DataFrame:
    """One row per listener: user (a sha1), gender, age (years), country, signup (date)."""
    random = np.random.default_rng([seed, 1])
    countries = COUNTRIES_FILE.read_text(encoding="utf-8").splitlines()
    shares = (np.arange(1, len(countries) + 1) + COUNTRY_SHIFT) ** -COUNTRY_FALL
    ages = np.clip(14 + random.gamma(2.6, 4.2, users), 14, 99).astype(int).astype(float)
    odd = random.random(users) < ODD_AGE
    ages[odd] = random.choice(ODD_AGES, odd.sum())
    ages[random.random(users) < NO_AGE] = np.nan
    return pd.DataFrame(
        {
            "user": random_user_ids(random, users),
            "gender": random.choice(list(GENDERS), users, p=list(GENDERS.values())),
            "age": ages,
            "country": random.choice(countries, users, p=shares / shares.sum()),
            "signup": random.choice(SIGNUPS, users),
        }
    )


def random_user_ids(random: np.random.Generator, users: int) -> list[str]:
    """User ids that look like sha1s, in ascending order as in the real files."""
    digits = random.bytes(20 * users).hex()
    return sorted(digits[start : start + 40] for start in range(0, 40 * users, 40))


def draw_plays(countries: pd.Series, artists: int, seed: int) -> Plays:
    """What the listeners of the given (users,) countries play."""
    blocks = list(draw_blocks(pd.factorize(countries)[0], artists, seed))
    return Plays(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def draw_blocks(countries: np.ndarray, artists: int, seed: int) -> Iterator[tuple]:
    """Yield the columns of `Plays` for BLOCK listeners at a time."""
    random = np.random.default_rng([seed, 2])
    scenes = Scenes(random, artists)
    for start in range(0, len(countries), BLOCK):
        tastes = draw_tastes(random, scenes, countries[start : start + BLOCK])
        lengths = np.minimum(draw_lengths(random, len(tastes)), artists)
        drawn = np.repeat(np.arange(len(tastes)), 2 * lengths)  # repeated artists will fall away
        picked = scenes.draw_artists(random, draw_columns(random, tastes, drawn))
        listeners, picked, ranks = first_of_each(drawn, picked, lengths)
        counts = draw_counts(random, listeners, ranks, len(tastes))
        order = np.lexsort((-counts, listeners))
        yield (listeners[order] + start, picked[order].astype(np.int32), counts[order])


def draw_tastes(random: np.random.Generator, scenes: Scenes, countries: np.ndarray) -> np.ndarray:
    """(users, SCENES) how likely each listener picks each scene, rows summing to 1."""
    at_home = (np.arange(SCENES) - 3 * countries[:, None]) % SCENES < 3
    liking = random.standard_gamma(np.where(at_home, HOME_TASTE, TASTE))
    liking = liking / liking.sum(axis=1, keepdims=True) + CURIOSITY
    tastes = liking * scenes.weights()
    return tastes / tastes.sum(axis=1, keepdims=True)


def draw_lengths(random: np.random.Generator, users: int) -> np.ndarray:
    """How many artists each listener has: a chart page and some more, for 1 in 8 fewer."""
    full = CHART_LENGTH + random.poisson(6, users)
    return np.where(random.random(users) < 1 / 8, random.integers(1, CHART_LENGTH, users), full)


def draw_columns(random: np.random.Generator, shares: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """One column for each of `rows`, drawn by the shares in that row."""
    line = (np.cumsum(shares, axis=1) + np.arange(len(shares))[:, None]).ravel()
    found = np.searchsorted(line, rows + random.random(len(rows)), side="right")
    return np.clip(found - rows * shares.shape[1], 0, shares.shape[1] - 1)


def first_of_each(
    listeners: np.ndarray, artists: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs without repeats, at most `lengths` per listener, and their ranks from 1."""
    pairs = listeners.astype(np.int64) * (int(artists.max()) + 1) + artists
    firsts = np.sort(np.unique(pairs, return_index=True)[1])
    listeners, artists = listeners[firsts], artists[firsts]
    starts = np.searchsorted(listeners, listeners)
    ranks = np.arange(len(listeners)) - starts + 1
    kept = ranks <= lengths[listeners]
    return listeners[kept], artists[kept], ranks[kept]


def draw_counts(
    random: np.random.Generator, listeners: np.ndarray, ranks: np.ndarray, users: int
) -> np.ndarray:
    """Plays of at least 1: heavy and light listeners, fewer plays with each rank."""
    level = random.lognormal(6.3, 1.1, users)[listeners]
    noise = random.lognormal(0, 0.5, len(ranks))
    return np.maximum(level * noise * ranks**-PLAYS_FALL, 1).astype(np.int32)


def generated_play_counts(
    users: int = 359_347, artists: int = 155_424, seed: int = 360
) -> PlayCounts:
    """Drawn `PlayCounts` with profiles, by default of the full data set's shape."""
    profiles = draw_profiles(users, seed)
    plays = draw_plays(profiles["country"], artists, seed)
    keys = np.array([f"artist {number}" for number in range(artists)], dtype=object)
    return PlayCounts(
        users=profiles["user"].to_numpy(dtype=object),
        artists=keys,
        artist_names=keys,
        matrix=plays_matrix(plays.listeners, plays.artists, plays.counts, (users, artists)),
        profiles=profiles.set_index("user"),
    )
