"""What every store of recommendations promises, asked of each of them alike."""

from common.command import UserError

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from listening.taste import BLOCKED, LIKED
from recommender.lists import TOP_ARTIST
from store.protocol import StoreError, StoreLockedError, new_run
from store.url import open_store
from tests.q3b.store.conftest import (
    IDS,
    NAMES,
    URLS,
    block_of,
    publish,
    writing,
)


def test_nothing_is_served_before_the_first_publication(store):
    assert store.current() is None
    assert store.user("u1") is None
    assert store.new_user("Germany") is None


def test_a_published_item_comes_back_whole(store):
    run = publish(store, ["u1", "u2"])
    nina, faye, _, _, bjork = (
        {"id": item_id, "name": name} for item_id, name in zip(IDS, NAMES, strict=True)
    )
    assert store.current() == run
    assert json.loads(json.dumps(store.user("u2"))) == {
        "user_id": "u2",
        "rule": "neighbours",
        "version": run.version,
        "generated_at": run.generated_at,
        "neighbours": 50,
        "items": [
            nina
            | {
                "url": URLS[0],
                "score": 0.75,
                "because": [
                    faye | {"share": 0.5, "listeners": 14},
                    bjork | {"share": 0.25, "listeners": 3},
                ],
            },
            {"id": IDS[2], "name": "N/A", "url": URLS[2], "score": 0.125, "because": []},
        ],
        "top_items": [faye | {"plays": 300}, bjork | {"plays": 7}],
    }
    assert store.user("u3") is None


def test_any_text_is_a_user_id(store):
    users = ["", "sep 20, 2008", "王", "a/b?c#d", "x" * 1000, "' OR 1=1"]
    publish(store, users)
    for user in users:
        assert store.user(user)["user_id"] == user
        assert store.user(user + " ") is None


def test_what_a_user_plays_and_said_is_read_back_whole(store):
    plays = [(item % 5, 99 - item) for item in range(20)]
    own = np.array([(2, LIKED), (3, BLOCKED), *plays], TOP_ARTIST)
    block = replace(block_of(["u1"]), top_artists=own, top_starts=np.array([0, len(own)]))
    with writing(store) as (writer, run):
        writer.write(block)
        writer.finish(run)
    store.publish(run)
    found, kept = store.own("u1")
    assert found == run
    assert kept.tolist() == own.tolist()
    assert store.own("nobody")[1] is None
    assert len(store.user("u1")["top_items"]) == 10
    assert min(item["plays"] for item in store.user("u1")["top_items"]) > 0


def test_the_versions_that_readers_may_come_back_to_are_kept(store):
    runs = [publish(store, ["u1"]) for _ in range(3)]
    assert set(store.kept()) == {run.version for run in runs[1:]}
    back = store.rollback()
    assert store.kept() == [back.version]


def test_a_new_user_gets_the_nearest_list(store):
    publish(store, ["u1"])
    for country, age_group, artist, rule in [
        ("Germany", "25-34", 3, "country"),
        ("Germany", "65-", 2, "country"),
        ("Germany", "", 2, "country"),
        ("Atlantis", "25-34", 1, "global"),
        ("Atlantis", "", 0, "global"),
        ("", "", 0, "global"),
    ]:
        item = store.new_user(country, age_group)
        assert [a["name"] for a in item["items"]] == [NAMES[artist]], (country, age_group)
        assert item["rule"] == rule
        assert item["user_id"] is None
        assert item["top_items"] == []
        assert item["neighbours"] == 0


def test_a_user_without_own_recommendations_is_served_from_a_list(store):
    publish(store, ["u1", "u2"], u2=("Germany", "65-"))
    item = store.user("u2")
    assert (item["user_id"], item["rule"], item["neighbours"]) == ("u2", "country", 0)
    assert [a["name"] for a in item["items"]] == [NAMES[2]]
    assert [a["name"] for a in item["top_items"]] == [NAMES[1], NAMES[4]]


def test_readers_stay_on_the_old_set_until_the_new_one_is_published(store):
    old = publish(store, ["u1", "gone"])
    with writing(store) as (writer, run):
        for first in range(0, 100, 10):
            writer.write(block_of([f"u{i}" for i in range(first, first + 10)]))
        assert store.current() == old
        assert store.user("u99") is None
        assert store.user("gone")["version"] == old.version
        writer.finish(run)
        assert store.current() == old
    store.publish(run)
    assert store.current() == run
    assert store.user("gone") is None
    assert {store.user(f"u{i}")["version"] for i in range(100)} == {run.version}


def test_a_run_that_fails_leaves_readers_on_the_old_set(store):
    old = publish(store, ["u1"])
    with pytest.raises(ZeroDivisionError), writing(store) as (writer, _):
        writer.write(block_of(["u1", "u2"]))
        raise ZeroDivisionError
    assert store.current() == old
    assert store.user("u2") is None
    new = publish(store, ["u2"])  # and the lock is free
    assert store.current() == new


def test_rollback_goes_one_version_back_and_no_further(store):
    with pytest.raises(UserError, match="no version before"):
        store.rollback()
    publish(store, ["u0"])
    first = publish(store, ["u1"])
    publish(store, ["u2"])
    assert store.rollback() == first
    assert store.current() == first
    assert store.user("u1")["version"] == first.version
    assert store.user("u2") is None
    with pytest.raises(UserError, match="no version before"):
        store.rollback()
    third = publish(store, ["u3"])  # the bad version is not what a rollback finds
    assert store.current() == third
    assert store.rollback() == first


def test_two_runs_at_once_are_refused(store, store_url):
    other = open_store(store_url, create=True)
    with (
        writing(store),
        pytest.raises(StoreLockedError, match="another run"),
        other.lock(),
    ):
        raise AssertionError("the lock was given twice")
    with other.lock():
        pass


def test_a_run_that_was_overtaken_is_not_published(store):
    with writing(store) as (writer, overtaken):
        writer.finish(overtaken)
    winner = publish(store, ["u1"])
    with pytest.raises(StoreError, match=r"another run was published|no finished run"):
        store.publish(overtaken)
    assert store.current() == winner


def test_a_run_that_is_not_finished_cannot_be_published(store):
    with writing(store) as (_, run), pytest.raises(StoreError, match="no finished run"):
        store.publish(run)
    assert store.current() is None


def test_publishing_twice_is_publishing_once(store):
    first, second = publish(store, ["u1"]), publish(store, ["u1"])
    store.publish(second)
    assert (store.is_current(first), store.is_current(second)) == (False, True)
    assert store.rollback() == first
    assert store.is_current(first)


def test_a_finished_run_can_be_read_before_it_is_published(store):
    publish(store, ["u1"])
    run = new_run("2026-11-24")
    with writing(store, run) as (writer, _):
        writer.write(block_of(["u2", "u3"]))
        writer.finish(run)
    assert store.find_run("2026-11-24") == run
    assert store.find_run("2026-11") is None
    assert store.user("u2") is None
    assert store.user("u2", run)["version"] == run.version
    assert store.new_user("Germany", run=run)["version"] == run.version
    assert store.count_users(run) in (2, None)
    store.publish(run)
    assert store.user("u2")["version"] == run.version


def test_the_same_user_twice_is_refused(store):
    old = publish(store, ["u1"])
    with pytest.raises(ValueError, match="'u2' stands twice"), writing(store) as (writer, _):
        writer.write(block_of(["u2", "u3", "u2"]))
    assert store.current() == old


def test_a_score_that_is_no_number_is_refused():
    block = block_of(["u1"])
    block.recommendations["score"][0] = np.nan
    with pytest.raises(ValueError, match="score"):
        replace(block)


def test_what_a_run_says_of_itself_comes_back(store):
    run = new_run("2026-11-24")
    with writing(store, run) as (writer, _):
        writer.finish(run)
    store.publish(run)
    assert store.current().run_id == "2026-11-24"
    assert store.current().version.startswith("2026-11-24-")


def test_many_threads_read_while_runs_are_published(store):
    users = [f"u{i}" for i in range(40)]
    publish(store, users)
    done = threading.Event()

    def read() -> int:
        rounds = 0
        while not done.is_set():
            assert all(len(store.user(user)["items"]) == 2 for user in users)
            rounds += 1
        return rounds

    with ThreadPoolExecutor(3) as readers:
        reading = [readers.submit(read) for _ in range(3)]
        try:
            for _ in range(3):
                publish(store, users)
        finally:
            done.set()
    assert all(rounds.result() for rounds in reading)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "recommendations.db",
        "sqlite://",
        "sqlite:///",
        "mysql://x/y",
        "dynamodb://",
        "dynamodb://table/x",
        "dynamodb://table?colour=red",
        "dynamodb://table?expire_days=soon",
    ],
)
def test_a_wrong_url_is_the_users_mistake(url):
    with pytest.raises(UserError, match=r"store|options"):
        open_store(url)


def test_a_folder_is_no_store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}", create=True)
    with pytest.raises(UserError, match="is a folder; name a file"), store.lock():
        pass
    with pytest.raises(StoreError, match="is a folder"):
        store.current()


@pytest.mark.parametrize("run_id", [" ", "a b", "ü", "x" * 65, "-", "../x"])
def test_an_odd_run_id_is_the_users_mistake(run_id):
    with pytest.raises(UserError, match="run id"):
        new_run(run_id)


def test_all_users_of_a_set_come_as_each_by_itself(store):
    publish(store, ["u9"])
    users = [f"u{number}" for number in range(60)]
    run = publish(store, users, u7=("Germany", ""))
    items = {item["user_id"]: item for item in store.users(run)}
    assert set(items) == set(users)
    assert all(items[user] == store.user(user) for user in users)
    asked = ["u7", "nobody", "u8"]
    current, lists = store.user_lists(asked, 1)
    assert current == run
    assert [found and json.loads(found.items) for found in lists] == [
        items["u7"]["items"][:1],
        None,
        items["u8"]["items"][:1],
    ]
    assert [found and found.rule for found in lists] == ["country", None, "neighbours"]
