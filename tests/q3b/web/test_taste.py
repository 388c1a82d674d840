"""Recommendations for the taste of a request: as the daily job makes them, merged, refused."""

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import forget_user
from recommend_daily import main
from recommender.lists import TOP_ARTIST
from store.url import open_store
from tests.conftest import run_here
from tests.q3b.conftest import ANY_SET, BLOCKED, FILMS, write_films
from web.app import create_app

KEY = "a key of the tests"


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """The URL of a store that the real job has filled with films."""
    folder = tmp_path_factory.mktemp("films")
    url = f"sqlite:///{folder / 'recommendations.db'}"
    done = run_here(main, *write_films(folder), "--store", url, "--run-id", "day:1")
    assert done.returncode == 0, done.stderr
    return url


@pytest.fixture(scope="module")
def client(films):
    return create_app({"STORE": films}).test_client()


@pytest.fixture(scope="module")
def users(films):
    """The items that the store holds of each user, and the user's plays, of the job's own input."""
    store, plays = open_store(films), defaultdict(dict)
    views = Path(films.removeprefix("sqlite:///")).with_name("views.csv")
    with views.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["film"] not in BLOCKED:
                plays[row["account"]][row["film"]] = int(row["views"])
    return list(store.users(store.current())), plays


def ask(client, status=200, **body):
    answer = client.post("/recommendations", json=body)
    assert answer.status_code == status, answer.text
    return answer.json


def marks(**items: list[str]) -> dict[str, str]:
    """The marks of a body: items by mark."""
    return {item: mark for mark, ids in items.items() for item in ids}


def assert_same_list(found: list[dict], stored: list[dict]) -> None:
    """Assert that two lists agree: items, rules and reasons; scores but for float32's rounding."""
    assert [one["id"] for one in found] == [one["id"] for one in stored]
    for one, other in zip(found, stored, strict=True):
        assert one["score"] == pytest.approx(other["score"], rel=1e-4, abs=1e-6)
        assert one.get("rule") == other.get("rule")
        assert (one["name"], one["url"]) == (other["name"], other["url"])
        assert len(one["because"]) == len(other["because"])
        for cause, stated in zip(one["because"], other["because"], strict=True):
            assert cause | {"share": 0} == stated | {"share": 0}
            assert cause["share"] == pytest.approx(stated["share"], abs=2e-4)


def test_the_same_plays_get_what_the_daily_job_gives(client, users):
    for item in users[0]:
        answer = ask(client, plays=users[1][item["user_id"]])
        assert (answer["rule"], answer["stored"]) == (item["rule"], 0)
        assert_same_list(answer["items"], item["items"])


def test_a_known_user_is_merged_with_the_stored_plays(client, users):
    for item in users[0][:20]:
        own = users[1][item["user_id"]]
        answer = ask(client, user_id=item["user_id"])
        assert answer["stored"] == len(own)
        assert_same_list(answer["items"], item["items"])
        more = {item["items"][0]["id"]: 7, next(iter(own)): 2}
        together = own | more | {next(iter(own)): own[next(iter(own))] + 2}
        merged = ask(client, user_id=item["user_id"], plays=more)
        assert_same_list(merged["items"], ask(client, plays=together)["items"])


def test_a_like_counts_as_an_average_item_of_the_user(client, users):
    assert_same_list(
        ask(client, marks=marks(like=["2", "4", "6"]))["items"],
        ask(client, plays={"2": 5, "4": 5, "6": 5})["items"],
    )
    assert_same_list(
        ask(client, plays={"2": 1, "4": 3}, marks=marks(like=["4", "6"]))["items"],
        ask(client, plays={"2": 1, "4": 5, "6": 2})["items"],
    )


def test_dislikes_do_not_count_and_blocks_do(client):
    plays = {"2": 3, "4": 9, "6": 5}
    disliked = ask(client, plays=plays, marks=marks(dislike=["4", "8"]))["items"]
    assert not {"4", "8"} & {one["id"] for one in disliked}
    undisturbed = ask(client, plays={"2": 3, "6": 5}, limit=FILMS)["items"]
    kept = [one for one in undisturbed if one["id"] not in ("4", "8")]
    assert_same_list(disliked, kept[: len(disliked)])
    before = ask(client, plays=plays, limit=FILMS)["items"]
    hidden = before[0]["id"]
    blocked = ask(client, plays=plays, marks=marks(block=["4", hidden]), limit=FILMS)["items"]
    assert_same_list(blocked, [one for one in before if one["id"] != hidden])


def test_lists_of_items_are_marks(client):
    given = {"like": ["4", "6"], "dislike": ["8"], "block": ["10", "12"]}
    asked = {"plays": {"2": 1}, "limit": 5}
    lists = {f"{mark}s": items for mark, items in given.items()}
    expected = ask(client, marks=marks(**given), **asked)
    assert ask(client, **lists, **asked) == expected
    assert ask(client, **lists | {"blocks": ["10"]}, marks={"12": "block"}, **asked) == expected


def test_of_several_marks_the_strictest_holds(client):
    both = {"likes": ["4", "6"], "dislikes": ["6"], "blocks": ["4"]}
    assert ask(client, **both, marks={"8": "like", "6": "none"}) == ask(
        client, blocks=["4"], dislikes=["6"], likes=["8"]
    )


def test_lists_are_full_and_hold_nothing_played_or_blocked_by_the_app(client):
    found = ask(client, plays={"2": 1}, limit=1000)["items"]
    assert {one["id"] for one in found} == set(map(str, range(FILMS))) - BLOCKED - {"2"}
    assert ask(client)["rule"] == "global"
    newcomer = client.get("/new-user/recommendations").json["items"]
    assert ask(client)["items"] == newcomer


def test_ids_that_the_set_does_not_have_are_named(client):
    answer = ask(client, user_id="nobody", plays={"999": 3, "2": 1}, marks=marks(like=["17", "4"]))
    assert (answer["unknown"], answer["stored"]) == (["999", "17"], 0)
    assert_same_list(answer["items"], ask(client, plays={"2": 1}, marks=marks(like=["4"]))["items"])


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ([], "object"),
        ({"play": {}}, "plays"),
        ({"plays": ["2"]}, "plays"),
        ({"plays": {"2": 0}}, "'2'"),
        ({"plays": {"2": 1.5}}, "'2'"),
        ({"plays": {"2": True}}, "'2'"),
        ({"plays": {"2": 2**31}}, "'2'"),
        ({"plays": {"2": "3"}}, "'2'"),
        ({"plays": {"": 3}}, "plays"),
        ({"plays": {"x" * 513: 3}}, "512"),
        ({"marks": ["2"]}, "marks"),
        ({"marks": {"2": "love"}}, "'2'"),
        ({"marks": {"2": 1}}, "'2'"),
        ({"likes": "2"}, "likes"),
        ({"dislikes": [2]}, "dislikes"),
        ({"blocks": [""]}, "blocks"),
        ({"user_id": None}, "user_id"),
        ({"user_id": 7}, "user_id"),
        ({"user_id": "x" * 257}, "256"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
    ],
)
def test_what_is_wrong_is_named(client, body, part):
    answer = client.post("/recommendations", json=body)
    assert answer.status_code == 400
    assert part in answer.json["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_numbers_that_are_none_are_refused(client, number):
    text = f'{{"plays": {{"2": {number}}}}}'
    answer = client.post("/recommendations", data=text, content_type="application/json")
    assert answer.status_code == 400


def test_a_body_that_is_large_or_no_json_is_refused(client):
    assert client.post("/recommendations", json={"user_id": "x" * 66_000}).status_code == 413
    assert client.post("/recommendations", data="{}").status_code == 415
    broken = client.post("/recommendations", data="{", content_type="application/json")
    assert broken.status_code == 400


def test_similar_items_come_with_their_listeners(client, users):
    answer = client.get("/items/2/similar?limit=5")
    assert answer.json["item"]["name"] == "Film, no. 2"
    assert len(answer.json["items"]) == 5
    for one in answer.json["items"]:
        both = sum({"2", one["id"]} <= own.keys() for own in users[1].values())
        assert one["listeners"] == both > 0
    again = client.get(
        "/items/2/similar?limit=5", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    assert client.get("/items/3/similar").status_code == 404
    assert client.get("/items/2/similar?limit=x").status_code == 400


def test_names_are_searched_without_case_and_accents(client):
    found = client.get("/items?search=ALIÉN").json["items"]
    assert [one["id"] for one in found] in (["0", "1"], ["1", "0"])
    listeners = [one["listeners"] for one in found]
    assert listeners == sorted(listeners, reverse=True)
    assert client.get("/items?search=no. 1&limit=3").json["items"]
    assert client.get("/items?search=nothing").json["items"] == []
    assert client.get("/items").status_code == 400


def copied(films: str, folder):
    """A store of its own with the films' set and index."""
    source = films.removeprefix("sqlite:///")
    shutil.copy(source, folder / "own.db")
    shutil.copytree(f"{source}.index", folder / "own.db.index")
    return f"sqlite:///{folder / 'own.db'}"


def test_an_index_of_another_set_is_not_used(films, tmp_path):
    url = copied(films, tmp_path)
    client = create_app({"STORE": url}).test_client()
    assert ask(client)["rule"] == "global"
    (folder,) = (tmp_path / "own.db.index").iterdir()
    assert ":" not in folder.name
    folder.rename(folder.with_name("day%3A1-0123abcd"))
    assert "index missing" in ask(client, 503)["detail"]
    other = create_app({"STORE": url, "INDEX": "none"}).test_client()
    assert "index missing" in ask(other, 503)["detail"]
    for path in ("/items/2/similar", "/items?search=a"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0


def test_forgetting_a_user_removes_the_index_until_the_next_run(films, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOMMENDER_ERASURE_KEY", KEY)
    url = copied(films, tmp_path)
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "own.db.index", kept)
    client = create_app({"STORE": url}).test_client()
    ask(client, user_id="1000")
    receipt = tmp_path / "receipt.json"
    done = run_here(forget_user.main, "1000", "--store", url, "--receipt", receipt)
    assert done.returncode == 0, done.stderr
    assert json.loads(receipt.read_text(encoding="utf-8"))["indexes"] == 1
    assert list((tmp_path / "own.db.index").iterdir()) == []
    assert "index missing" in ask(client, 503)["detail"]
    restored = create_app({"STORE": url, "INDEX": str(kept)}).test_client()
    assert "index missing" in ask(restored, 503)["detail"], "a copy from before is not used either"
    again = run_here(main, *write_films(tmp_path), *ANY_SET, "--store", url)
    assert again.returncode == 0, again.stderr
    assert ask(client, user_id="1000")["stored"] == 0
    assert ask(client, user_id="1001")["stored"] > 0


def test_the_store_holds_every_own_item(films, users):
    store = open_store(films)
    _, own = store.own("1004")
    assert own.dtype == TOP_ARTIST
    assert len(own) > 10
    assert (np.diff(own["plays"]) <= 0).all()
    assert len(store.user("1004")["top_items"]) == 10
    assert store.own("nobody")[1] is None
