"""The whole set as a file holds for each user what the API answers."""

import json

import pyarrow.parquet as pq
import pytest

import export_recommendations
from tests.conftest import assert_one_line_error, run_here
from tests.q3b.web.conftest import LISTENERS, publish
from web.app import create_app


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('exported') / 'recommendations.db'}"
    publish(url)
    return url


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_parquet(path):
    """The rows; a column has an empty rule where an artist of the API has none."""
    rows = pq.read_table(path).to_pylist()
    for artist in (artist for row in rows for artist in row["items"]):
        if artist["rule"] is None:
            del artist["rule"]
    return rows


@pytest.mark.parametrize(("suffix", "read"), [("jsonl", read_lines), ("parquet", read_parquet)])
def test_a_row_is_what_the_api_answers(store_url, tmp_path, suffix, read):
    path = tmp_path / f"all.{suffix}"
    finished = run_here(export_recommendations.main, "--store", store_url, "--output", path)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert f"{len(LISTENERS)} users of version" in finished.stdout
    client = create_app({"STORE": store_url}).test_client()
    expected = [client.get(f"/users/{user}/recommendations?limit=1000").json for user in LISTENERS]
    assert sorted(read(path), key=lambda row: row["user_id"]) == sorted(
        expected, key=lambda row: row["user_id"]
    )


@pytest.mark.parametrize(
    ("store", "output", "status", "parts"),
    [
        (None, "all.csv", 2, [".jsonl", ".parquet"]),
        (None, "absent/all.jsonl", 2, ["absent"]),
        ("sqlite:///nowhere.db", "all.jsonl", 1, ["nowhere.db", "no such store"]),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(
    store_url, tmp_path, monkeypatch, store, output, status, parts
):
    monkeypatch.chdir(tmp_path)
    options = ("--store", store or store_url, "--output", output)
    finished = run_here(export_recommendations.main, *options)
    assert_one_line_error(finished, status, *parts)
    assert list(tmp_path.iterdir()) == []
