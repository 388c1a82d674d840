"""Artists for a listener, whatever is known of them; the answer says which rule it came from.

neighbours   the listener is in the model: what listeners of a similar taste play
new plays    the listener has plays but is not in the model: the same, by those plays
country      no plays, but a country: what its listeners play
global       neither: what everyone plays

A country's score of an artist is the share of its listeners who play the artist, as if
PRIOR_LISTENERS more had the taste of everyone: the list of a small country leans to everyone's
(additive smoothing with a prior, as in Zhai & Lafferty, ACM TOIS 22(2), 2004). Where the age group
is known it decides among artists of about the same share: those within one percent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from listening.age_groups import age_group
from listening.play_counts import PlayCounts
from recommender.damped_vote import DampedVote
from recommender.lists import COUNTRY, GLOBAL, NEIGHBOURS
from recommender.taste import best_places
from recommender.votes import best_artists

NEW_PLAYS = "new plays"  # the other rules are also the store's
PRIOR_LISTENERS = 50
SAME_SHARE = 0.01  # shares of listeners in the same hundredth count as equal


@dataclass(frozen=True)
class Answer:
    """Artists for one listener, best first, and the rule above that they came from.

    artists: (t,) column numbers; scores: (t,) falling
    """

    rule: str
    artists: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Groups:
    """How many of the users of each of g groups play each of m artists.

    rows: row of a group by its name; sizes: (g,) users; listeners: (g, m)
    """

    rows: dict[str, int]
    sizes: np.ndarray
    listeners: csr_array

    def shares(self, name: str, everyone: np.ndarray) -> np.ndarray:
        """(m,) shares of a group's listeners, leaning to everyone's (m,) in a small one."""
        row = self.rows[name]
        listeners = np.asarray(self.listeners[[row]].todense()).ravel()
        return (listeners + PRIOR_LISTENERS * everyone) / (self.sizes[row] + PRIOR_LISTENERS)


@dataclass(frozen=True)
class Popularity:
    """What listeners play: everyone's (m,) shares, and the counts by country and by age group."""

    everyone: np.ndarray
    countries: Groups
    age_groups: Groups

    def chart(
        self, country: str = "", ages: str = "", top: int = 20, heard: np.ndarray = ()
    ) -> Answer:
        """The most popular artists of a country and age group but those `heard`.

        "" and names without a listener stand for everyone.
        """
        known = country in self.countries.rows
        scores = self.countries.shares(country, self.everyone) if known else self.everyone.copy()
        if ages in self.age_groups.rows:
            tie_break = self.age_groups.shares(ages, self.everyone)
            scores = (np.floor(scores / SAME_SHARE) + tie_break) * SAME_SHARE
        scores[np.asarray(heard, dtype=int)] = 0
        artists = best_places(scores, top)
        return Answer(COUNTRY if known else GLOBAL, artists, scores[artists])


def answer(
    model: DampedVote,
    popularity: Popularity,
    *,
    user: int | None = None,
    plays: csr_array | None = None,
    country: str = "",
    age: float | None = None,
    top: int = 20,
) -> Answer:
    """Artists for one listener by the first of the rules above that finds any.

    user: the listener's row in the model; or plays: (1, m) plays of a listener who has none;
    country, age: of the profile, "" and None where they are unknown.
    """
    if user is None and (plays is None or not plays.nnz):
        return popularity.chart(country, age_group(age), top)
    if user is None:
        rule, compared = NEW_PLAYS, model.compared.of(plays)
    else:
        rule, compared = NEIGHBOURS, model.compared.users[[user]]
    found = model.best_of(compared, top)
    if not found.nnz:  # nobody who shares an artist plays anything new
        heard = model.compared.order[compared.indices]
        return popularity.chart(country, age_group(age), top, heard)
    return Answer(rule, found.indices, found.data)


def popularity_of(plays: PlayCounts) -> Popularity:
    """Count who plays what; data without profiles know everyone only."""
    played = plays.matrix.astype(bool).astype(np.int32)
    nobody = pd.Series("", index=range(len(plays.users)))
    countries = nobody if plays.profiles is None else plays.profiles["country"]
    ages = nobody if plays.profiles is None else plays.profiles["age"].map(age_group)
    listeners = np.bincount(plays.matrix.indices, minlength=len(plays.artists))
    return Popularity(
        everyone=listeners / len(plays.users),
        countries=groups_of(countries, played),
        age_groups=groups_of(ages, played),
    )


def groups_of(labels: pd.Series, played: csr_array) -> Groups:
    """Count the listeners of (n, m) played artists by (n,) labels of users; "" is no label."""
    named = np.flatnonzero(labels != "")
    codes, names = pd.factorize(labels.iloc[named], sort=True)
    members = csr_array((np.ones(len(named), np.int32), (codes, named)), (len(names), len(labels)))
    return Groups(
        rows={name: row for row, name in enumerate(names)},
        sizes=np.bincount(codes, minlength=len(names)),
        listeners=csr_array(members @ played),
    )


def all_charts(popularity: Popularity, top: int) -> Iterator[tuple[tuple[str, str], Answer]]:
    """Yield ((country, age group), chart) for every country and age group; "" is any."""
    for country in ["", *popularity.countries.rows]:
        for ages in ["", *popularity.age_groups.rows]:
            yield (country, ages), popularity.chart(country, ages, top)


def most_listeners(plays: csr_array, groups: np.ndarray, top: int) -> csr_array:
    """The artists (n, m) with the most listeners in each user's group, (n,) 0, 1, ...

    plays: (n, m); what a user plays is not recommended.
    """
    membership = csr_array((np.ones(len(groups), np.float32), (np.arange(len(groups)), groups)))
    listeners = csr_array(membership.T @ (plays > 0).astype(np.float32))
    return best_artists(lambda rows: membership[rows], listeners, plays, top)
