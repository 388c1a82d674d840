"""An artist that fills up a list names its rule, from every store and in every form."""

from dataclasses import replace

import numpy as np

from recommender.lists import FILLED_BY, RECOMMENDATION
from tests.q3b.store.conftest import block_of, recommendation, writing


def test_an_artist_that_fills_up_a_list_names_its_rule(store):
    rows = [
        recommendation(0, 0.75, (1, 0.5, 14)),
        recommendation(2, 0, (FILLED_BY["country"], 0, 0)),
        recommendation(3, 0, (FILLED_BY["global"], 0, 0)),
    ]
    block = replace(
        block_of(["u1"]),
        recommendations=np.array(rows, RECOMMENDATION),
        recommendation_starts=np.array([0, 3]),
    )
    with writing(store) as (writer, run):
        writer.write(block)
        writer.finish(run)
    store.publish(run)
    artists = store.user("u1")["items"]
    assert [artist.get("rule") for artist in artists] == [None, "country", "global"]
    assert "rule" not in artists[0]
    assert [artist["score"] for artist in artists] == [0.75, 0, 0]
    assert [len(artist["because"]) for artist in artists] == [1, 0, 0]
    assert next(iter(store.users(run)))["items"] == artists
