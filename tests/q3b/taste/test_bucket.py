"""Indexes in an S3 bucket with DynamoDB: written, fetched once, made ready, kept, forgotten."""

from common.command import UserError

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import boto3
import fsspec
import numpy as np
import pytest

import forget_user
import recommend_daily
from store.protocol import StoreError
from taste.arrays import Texts
from taste.bucket import BucketPlace
from taste.copies import Copies
from taste.index import ABOUT, NoIndexError
from taste.place import place_of
from taste.ready import read_pages
from tests.conftest import ROOT, free_port, run_here
from tests.q3b.conftest import ANY_SET, write_films
from tests.q3b.store.conftest import moto
from tests.q3b.web.conftest import LISTENERS, publish, publish_index
from web.app import create_app

WITHIN = 60  # seconds
KEY = "a key of the tests"


@pytest.fixture(scope="module")
def aws():
    """An S3 and a DynamoDB on this machine."""
    with moto() as address, pytest.MonkeyPatch.context() as patch:
        for name in ("DYNAMODB_ENDPOINT_URL", "AWS_ENDPOINT_URL"):
            patch.setenv(name, address)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="sets")
        yield address


@pytest.fixture
def place(aws, tmp_path, request):
    """The URL of a store, that of its indexes and the folder of copies."""
    name = f"test-{abs(hash(request.node.name))}"
    store = f"dynamodb://{name}?region=us-east-1"
    return SimpleNamespace(store=store, url=f"s3://sets/{name}/a b", copies=tmp_path / "copies")


def published(place, **fields):
    """A run that is published with its index."""
    run = publish(place.store, **fields)
    publish_index(place.store, run, place.url)
    return run


def app_of(place):
    config = {"STORE": place.store, "INDEX": place.url, "INDEX_CACHE": str(place.copies)}
    return create_app(config)


def ask(client) -> SimpleNamespace:
    answer = client.post("/recommendations", json={"plays": {"007": 2}, "user_id": LISTENERS[0]})
    return SimpleNamespace(**(answer.json | {"status": answer.status_code}))


def until(condition, client) -> SimpleNamespace:
    """Ask until the answer is as it should be; return it."""
    end = time.monotonic() + WITHIN
    while not condition(answer := ask(client)):
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    return answer


def objects_of(place) -> set[str]:
    """What the bucket holds: the names below the place."""
    prefix = place.url.removeprefix("s3://sets/")
    found = boto3.client("s3").list_objects_v2(Bucket="sets", Prefix=prefix).get("Contents", ())
    return {it["Key"].removeprefix(f"{prefix}/") for it in found}


def copies_of(place) -> list[str]:
    """The versions of which this machine has copies."""
    return [file.parent.name for file in place.copies.rglob(ABOUT)]


def test_an_index_of_a_bucket_answers_as_the_one_in_a_folder(place, tmp_path):
    run = published(place, run_id="day:1", version="day:1-0123abcd")
    client = app_of(place).test_client()
    first = ask(client)
    assert (first.status, first.detail) == (
        503,
        "The index of the published set is not ready yet; try again.",
    )
    found = until(lambda answer: answer.status == 200, client)
    publish_index(place.store, run, (tmp_path / "shared").as_uri())
    config = {"STORE": place.store, "INDEX": (tmp_path / "shared").as_uri()}
    assert found == ask(create_app(config).test_client())
    assert (found.version, found.stored, len(found.items)) == (run.version, 10, 20)


def test_the_daily_job_and_the_api_meet_in_the_bucket(place, tmp_path):
    """From a file of plays to the answer for another taste, with DynamoDB and S3 alone."""
    options = [*write_films(tmp_path), *ANY_SET, "--store", place.store, "--index", place.url]
    done = run_here(recommend_daily.main, *options, "--format", "json")
    assert done.returncode == 0, done.stderr
    client = app_of(place).test_client()
    until(lambda answer: answer.status == 200, client)
    answer = client.post("/recommendations", json={"likes": ["2", "4"], "blocks": ["6"]}).json
    assert answer["version"] == json.loads(done.stdout)["version"]
    assert answer["rule"] == "neighbours"
    assert not {"2", "4", "6"} & {one["id"] for one in answer["items"]}


def test_the_set_before_is_served_until_the_next_index_is_ready(place, monkeypatch):
    first = published(place)
    app = app_of(place)
    client, ready = app.test_client(), threading.Event()
    until(lambda answer: answer.status == 200, client)
    fetched = BucketPlace.fetched

    def late(self, version):
        assert ready.wait(WITHIN)
        return fetched(self, version)

    monkeypatch.setattr(BucketPlace, "fetched", late)
    second = published(place)
    time.sleep(1.1)  # the store's readers take the pointer as they saw it a second ago
    assert client.get("/readyz").json["version"] == second.version
    before = ask(client)
    assert (before.status, before.version, before.stored) == (200, first.version, 10)
    ready.set()
    until(lambda answer: answer.version == second.version, client)
    assert copies_of(place) == [second.version]


@pytest.mark.slow
def test_a_machine_fetches_an_index_once(place):
    run = published(place)
    places = [place_of(place.url, place.store, str(place.copies)) for _ in range(2)]
    found = []
    threads = [
        threading.Thread(target=lambda one=one: found.append(one.fetched(run.version)))
        for one in places
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [places[0].at_hand(run.version)] * 2
    assert copies_of(place) == [run.version]
    other = place_of(f"{place.url}/other", place.store, str(place.copies))
    other.discard_copies()
    places[0].drop()
    assert places[1].fetched(run.version) == found[0], "without asking the bucket"


def test_a_set_without_its_index_is_one_line(place):
    run = publish(place.store)
    client = app_of(place).test_client()
    assert until(lambda answer: "missing" in answer.detail, client).status == 503
    with pytest.raises(NoIndexError, match=rf"s3://sets/.*{run.version} missing; run the job"):
        place_of(place.url, place.store, str(place.copies)).fetched_here(run.version)


def test_a_bucket_that_does_not_answer_is_one_line(place, monkeypatch):
    run = published(place)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match=r"s3://sets/.*: EndpointConnectionError: ") as raised:
        place_of(place.url, place.store, str(place.copies)).fetched(run.version)
    assert "\n" not in str(raised.value)


def test_what_a_killed_run_leaves_is_none_and_old_versions_go(place):
    run = published(place)
    kept = place_of(place.url, place.store)
    with pytest.raises(KeyboardInterrupt), kept.written("broken") as folder:
        with (folder / "head.npy").open("wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt
    with fsspec.open(f"{place.url}/killed/head.npy", "wb") as file:
        file.write(b"half")
    assert {name.partition("/")[0] for name in objects_of(place)} == {run.version, "killed"}
    second = published(place)
    kept.keep([run.version, second.version])
    assert {name.partition("/")[0] for name in objects_of(place)} == {run.version, second.version}
    assert kept.drop() == 2
    assert objects_of(place) == set()
    assert kept.drop() == 0


def test_forgetting_a_user_removes_objects_and_copies(place, monkeypatch, tmp_path):
    monkeypatch.setenv("RECOMMENDER_ERASURE_KEY", KEY)
    published(place)
    app = app_of(place)
    app.extensions["index"].begin(WITHIN)  # as a worker does before it takes requests
    client = app.test_client()
    assert ask(client).status == 200
    receipt = tmp_path / "receipt.json"
    options = ("--store", place.store, "--index", place.url, "--receipt", receipt)
    done = run_here(forget_user.main, LISTENERS[0], *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(receipt.read_text(encoding="utf-8"))["indexes"] == 1
    assert objects_of(place) == set()
    found = until(lambda answer: answer.status == 503, client)
    assert "index missing" in found.detail
    assert copies_of(place) == []


def test_copies_are_whole_or_absent(tmp_path):
    copies = Copies(tmp_path / "copies")
    with pytest.raises(StoreError, match="3 bytes came of 5"):
        copies.made("1", {ABOUT: 5}, lambda name, file: file.write_bytes(b"abc"))
    with pytest.raises(StoreError, match="name a folder with more by --index-cache"):
        copies.made("1", {ABOUT: 1 << 60}, lambda name, file: file.write_bytes(b"abc"))
    assert copies.of("1") is None
    for version in "12":
        made = copies.made(version, {ABOUT: 3}, lambda name, file: file.write_bytes(b"abc"))
        assert copies.of(version) == made
    assert copies.of("1") is None, "one version is kept"


@pytest.mark.parametrize("url", ["nosuch://a/b", "file://server/share", "file://[", "s4:::://"])
def test_a_place_of_an_unknown_kind_is_refused(url):
    with pytest.raises(UserError, match="--index"):
        create_app({"STORE": "dynamodb://table", "INDEX": url})


ASK = """
import json, sys, time
from web.app import create_app
for config in json.loads(sys.argv[1]):
    client, text = create_app(config).test_client(), "not ready yet"
    while "not ready yet" in text:
        time.sleep(0.05)
        answer = client.post("/recommendations", json={"plays": {"007": 2}})
        text = answer.text
    print(answer.status_code, sorted({"fsspec", "s3fs", "aiohttp", "scipy"} & sys.modules.keys()))
"""


@pytest.mark.slow
def test_clients_of_buckets_are_loaded_where_they_are_needed(place, tmp_path):
    """A folder needs no fsspec, and a bucket no client of it in the process of the API."""
    published(place)
    bucket = {"STORE": place.store, "INDEX": place.url, "INDEX_CACHE": str(place.copies)}
    configs = [bucket | {"INDEX": str(tmp_path)}, bucket]
    command = [sys.executable, "-c", ASK, json.dumps(configs)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "Q3b")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["503 []", "200 ['fsspec']"], done.stderr


def mapped_kilobytes(path) -> int:
    """How much of a mapped file this process has in its page table."""
    lines = iter(Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines())
    found = 0
    for line in lines:
        if line.endswith(str(path)):
            found += int(next(row for row in lines if row.startswith("Rss:")).split()[1])
    return found


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux shows its page tables")
def test_all_pages_of_an_index_are_mapped_before_it_serves(tmp_path):
    for name in ("values", "starts"):
        np.save(tmp_path / f"{name}.npy", np.zeros((50, 4 << 10), np.int64))
    files = [tmp_path / f"{name}.npy" for name in ("values", "starts")]
    texts = Texts(*(np.load(file, mmap_mode="r") for file in files))
    assert sum(map(mapped_kilobytes, files)) < 200
    read_pages(texts)
    assert [mapped_kilobytes(file) for file in files] == [1604, 1604]
