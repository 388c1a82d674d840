"""A set is held against what its run said of it: what is right passes, what is wrong is named."""

import pytest

from job.verify import item_problems
from store.protocol import Run


def run_that(**report) -> Run:
    settings = {"recommendations": 2, "include_played": False}
    return Run("v", "", "2026-11-24T00:00:00Z", report={"settings": settings} | report)


def item(ids: str, played: str = "") -> dict:
    """A user's item with items of these ids, the best first."""
    scored = [{"id": one, "name": "Nirvana", "score": -place} for place, one in enumerate(ids)]
    top = [{"id": one, "name": "Nirvana"} for one in played]
    return {"rule": "neighbours", "version": "v", "items": scored, "top_items": top}


def problems(run: Run, found: dict | None) -> list[str]:
    return list(item_problems(run, "u", found))


def test_what_is_right_passes_also_where_all_have_one_name():
    assert problems(run_that(), item("ab", played="c")) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (None, "is missing"),
        (item("abc"), "has 3 items"),
        (item("aa"), "1 of 2 different"),
        (item("a", played="a"), "what the user plays"),
        (item("a") | {"version": "other"}, "version 'other'"),
    ],
)
def test_what_is_wrong_is_named(found, problem):
    assert problem in "; ".join(problems(run_that(), found))
