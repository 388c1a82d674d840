"""A set is held against what its run said of it: what is right passes, what is wrong is named."""

import pytest

from job.verify import item_problems
from store.protocol import Run


def run_that(**report) -> Run:
    settings = {"recommendations": 2, "include_played": False}
    return Run("v", "", "2026-11-24T00:00:00Z", report={"settings": settings} | report)


def item(artists: list[tuple], played: tuple = ()) -> dict:
    """A user's item with (name, mbid) artists, the best first."""
    scored = [
        {"name": name, "mbid": mbid, "score": -place} for place, (name, mbid) in enumerate(artists)
    ]
    top = [{"name": name, "mbid": mbid} for name, mbid in played]
    return {"rule": "neighbours", "version": "v", "artists": scored, "top_artists": top}


def problems(run: Run, found: dict | None) -> list[str]:
    return list(item_problems(run, "u", found))


def test_what_is_right_passes():
    assert problems(run_that(), item([("a", "1"), ("a", "2")], played=[("a", None)])) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (None, "is missing"),
        (item([("a", "1"), ("b", "2"), ("c", "3")]), "has 3 artists"),
        (item([("a", "1"), ("a", "1")]), "1 of 2 different"),
        (item([("a", "1")], played=[("a", "1")]), "what the user plays"),
        (item([("a", None)], played=[("a", None)]), "what the user plays"),
        (item([("a", "1")]) | {"version": "other"}, "version 'other'"),
    ],
)
def test_what_is_wrong_is_named(found, problem):
    assert problem in "; ".join(problems(run_that(), found))


def test_artists_that_have_the_same_name_are_no_mistake():
    """As by ids of one's own, which are no MBIDs: two bands are called Nirvana."""
    alike = item([("Nirvana", None), ("Nirvana", None)], played=[("Nirvana", None)])
    assert problems(run_that(artists_told_apart=False), alike) == []
    assert problems(run_that(artists_told_apart=True), alike)
