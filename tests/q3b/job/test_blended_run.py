"""The daily job with --blend als: what it publishes and what it says of it."""

import json

import numpy as np
import pytest

from listening.lastfm import read_lastfm
from listening.sample.files import write_listeners
from recommend_daily import main
from store.url import open_store
from tests.conftest import assert_one_line_error, run_here


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The options that name a small set of plays and profiles."""
    plays, profiles = write_listeners(tmp_path_factory.mktemp("listeners"), 300, 150, seed=2)
    return ["--plays", plays, "--profiles", profiles]


@pytest.fixture(scope="module")
def blended(files, tmp_path_factory, implicit):
    """The URL of a store with a blended set, and the run."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'recommendations.db'}"
    finished = run_here(main, "--store", url, "--blend", "als", "--format", "json", *files)
    assert finished.returncode == 0, finished.stderr
    return url, json.loads(finished.stdout)


def test_lists_are_full_and_explained_by_own_artists(blended, files):
    url, run = blended
    plays, _ = read_lastfm(files[1].parent)
    store, explained = open_store(url), 0
    for row in range(0, len(plays.users), 7):
        item = store.user(plays.users[row])
        own = set(plays.artists[plays.matrix[[row]].indices])
        found = [one["id"] for one in item["items"]]
        assert len(set(found)) == len(found) == 20
        assert not own & set(found)
        assert (np.diff([one["score"] for one in item["items"]]) <= 0).all()
        assert item["rule"] == "neighbours"
        causes = [cause["id"] for one in item["items"] for cause in one["because"]]
        assert set(causes) <= own
        explained += len(causes)
    assert explained > len(plays.users)
    assert run["users"] == store.count_users(store.current())


def test_the_report_names_the_factors_and_whose_reasons_these_are(blended, files, tmp_path):
    _, run = blended
    assert run["report"]["settings"]["blend"] == "als"
    chosen = run["report"]["chosen"]
    assert chosen["factors"].keys() == {"factors", "alpha", "regularization", "iterations"}
    assert chosen["limit"] >= 0
    url = f"sqlite:///{tmp_path / 'again.db'}"
    text = run_here(main, "--store", url, "--blend", "als", *files).stdout
    said = dict(line.strip().rsplit("  ", 1) for line in text.splitlines()[1:] if "  " in line)
    said = {name.strip(): value.strip() for name, value in said.items()}
    assert said["ALS factors blended in"] == str(chosen["factors"]["factors"])
    assert float(said["alpha"]) == chosen["factors"]["alpha"]
    assert said["reasons"] == "of the vote"


def test_the_vote_alone_is_published_where_the_fold_finds_no_blend_better(tmp_path, implicit):
    plays, profiles = write_listeners(tmp_path, 200, 100, seed=5)
    asked = ["--store", f"sqlite:///{tmp_path / 'store.db'}", "--force", "--blend", "als"]
    finished = run_here(main, *asked, "--plays", plays, "--profiles", profiles)
    assert finished.returncode == 0, finished.stderr
    assert "none, no better" in finished.stdout


def test_a_published_set_is_not_that_of_a_run_without_the_blend(files, tmp_path, implicit):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    assert run_here(main, "--store", url, "--run-id", "day", *files).returncode == 0
    again = run_here(main, "--store", url, "--run-id", "day", "--blend", "als", *files)
    assert_one_line_error(again, 2, "its settings were others")


def test_the_reference_method_is_not_blended(files, tmp_path):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    asked = ["--store", url, "--blend", "als", "--metric", "euclidean", *files]
    assert_one_line_error(run_here(main, *asked), 2, "--blend needs --metric cosine")


@pytest.mark.parametrize("method", [["--metric", "euclidean"], ["--blend", "als"]], ids=" ".join)
def test_all_users_vote_where_a_method_knows_them_by_number(method):
    finished = run_here(main, "--voters", "50", *method)
    assert_one_line_error(finished, 2, "--voters needs --metric cosine without --blend")
