"""What a list of recommendations is: its fields, its rule, blocks of users."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

REASONS = 3  # of the user's own artists that explain a recommendation
TOP_ARTISTS = 10  # of the user's own, shown next to the recommendations
MOST_OWN = 5_000  # of the user's own that a store keeps: the most played
NEIGHBOURS, COUNTRY, GLOBAL = RULES = ("neighbours", "country", "global")

# One recommended artist. Artists are numbers into the run's catalogue; -1 means none. An artist
# that fills up a list has no reasons, but in the place of the first the rule that it comes from.
RECOMMENDATION = np.dtype(
    [
        ("artist", "<i4"),
        ("score", "<f4"),
        ("because_artist", "<i4", (REASONS,)),
        ("because_share", "<f4", (REASONS,)),
        ("because_listeners", "<i4", (REASONS,)),
    ]
)
FILLED_BY = {COUNTRY: -2, GLOBAL: -3}
FILLED_FROM = {number: rule for rule, number in FILLED_BY.items()}
# One of the user's own artists: its plays, or a mark of `listening/taste.py` in their place.
TOP_ARTIST = np.dtype([("artist", "<i4"), ("plays", "<i4")])


@dataclass(frozen=True)
class Block:
    """The recommendations of some users: n users, r recommendations, t top artists in all.

    A user of whom `lists` names a country and an age group is served from that list; None means
    the user's own recommendations. Raises ValueError if a user is in the block twice, or if
    a score is not a number.
    """

    users: list[str]
    rules: list[str]
    neighbours: np.ndarray  # (n,) how many listeners stand behind the recommendations
    recommendations: np.ndarray  # (r,) RECOMMENDATION, best first within a user
    recommendation_starts: np.ndarray  # (n + 1,)
    top_artists: np.ndarray  # (t,) TOP_ARTIST, all own: marks, then the most played first
    top_starts: np.ndarray  # (n + 1,)
    lists: list[tuple[str, str] | None]

    def __post_init__(self):
        if len(set(self.users)) != len(self.users):
            repeated = next(user for user in self.users if self.users.count(user) > 1)
            raise ValueError(f"user {repeated!r} stands twice in one block")
        if not np.isfinite(self.recommendations["score"]).all():
            raise ValueError("a score is not a finite number")

    def slices(self) -> Iterator[tuple]:
        """Each user's fields in the order of this class, arrays cut to the user."""
        recommended, top = self.recommendation_starts.tolist(), self.top_starts.tolist()
        for index, user in enumerate(self.users):
            yield (
                user,
                self.rules[index],
                int(self.neighbours[index]),
                self.recommendations[recommended[index] : recommended[index + 1]],
                self.top_artists[top[index] : top[index + 1]],
                self.lists[index],
            )


def most_played(own: np.ndarray) -> np.ndarray:
    """Return the played ones among a user's own artists, those that are shown."""
    return own[own["plays"] > 0][:TOP_ARTISTS]


@dataclass(frozen=True)
class RuleList:
    """Recommendations for listeners without history; "" stands for every country or age."""

    country: str
    age_group: str
    recommendations: np.ndarray  # (r,) RECOMMENDATION, best first

    @property
    def rule(self) -> str:
        """The rule's name, as readers see it."""
        return COUNTRY if self.country else GLOBAL


def list_choices(country: str, age_group: str) -> list[tuple[str, str]]:
    """The lists that may serve a listener, nearest first."""
    return list(dict.fromkeys([(country, age_group), (country, ""), ("", age_group), ("", "")]))


class Reasons(NamedTuple):
    """The reasons of r recommendations, the largest share first; -1 where there are fewer.

    artists: (r, REASONS) int32, of the user's own; shares: (r, REASONS) float32 of all that speaks
    for the recommendation; listeners: (r, REASONS) int32, how many play both artists
    """

    artists: np.ndarray
    shares: np.ndarray
    listeners: np.ndarray


def with_listeners(why: Reasons) -> Reasons:
    """The reasons that somebody's plays bear out, those that nobody's do moved out.

    Such a reason comes of damping alone: who plays the one is far from the taste of the other.
    """
    order = np.argsort(why.listeners == 0, axis=1, kind="stable")
    artists, shares, listeners = (np.take_along_axis(part, order, axis=1) for part in why)
    nobody = listeners == 0
    artists[nobody], shares[nobody] = -1, 0
    return Reasons(artists, shares, listeners)
