"""Listeners without history: each rule on data whose answer is known, and the rule is named."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from listening.play_counts import play_counts_of
from listening.sample.listeners import generated_play_counts
from recommender import damped_vote
from recommender.popularity import PRIOR_LISTENERS, all_charts, answer, best_places, popularity_of

TANGO, POLKA, ROCK, JAZZ = range(4)
NAMES = ["tango", "polka", "rock", "jazz"]


def listeners_of(groups: list[tuple[str, float, list[str], int]]):
    """PlayCounts of groups of like listeners: (country, age, artists, number of listeners)."""
    rows = [
        (f"{number} {index}", country, age, artist)
        for number, (country, age, artists, size) in enumerate(groups)
        for index in range(size)
        for artist in artists
    ]
    table = pd.DataFrame(rows, columns=["user", "country", "age", "artist"])
    table["artist"] = pd.Categorical(table["artist"], NAMES)
    table = table.sort_values("artist", kind="stable")  # artists are numbered as in NAMES
    profiles = table.drop_duplicates("user").set_index("user")[["country", "age"]]
    profiles = profiles.assign(gender="", signup=pd.NaT)
    return play_counts_of(
        table["user"], table["artist"].astype(str), [1] * len(table), None, profiles
    )


@pytest.fixture(scope="module")
def world():
    """1,000 Argentines, 3 Poles who like polka, and others who like rock."""
    return listeners_of(
        [
            ("Argentina", 30, ["tango", "rock"], 600),
            ("Argentina", 20, ["tango", "jazz"], 400),
            ("Poland", 20, ["polka"], 3),
            ("", np.nan, ["rock"], 500),
        ]
    )


@pytest.fixture(scope="module")
def popularity(world):
    return popularity_of(world)


def test_everyone_s_chart_is_by_share_of_listeners(popularity):
    chart = popularity.chart()
    assert chart.rule == "global"
    assert chart.artists.tolist() == [ROCK, TANGO, JAZZ, POLKA]
    assert np.allclose(chart.scores, np.array([1100, 1000, 400, 3]) / 1503)


def test_a_large_country_has_its_own_chart(popularity):
    chart = popularity.chart("Argentina")
    assert chart.rule == "country"
    assert chart.artists.tolist() == [TANGO, ROCK, JAZZ, POLKA]


def test_a_small_country_leans_to_everyone_as_the_prior_says(popularity):
    chart = popularity.chart("Poland")
    assert chart.rule == "country"
    assert chart.artists[0] == ROCK, "three listeners do not outweigh everyone"
    polka = chart.scores[chart.artists.tolist().index(POLKA)]
    assert np.isclose(polka, (3 + PRIOR_LISTENERS * 3 / 1503) / (3 + PRIOR_LISTENERS))


@pytest.mark.parametrize("country", ["", "Atlantis"])
def test_an_unknown_country_gets_everyone_s_chart_and_is_told_so(popularity, country):
    assert popularity.chart(country).rule == "global"


def test_age_decides_among_about_equal_shares_only():
    even = listeners_of(
        [("Chile", 30, ["rock"], 500), ("Chile", 20, ["jazz"], 501), ("Chile", 20, ["polka"], 100)]
    )
    popularity = popularity_of(even)
    favourites = {
        ages: even.artists[popularity.chart("Chile", ages).artists].tolist()
        for ages in ("", "18-24", "25-34")
    }
    assert favourites[""] == ["jazz", "rock", "polka"]
    assert favourites["18-24"] == ["jazz", "rock", "polka"]
    assert favourites["25-34"] == ["rock", "jazz", "polka"], "one listener more does not decide"


def test_a_chart_leaves_out_what_was_heard(popularity):
    assert popularity.chart("Argentina", heard=[TANGO]).artists.tolist() == [ROCK, JAZZ, POLKA]
    assert popularity.chart(heard=range(4)).artists.tolist() == []


def test_every_country_and_age_group_has_a_chart(popularity):
    charts = dict(all_charts(popularity, top=2))
    assert set(charts) == {
        (country, ages)
        for country in ("", "Argentina", "Poland")
        for ages in ("", "18-24", "25-34")
    }
    assert all(len(chart.artists) == 2 for chart in charts.values())
    assert all((np.diff(chart.scores) <= 0).all() for chart in charts.values())


def test_data_without_profiles_know_everyone_only():
    plays = play_counts_of(["ann", "ann", "bob"], ["rock", "jazz", "rock"], [1, 2, 3])
    chart = popularity_of(plays).chart("Argentina", "18-24")
    assert (chart.rule, chart.artists.tolist()) == ("global", [0, 1])


def test_best_are_the_largest_of_equals_the_lower_place_first():
    assert best_places(np.array([0.5, 0, 2, 0.5, 2, 0.5]), 4).tolist() == [2, 4, 0, 3]
    assert best_places(np.array([0.0, 1]), 5).tolist() == [1]


@pytest.fixture(scope="module")
def drawn():
    return generated_play_counts(users=400, artists=300, seed=2)


@pytest.fixture(scope="module")
def model(drawn):
    return damped_vote.fit(drawn.matrix)


def test_a_listener_of_the_model_is_answered_as_everybody_at_once(model, drawn):
    at_once = damped_vote.recommend(model, top=20)
    for user in (0, 123, 399):
        one = answer(model, popularity_of(drawn), user=user)
        assert one.rule == "neighbours"
        assert one.artists.tolist() == at_once[[user]].indices.tolist()
        assert np.array_equal(one.scores, at_once[[user]].data)


def test_an_unseen_listener_is_answered_by_the_own_plays(model, drawn):
    plays = drawn.matrix[[7]]
    found = answer(model, popularity_of(drawn), plays=plays, country="Germany")
    assert found.rule == "new plays"
    assert len(found.artists) == 20
    assert not set(found.artists) & set(plays.indices)


@pytest.mark.parametrize("plays", [None, csr_array((1, 300), dtype=np.float32)])
@pytest.mark.parametrize(("country", "rule"), [("Germany", "country"), ("", "global")])
def test_without_plays_the_profile_decides(model, drawn, plays, country, rule):
    found = answer(model, popularity_of(drawn), plays=plays, country=country, age=23)
    assert found.rule == rule
    assert len(found.artists) == 20


def test_who_plays_what_nobody_plays_gets_the_chart_without_the_own_artists():
    lonely = play_counts_of(
        ["ann", "ann", "bob", "cleo"], ["rock", "jazz", "rock", "noise"], [1, 2, 3, 4]
    )
    model = damped_vote.fit(lonely.matrix)
    found = answer(model, popularity_of(lonely), user=2)
    assert found.rule == "global"
    assert lonely.artists[found.artists].tolist() == ["rock", "jazz"]
