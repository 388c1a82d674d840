"""Users who are forgotten are in no set, no export and no later set, of either store."""

import hashlib
import json
from dataclasses import asdict, replace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import forget_user
import recommend_daily
from listening.sample.files import write_listeners
from store.protocol import StoreError, new_run
from store.url import open_store
from tests.conftest import assert_one_line_error, run_here
from tests.q3b.store.conftest import block_of, publish, writing
from web.app import create_app
from web.last_good import LastGood

KEY = "a secret of the team's own"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("RECOMMENDER_ERASURE_KEY", KEY)


def forget(url, tmp_path, *options):
    return run_here(
        forget_user.main, "--store", url, "--receipt", tmp_path / "receipt.json", *options
    )


def receipt_of(tmp_path):
    return json.loads((tmp_path / "receipt.json").read_text(encoding="utf-8"))


def publish_named(store, users, run_id="", publish=True):
    """A set whose report names its users, as the job's does."""
    run = replace(
        new_run(run_id),
        users=len(users),
        example_users=users[:2],
        report={"checked_users": users},
    )
    with writing(store, run) as (writer, _):
        writer.write(block_of(users))
        writer.finish(run)
    if publish:
        store.publish(run)
    return run


def test_a_user_is_removed_from_every_set_that_is_kept(store, store_url, tmp_path):
    before = publish_named(store, ["leaves", "stays"])
    current = publish_named(store, ["leaves", "other", "stays"])
    waiting = publish_named(store, ["stays", "leaves"], "waiting", publish=False)
    assert store.current() == current
    kept = {item["user_id"]: item for item in store.users(current)}
    finished = forget(store_url, tmp_path, "leaves", "nobody")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.startswith("users kept out of later sets: 2; removed from\n")
    store.close()
    opened = open_store(store_url)
    for run, users in [(before, 1), (current, 2), (waiting, 1)]:
        assert opened.user("leaves", run) is None
        assert opened.user("stays", run)["version"] == run.version
        assert opened.count_users(run) in (users, None)
        assert receipt_of(tmp_path)["sets"][run.version] == 1
    found = opened.current()
    assert (found.version, found.users) == (current.version, 2)
    assert "leaves" not in json.dumps(asdict(found))
    assert "leaves" not in json.dumps(asdict(opened.find_run("waiting")))
    assert {item["user_id"]: item for item in opened.users(found)} == {
        user: item for user, item in kept.items() if user != "leaves"
    }
    assert "leaves" not in json.dumps(asdict(opened.rollback()))
    opened.close()


def test_a_running_api_forgets_too(store, store_url, tmp_path, monkeypatch):
    publish_named(store, ["leaves", "stays"])
    app = create_app({"STORE": store_url, "SHOW_EXAMPLES": "1"})
    client = app.test_client()
    assert client.get("/users/leaves/recommendations").status_code == 200
    assert b"leaves" in client.get("/").data
    assert forget(store_url, tmp_path, "leaves").returncode == 0
    monkeypatch.setattr("store.dynamodb.store.POINTER_SECONDS", 0)
    assert client.get("/users/leaves/recommendations").status_code == 404
    assert client.get("/users/stays/recommendations").status_code == 200
    assert b"leaves" not in client.get("/").data


def test_an_answer_kept_for_outages_goes_with_its_user(store, store_url, tmp_path, monkeypatch):
    publish_named(store, ["leaves", "stays"])
    kept = LastGood(open_store(store_url))
    assert kept.user_list("leaves", 20)
    assert kept.user_list("stays", 20)
    assert forget(store_url, tmp_path, "leaves").returncode == 0
    monkeypatch.setattr("store.dynamodb.store.POINTER_SECONDS", 0)
    assert kept.user_list("stays", 20)

    def fails(*_):
        raise StoreError("down")

    monkeypatch.setattr(kept._store, "user_list", fails)
    assert kept.user_list("stays", 20).stale
    with pytest.raises(StoreError, match="down"):
        kept.user_list("leaves", 20)


def test_nothing_of_a_user_is_left_in_the_file(tmp_path):
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}", create=True)
    for _ in range(4):  # the first are dropped, and their pages are free
        publish_named(store, [f"user-{number}-who-leaves" for number in range(500)])
    assert b"user-77-who-leaves" in path.read_bytes()
    assert forget(f"sqlite:///{path}", tmp_path, "user-77-who-leaves").returncode == 0
    assert b"user-77-who-leaves" not in path.read_bytes()
    assert b"user-78-who-leaves" in path.read_bytes()


def test_a_mark_cannot_be_found_by_trying_all_ids(store, store_url, tmp_path):
    publish(store, ["12345"])
    assert forget(store_url, tmp_path, "12345").returncode == 0
    with store.lock():
        marks = store.forgotten()
    assert len(marks) == 2  # the user's, and the key's own
    assert receipt_of(tmp_path)["users"][0] in marks
    assert hashlib.sha256(b"12345").hexdigest() not in marks
    assert "12345" not in json.dumps([*marks])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Plays and profiles of a few listeners."""
    return write_listeners(tmp_path_factory.mktemp("listeners"), 60, 40, seed=4)


def test_later_sets_leave_the_user_out(store, store_url, files, tmp_path, monkeypatch):
    with_plays = pd.read_csv(files[0], sep="\t", header=None)[0].unique()
    options = ("--store", store_url, "--plays", files[0], "--profiles", files[1], "--force")
    assert run_here(recommend_daily.main, *options).returncode == 0
    monkeypatch.setattr("store.dynamodb.store.POINTER_SECONDS", 0)
    users = store.current().users
    leaves = [with_plays[0], with_plays[7]]
    assert forget(store_url, tmp_path, *leaves).returncode == 0
    assert run_here(recommend_daily.main, *options).returncode == 0
    run = store.current()
    assert run.users == users - 2
    assert [store.user(user) for user in leaves] == [None, None]
    assert store.user(with_plays[1])["version"] == run.version
    for key, part in [("", "is not set"), ("x" * 16, "is not the key"), ("short", "less than 16")]:
        monkeypatch.setenv("RECOMMENDER_ERASURE_KEY", key)
        refused = run_here(recommend_daily.main, *options)
        assert_one_line_error(refused, 2, "RECOMMENDER_ERASURE_KEY", part)
        assert_one_line_error(forget(store_url, tmp_path, "x"), 2, "RECOMMENDER_ERASURE_KEY", part)
    assert store.current() == run


def test_exports_lose_the_rows_and_nothing_else(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True)
    publish(store, ["7", "8", "9"])
    lines, table = tmp_path / "all.jsonl", tmp_path / "plays.parquet"
    lines.write_bytes(b'{"user_id": "7", "x": 1.50}\n{"user_id":8}\n{"user_id":"87"}\n')
    numbers = pa.table({"user_id": pa.array([7, 8, None, 9], pa.int32()), "plays": [1, 2, 3, 4]})
    pq.write_table(numbers, table)
    (tmp_path / "ids.txt").write_text("8\n9\n", encoding="utf-8")
    options = ("--ids", tmp_path / "ids.txt", "--export", lines, "--export", table)
    finished = forget(f"sqlite:///{tmp_path / 'store.db'}", tmp_path, *options, "--format", "csv")
    assert finished.returncode == 0, finished.stderr
    assert lines.read_bytes() == b'{"user_id": "7", "x": 1.50}\n{"user_id":"87"}\n'
    assert pq.read_table(table).equals(numbers.take([0, 2]))
    assert receipt_of(tmp_path)["exports"] == {str(lines): 1, str(table): 2}
    assert f"{table},2" in finished.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.jsonl", b'{"user_id": "stays"}\n{"user": "leaves"}\n'),
        ("bad.jsonl", b'{"user_id": "leaves"}\nno json\n'),
        ("bad.parquet", b"PAR1"),
    ],
)
def test_an_export_that_cannot_be_read_leaves_all_as_it_was(tmp_path, name, content):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    publish(open_store(url, create=True), ["leaves"])
    (tmp_path / "good.jsonl").write_bytes(b'{"user_id": "leaves"}\n')
    (tmp_path / name).write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    exports = ("--export", tmp_path / "good.jsonl", "--export", tmp_path / name)
    assert_one_line_error(forget(url, tmp_path, "leaves", *exports), 2, name, "user_id")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_store_that_a_run_holds_is_left_alone(store, store_url, tmp_path):
    publish(store, ["leaves"])
    with writing(store):
        assert_one_line_error(forget(store_url, tmp_path, "leaves"), 75, "another run")
    assert store.user("leaves")
    assert not (tmp_path / "receipt.json").exists()


@pytest.mark.parametrize(
    ("options", "status", "parts"),
    [
        ((), 2, ["ID"]),
        (("x", "--export", "missing.jsonl"), 2, ["missing.jsonl"]),
        (("x", "--ids", "missing.txt"), 2, ["missing.txt"]),
        (("\udcff",), 2, ["UTF-8"]),
        (("x",), 1, ["no such store"]),
    ],
)
def test_a_mistake_is_one_line(tmp_path, options, status, parts):
    url = f"sqlite:///{tmp_path / 'none.db'}"
    assert_one_line_error(forget(url, tmp_path, *options), status, *parts)
    assert list(tmp_path.iterdir()) == []
