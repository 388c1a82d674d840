"""The SQLite store is one file, whole at every moment, and what replaces it is noticed at once."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from itertools import count

import numpy as np
import orjson
import pytest

from store.protocol import Catalogue, StoreError, new_run
from store.sqlite import file as sqlite_file
from store.sqlite.store import SqliteStore
from store.sqlite.tables import SCHEMA
from store.url import open_store
from tests.conftest import START_SECONDS
from tests.q3b.store.conftest import LISTS, NAMES, block_of, publish, writing

ODD_NAMES = ["c# code", "100%", "a%20b", "what?", "a&b=c", "ü 王", "file:x", "'quoted'"]
UNIX_NAMES = pytest.mark.skipif(os.name == "nt", reason="names that Windows does not take")


def published(path, users, prefix="A"):
    """A store at `path` whose artists' names begin with `prefix`, of so many users."""
    store = SqliteStore(path, create=True)
    names = np.array([f"{prefix}{number}" for number in range(5)], dtype=object)
    run = replace(new_run(), run_id=prefix)
    with store.lock(), store.begin(run, Catalogue(names, names)) as writer:
        writer.write_lists(LISTS)
        for first in range(0, users, 1000):
            writer.write(block_of([f"u{number}" for number in range(first, first + 1000)]))
        writer.finish(run)
    store.publish(run)
    store.close()
    return run


def copy_over(other, path):
    shutil.copyfile(other, path)


def move_over(other, path):
    other.replace(path)


def remove_and_copy(other, path):
    path.unlink()
    shutil.copyfile(other, path)


def copy_keeping_times(other, path):
    shutil.copy2(other, path)


def assert_one_set(store):
    """Assert that all that an answer says is of one set; return its prefix."""
    item, listed = store.user("u7"), store.user_list("u7", 20)
    run = store.current()
    assert {artist["name"][0] for artist in item["items"]} == {run.run_id}
    assert listed.run == run
    assert f'"name":"{run.run_id}'.encode() in listed.items
    assert item["version"] == run.version
    return run.run_id


@pytest.mark.parametrize("sizes", [(1000, 1000), (1000, 30_000), (30_000, 1000)], ids=str)
@pytest.mark.parametrize(
    "put", [copy_over, move_over, remove_and_copy, copy_keeping_times], ids=lambda put: put.__name__
)
def test_another_file_is_noticed_on_the_next_question(tmp_path, put, sizes):
    path, other = tmp_path / "recommendations.db", tmp_path / "other.db"
    published(path, sizes[0], "A")
    new = published(other, sizes[1], "B")
    store = SqliteStore(path)
    held = threading.Barrier(2)

    def read_in_another_thread():
        assert assert_one_set(store) == "A"
        held.wait()
        held.wait()
        assert assert_one_set(store) == "B"
        held.wait()

    reader = threading.Thread(target=read_in_another_thread)
    reader.start()
    assert assert_one_set(store) == "A"
    held.wait()
    put(other, path)
    assert assert_one_set(store) == "B"
    held.wait()
    held.wait()
    reader.join()
    assert store.count_users(new) == sizes[1]
    newest = published(path, 2000, "C")  # and the job goes on with the file that is there
    assert assert_one_set(store) == "C"
    assert store.count_users(newest) == 2000
    assert store.find_run("B") == new


def test_a_file_that_is_removed_is_a_store_that_is_down(tmp_path):
    path = tmp_path / "recommendations.db"
    store = open_store(f"sqlite:///{path}", create=True)
    publish(store, ["u1"])
    assert store.user("u1")
    path.unlink()
    with pytest.raises(StoreError, match="no such store"):
        store.user("u1")
    with pytest.raises(StoreError, match="no such store"):
        store.current()


def test_the_file_is_the_store_after_every_step(tmp_path):
    path, copy = tmp_path / "recommendations.db", tmp_path / "copy.db"
    reader = SqliteStore(path)
    store = SqliteStore(path, create=True)

    def assert_whole(current):
        shutil.copy(path, copy)
        assert SqliteStore(copy).current() == reader.current() == current
        assert {it.name for it in tmp_path.iterdir()} <= {path.name, copy.name, f"{path.name}.lock"}

    first = publish(store, ["u1"])
    assert_whole(first)
    with writing(store) as (writer, second):
        writer.write(block_of(["u2"]))
        writer.finish(second)
    assert_whole(first)
    assert SqliteStore(copy).user("u2", second)["user_id"] == "u2"
    store.publish(second)
    assert_whole(second)
    assert store.rollback() == first
    assert_whole(first)


def test_what_a_killed_run_left_is_cleared_away_by_the_next(tmp_path):
    path = tmp_path / "recommendations.db"
    left = tmp_path / ".recommendations.db.next"
    left.write_bytes(b"half of a set" * 1000)
    store = SqliteStore(path, create=True)
    run = publish(store, ["u1"])
    assert store.current() == run
    assert not left.exists()


def test_a_full_disk_leaves_readers_on_the_old_set(tmp_path, monkeypatch):
    store = SqliteStore(tmp_path / "recommendations.db", create=True)
    old = publish(store, ["u1"])

    def copied(*paths):
        connection = original(*paths)
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    original = sqlite_file.copied
    monkeypatch.setattr(sqlite_file, "copied", copied)
    with pytest.raises(StoreError, match="full"), writing(store) as (writer, _):
        writer.write(block_of([f"u{number}" for number in range(10_000)]))
    assert store.current() == old
    assert [it.name for it in tmp_path.iterdir() if it.name.startswith(".")] == []


MBID_OF_FIRST = "11111111-1111-4111-8111-111111111111"


def to_schema_2(connection):
    """Turn the rows into what schema 2 had: arrays, of the users and lists of `conftest.py`."""
    numbers = [number for (number,) in connection.execute("SELECT number FROM runs")]
    for number in numbers:
        packed = block_of(["u"]).recommendations.tobytes()
        update = "UPDATE {}_{} SET recommendations = ?"
        connection.execute(update.format("users", number), [packed])
        place = " WHERE country = ? AND age_group = ?"
        for it in LISTS:
            values = [it.recommendations.tobytes(), it.country, it.age_group]
            connection.execute(update.format("lists", number) + place, values)
    connection.execute("PRAGMA user_version = 2")
    return numbers


def to_wal_mode(path, close):
    """Turn a file into what an earlier version wrote.

    It has a log, no schema number, and of items names and MBIDs: the first's, who has one.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    numbers = to_schema_2(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA user_version = 0")
    for number in numbers:
        connection.execute(
            f"CREATE TABLE artists_{number} AS SELECT number, name, "  # noqa: S608 - of the test
            f"CASE number WHEN 0 THEN '{MBID_OF_FIRST}' END AS mbid FROM items_{number}"
        )
        connection.execute(f"DROP TABLE items_{number}")
    if close:
        connection.close()
    return connection


def test_a_set_of_an_earlier_version_is_read_and_kept(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    old = publish(store, ["u1"])
    to_wal_mode(path, close=True)
    item = store.user("u1")
    assert item["version"] == old.version
    assert [(one["id"], one["name"]) for one in item["items"]] == [
        (MBID_OF_FIRST, NAMES[0]),
        (NAMES[2], NAMES[2]),  # who has no MBID
    ]
    publish(store, ["u2"])
    assert store.rollback() == old
    assert store.user("u1") == item
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_a_set_of_schema_2_is_read_and_kept(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    old = publish(store, ["u1"])
    user, newcomer = store.user("u1"), store.new_user("Germany", "25-34")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        to_schema_2(connection)
    reader = SqliteStore(path)
    for _ in range(2):  # as it is, and rendered by the next writer
        assert (reader.user("u1"), reader.new_user("Germany", "25-34")) == (user, newcomer)
        assert orjson.loads(reader.user_list("u1", 1).items) == user["items"][:1]
        publish(store, ["u2"])
        assert store.rollback() == old


def test_every_damaged_byte_of_a_list_is_noticed(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    publish(store, ["u1"])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (row,) = connection.execute("SELECT recommendations FROM users_1").fetchone()
        for place in range(len(row)):
            damaged = row[:place] + bytes([row[place] ^ 4]) + row[place + 1 :]
            connection.execute("UPDATE users_1 SET recommendations = ?", [damaged])
            with pytest.raises(StoreError, match="damaged"):
                SqliteStore(path).user_list("u1", 20)


def test_changes_in_a_log_are_not_passed_over(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    first, second = publish(store, ["u1"]), publish(store, ["u2"])
    with closing(to_wal_mode(path, close=False)) as connection:
        connection.execute("UPDATE pointer SET current = previous, previous = current")
        with pytest.raises(StoreError, match="-wal"):
            store.current()
        assert store.rollback() == second  # a writer reads the log
        assert first != second


def test_a_set_of_a_later_schema_is_refused_in_one_line(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    publish(store, ["u1"])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    for question in (store.current, store.rollback, lambda: publish(store, ["u2"])):
        with pytest.raises(StoreError, match=rf"recommendations.db: its schema is {SCHEMA + 1}"):
            question()


@UNIX_NAMES
@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_path_is_a_store(tmp_path, monkeypatch, name):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    for url in (f"sqlite:///{folder / name}.db", f"sqlite:///{name}.db"):
        store = open_store(url, create=True)
        run = publish(store, ["u1"])
        assert store.current() == run
        assert (folder / f"{name}.db").is_file()
    assert {it.name for it in folder.iterdir()} == {f"{name}.db", f"{name}.db.lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="makes a link")
def test_a_link_to_the_file_stays_a_link(tmp_path):
    target, link = tmp_path / "disk" / "recommendations.db", tmp_path / "recommendations.db"
    target.parent.mkdir()
    link.symlink_to(target)
    run = publish(SqliteStore(link, create=True), ["u1"])
    assert link.is_symlink()
    assert SqliteStore(target).current() == SqliteStore(link).current() == run


def test_the_permissions_of_the_file_stay(tmp_path):
    path = tmp_path / "recommendations.db"
    store = SqliteStore(path, create=True)
    publish(store, ["u1"])
    path.chmod(0o640)
    publish(store, ["u2"])
    assert path.stat().st_mode & 0o777 == 0o640


REPLACER = """
import itertools, shutil, sys
for source in itertools.cycle(sys.argv[2:]):
    shutil.copyfile(source, sys.argv[1])
"""


def test_while_files_are_copied_over_it_every_answer_is_of_one_set(tmp_path):
    path, other = tmp_path / "recommendations.db", tmp_path / "other.db"
    versions = {published(path, 4000, "A").version, published(other, 9000, "B").version}
    first = shutil.copy(path, tmp_path / "first.db")
    store, answered = SqliteStore(path), set()
    with subprocess.Popen([sys.executable, "-c", REPLACER, path, first, other]) as replacer:
        try:
            reads, last = count(), time.monotonic() + START_SECONDS
            while next(reads) < 8_000 or (answered != versions and time.monotonic() < last):
                try:
                    listed = store.user_list("u7", 20)
                except StoreError:  # in the middle of a copy
                    continue
                assert f'"name":"{listed.run.run_id}'.encode() in listed.items
                answered.add(listed.run.version)
        finally:
            replacer.kill()
    assert answered == versions
