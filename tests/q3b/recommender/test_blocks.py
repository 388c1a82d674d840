"""Blocks of lists: they are full, artists marked by their rule, plays cut to what a store holds."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from listening.play_counts import PlayCounts
from recommender.blocks import Asked, Part, own_artists, parts_of_users, recommended_block
from recommender.lists import FILLED_FROM
from recommender.methods import fitted_recommender
from recommender.popularity import popularity_of

USERS, ARTISTS = 30, 25


@pytest.fixture(scope="module")
def plays():
    """Two tastes without an artist in common, in two countries, and one user without a country."""
    random = np.random.default_rng(3)
    dense = np.zeros((USERS, ARTISTS))
    dense[:15, :10] = random.random((15, 10)) < 0.5
    dense[15:, 10:] = random.random((15, 15)) < 0.5
    dense[:, 0] = dense[:, 10] = 0
    dense[0, 0] = dense[20, 10] = 1
    dense *= random.integers(1, 50, dense.shape)
    countries = ["Peru"] * 15 + ["Chile"] * 14 + [""]
    profiles = pd.DataFrame(
        {"gender": "", "age": np.nan, "country": countries, "signup": pd.NaT},
        index=[f"u{row}" for row in range(USERS)],
    )
    artists = np.array([f"a{column}" for column in range(ARTISTS)], dtype=object)
    matrix = csr_array(dense.astype(np.float32))
    return PlayCounts(profiles.index.to_numpy(), artists, artists, matrix, profiles)


@pytest.mark.parametrize(("metric", "voters_of_each"), [("cosine", USERS - 1), ("euclidean", 5)])
def test_lists_are_full_while_the_catalogue_has_artists(plays, metric, voters_of_each):
    made = fitted_recommender(plays, metric, neighbours=5)
    (part,) = parts_of_users(plays)
    block = recommended_block(made, popularity_of(plays), Asked(20), part)
    played = plays.matrix.toarray() > 0
    filled = 0
    for user, (_, rule, voters, found, _, _) in enumerate(block.slices()):
        artists = found["artist"]
        assert len(set(artists)) == len(artists) == min(20, (~played[user]).sum())
        assert not played[user, artists].any()
        assert rule == "neighbours"
        assert voters == voters_of_each
        marked = np.array([FILLED_FROM.get(one, "") for one in found["because_artist"][:, 0]])
        voted = found["score"] > 0
        assert (marked[voted] == "").all()
        home = "country" if plays.profiles["country"].iloc[user] else "global"
        assert (marked[~voted] == home).all()
        assert (np.diff(found["score"]) <= 0).all()
        filled += (~voted).sum()
    assert filled > USERS


def test_what_fills_a_list_is_what_the_country_plays_most(plays):
    part = Part(np.array([3]), plays.select_users([3]))
    made = fitted_recommender(plays, "cosine")
    block = recommended_block(made, popularity_of(plays), Asked(20), part)
    found = block.recommendations
    rest = found["artist"][found["score"] == 0]
    everyone = (plays.matrix.toarray() > 0).sum(axis=0)
    home = (plays.matrix[:15].toarray() > 0).sum(axis=0)
    shares = (home + 50 * everyone / USERS) / (15 + 50)
    assert (np.diff(shares[rest]) <= 1e-9).all()
    left = set(range(ARTISTS)) - set(found["artist"]) - set(plays.matrix[[3]].indices)
    assert all(shares[one] <= shares[rest].min() + 1e-9 for one in left)


def test_played_artists_are_in_the_lists_only_on_request(plays):
    made, popularity = fitted_recommender(plays, "cosine"), popularity_of(plays)
    (part,) = parts_of_users(plays)
    block = recommended_block(made, popularity, Asked(ARTISTS, True), part)
    assert (np.diff(block.recommendation_starts) == ARTISTS).all()


def test_more_plays_than_a_store_holds_are_its_most():
    plays = csr_array(np.array([[2.0**40, 5, 2.0**31, 2.0**31 - 200]], dtype=np.float32))
    top, _ = own_artists(plays)
    assert top["plays"].tolist() == [2**31 - 1, 2**31 - 1, 2**31 - 256, 5]
