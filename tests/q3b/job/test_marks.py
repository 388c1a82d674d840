"""Likes, dislikes and blocks in the daily job, and the API's same answer for them."""

import csv
import json

import numpy as np
import pytest

from listening.taste import BLOCKED, DISLIKED, LIKED
from recommend_daily import main
from store.url import open_store
from tests.conftest import assert_one_line_error, run_here
from tests.q3b.conftest import write_films
from web.app import create_app

MARKS = [
    *(("newcomer", film, "like") for film in ("2", "4", "6")),
    ("newcomer", "8", "block"),
    ("1000", "5", "like"),
    *(("hater", film, "block") for film in ("0", "1")),
    ("1002", "2", "dislike"),
    ("1002", "4", "dislike"),
]
BAD = [("1004", "999", "like"), ("1004", "2", "love"), ("", "2", "like"), ("1000", "5", "block")]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The URL of a store made of films and marks, and the run's report."""
    folder = tmp_path_factory.mktemp("marked")
    with (folder / "marks.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("user_id", "item_id", "mark"), *MARKS, *BAD])
    url = f"sqlite:///{folder / 'recommendations.db'}"
    options = *write_films(folder), "--marks", folder / "marks.csv"
    done = run_here(main, *options, "--store", url, "--format", "json")
    assert done.returncode == 0, done.stderr
    return url, json.loads(done.stdout)["report"], options


def test_marks_that_cannot_be_used_are_counted_by_reason(published):
    _, report, _ = published
    assert report["data"]["marks"] == len(MARKS)
    assert report["data"]["rejected"] == {
        "marks: an item that nobody plays": 1,
        "marks: mark is none of like, dislike and block": 1,
        "marks: no user id": 1,
        "marks: user and item repeated": 1,
    }
    assert report["data"]["first_rejected"]["marks: no user id"].endswith("marks.csv:13")


def test_a_newcomer_with_likes_gets_a_list_of_the_own_crowd(published):
    item = open_store(published[0]).user("newcomer")
    ids = [one["id"] for one in item["items"]]
    assert item["rule"] == "neighbours"
    assert not {"2", "4", "6", "8"} & set(ids)
    crowd = [one["id"] for one in item["items"] if one["score"] > 0]
    assert sum(int(film) % 2 == 0 for film in crowd) > len(crowd) / 2
    assert item["top_items"] == []
    assert len(ids) == 20


def test_blocks_alone_leave_everybodys_list_without_the_blocked(published):
    store = open_store(published[0])
    item, everybody = store.user("hater"), store.new_user()
    assert item["rule"] == "global"
    shown = [one["id"] for one in item["items"]]
    expected = [one["id"] for one in everybody["items"] if one["id"] not in ("0", "1")]
    assert shown[: len(expected)] == expected
    assert len(shown) == 20


def test_the_store_keeps_plays_and_marks_apart(published):
    store = open_store(published[0])
    _, own = store.own("1000")
    assert (own["plays"] == LIKED).sum() == 1
    played = [item["plays"] for item in store.user("1000")["top_items"]]
    assert min(played) > 0
    values = np.concatenate([store.own(user)[1]["plays"] for user in ("newcomer", "1002")])
    assert {LIKED, BLOCKED, DISLIKED} <= set(values.tolist())


def test_the_api_gives_marked_users_the_lists_of_the_job(published):
    url, _, _ = published
    client = create_app({"STORE": url}).test_client()
    for user in ("newcomer", "1000", "1002", "hater", "1004"):
        found = client.post("/recommendations", json={"user_id": user}).json
        stored = client.get(f"/users/{user}/recommendations").json
        assert found["rule"] == stored["rule"]
        assert [one["id"] for one in found["items"]] == [one["id"] for one in stored["items"]]
        scores = [one["score"] for one in found["items"]]
        assert scores == pytest.approx([one["score"] for one in stored["items"]], rel=1e-4)
    unmarked = {"user_id": "hater", "marks": {"0": "none", "1": "none"}}
    found = client.post("/recommendations", json=unmarked).json
    assert found["items"] == client.post("/recommendations", json={}).json["items"]


def test_a_bad_mark_stops_the_run_if_asked(published):
    url, _, options = published
    stopped = run_here(main, *options, "--on-bad-row", "stop", "--store", url)
    assert_one_line_error(stopped, 2, "marks.csv:12", "like, dislike and block")
