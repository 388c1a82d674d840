"""Sets that earlier versions of this project have written are read, and go on to be rolled back to.

The files were written by the daily job of those versions, from the plays of 24 users; next to each
is what that version answered for a user and for a newcomer.
"""

import gzip
import json
from contextlib import closing
from pathlib import Path

import pytest

from recommend_daily import main
from store.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.q3b.store.conftest import publish

SETS = ROOT / "tests" / "fixtures" / "q3b" / "stores"


@pytest.fixture(params=sorted(path.stem for path in SETS.glob("*.json")))
def earlier(request, tmp_path) -> tuple[Path, dict]:
    """A copy of the store's file, and the answers of the version that wrote it."""
    path = tmp_path / "recommendations.db"
    path.write_bytes(gzip.decompress((SETS / f"{request.param}.db.gz").read_bytes()))
    return path, json.loads((SETS / f"{request.param}.json").read_text(encoding="utf-8"))


def as_items(artists: list[dict]) -> list[dict]:
    """Return what was said of artists as it is said of items: the id is the MBID, or the name."""
    found = []
    for artist in artists:
        item = {"id": artist["mbid"] or artist["name"]} | artist
        del item["mbid"]
        if "because" in item:
            item["because"] = as_items(item["because"])
        found.append(item)
    return found


def assert_as_before(store: SqliteStore, answers: dict) -> None:
    for found, expected in (
        (store.user(answers["user"]["user_id"]), answers["user"]),
        (store.new_user("Germany", "25-34"), answers["newcomer"]),
    ):
        assert (found["version"], found["rule"]) == (expected["version"], expected["rule"])
        assert found["items"] == as_items(expected["artists"])


def test_a_set_of_an_earlier_version_answers_as_it_did(earlier):
    path, answers = earlier
    with closing(SqliteStore(path)) as store:
        run = store.current()
        assert (run.version, run.users) == (answers["version"], answers["users"])
        assert_as_before(store, answers)
        assert store.user("nobody") is None


def test_commands_take_the_set_and_a_new_one_can_be_rolled_back_to_it(earlier, capsys):
    path, answers = earlier
    store = ("--store", f"sqlite:///{path}")
    assert main(["--verify", answers["run_id"], *store]) == 0
    assert main(["--diff", *store]) == 0
    with closing(SqliteStore(path)) as own:
        new = publish(own, ["u1"])
        assert own.current() == new
        assert main(["--rollback", *store]) == 0
        assert own.current().version == answers["version"]
        assert_as_before(own, answers)
    assert "24 users read back, all as reported" in capsys.readouterr().out
