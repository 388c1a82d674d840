"""DynamoDB's rules, kept by us: limits at their edges, and what is sent again until it is done."""

from common.command import UserError

import http.server
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

import recommend_daily
from job.verify import check_set
from listening.sample.files import write_listeners
from recommend_daily import STOP_SECONDS, STOPPED
from recommender.lists import RECOMMENDATION
from store.dynamodb import requests as dynamodb_requests
from store.dynamodb.requests import (
    BATCH_ITEMS,
    ITEM_BYTES,
    REQUEST_BYTES,
    base64_text,
    batches,
    item_bytes,
    item_to_wire,
    packed,
    to_wire,
    write_batch,
)
from store.dynamodb.table import surely_fits
from store.items import recommended_items
from store.lock import renewed_lock
from store.protocol import SCHEMA, Catalogue, StoreError, StoreLockedError, new_run
from store.url import open_store
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here
from tests.q3b.store.conftest import (
    CATALOGUE,
    block_of,
    dynalite,
    moto,
    publish,
    recommendation,
    writing,
)
from web.app import create_app


def item(key, size=0, version="v"):
    """An item whose size is `size` bytes, or as small as can be."""
    smallest = {"key": key, "version": version, "text": ""}
    room = size - item_bytes(item_to_wire(smallest))
    return smallest | {"text": "x" * max(room, 0)}


@pytest.fixture(scope="module")
def server():
    """An address that answers with DynamoDB's true limits."""
    with dynalite() as address:
        yield address


@pytest.fixture
def client(server):
    return client_of(server)


def client_of(address):
    return boto3.client(
        "dynamodb",
        endpoint_url=address,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def table(server, monkeypatch):
    """The name of a table that a store has made."""
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", server)
    name = f"table-{time.monotonic_ns()}"
    with open_store(f"dynamodb://{name}", create=True).lock():
        return name


def test_a_float_is_refused():
    with pytest.raises(TypeError, match="Decimal"):
        to_wire(0.1)
    with pytest.raises(TypeError, match="float"):
        item_to_wire({"key": "k", "version": "v", "score": 0.1})
    assert to_wire(Decimal("0.1")) == {"N": "0.1"}


def test_an_item_of_the_greatest_size_is_taken_and_one_byte_more_is_not(client, table):
    wire = item_to_wire(item("k", ITEM_BYTES))
    assert item_bytes(wire) == ITEM_BYTES
    client.put_item(TableName=table, Item=wire)
    with pytest.raises(UserError, match="409,601 bytes"):
        item_to_wire(item("k", ITEM_BYTES + 1))
    wire["text"]["S"] += "x"
    with pytest.raises(ClientError, match="size"):  # so our limit is the service's
        client.put_item(TableName=table, Item=wire)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        *[
            ("", 0),
            ("王菲", 6),
            (b"\x00\xff", 2),
            (True, 1),
            (0, 2),
            (7, 2),
            (10, 2),
            (123, 3),
            (-123, 4),
        ],
        *[(Decimal("0.001"), 2), (1234567890123, 8)],
    ],
)
def test_sizes_are_counted_as_the_service_counts(value, size):
    assert item_bytes({"a": to_wire(value)}) == 1 + size


@pytest.mark.parametrize("key", ["", "x" * 2049, "王" * 683])
def test_a_key_of_a_wrong_length_is_refused(key):
    with pytest.raises(UserError, match=r"2,048 bytes"):
        item_to_wire(item(key))


def test_batches_hold_25_items(client, table):
    cut = list(batches(item_to_wire(item(f"k{i}")) for i in range(2 * BATCH_ITEMS + 1)))
    assert [len(batch) for batch in cut] == [BATCH_ITEMS, BATCH_ITEMS, 1]
    write_batch(client, table, cut[0])
    with pytest.raises(ClientError, match="25"):  # so our limit is the service's
        write_batch(client, table, cut[0] + cut[2])


def test_batches_stay_below_the_size_of_a_request():
    large = [item_to_wire(item(f"k{i}") | {"text": "王" * 136_000}) for i in range(BATCH_ITEMS)]
    large[0]["text"] = {"B": b"x" * 400_000}
    cut = list(batches(large))
    assert sum(len(batch) for batch in cut) == BATCH_ITEMS
    assert len(cut) > 1
    for batch in cut:
        assert len(json.dumps(batch, default=base64_text)) < REQUEST_BYTES


def test_a_key_twice_in_a_batch_is_refused(client, table):
    twice = [item_to_wire(item("k")), item_to_wire(item("k"))]
    with pytest.raises(ValueError, match="'k' stands twice"):
        list(batches(twice))
    with pytest.raises(ClientError, match="duplicates"):  # so our rule is the service's
        write_batch(client, table, twice)
    others = [item_to_wire(item("k")), item_to_wire(item("k", version="w"))]
    assert list(batches(others)) == [others]


@pytest.fixture
def stubbed(monkeypatch):
    """A client that answers what a test tells it to, and the waits before each attempt."""
    monkeypatch.setattr(dynamodb_requests.time, "sleep", lambda seconds: waits.append(seconds))
    waits = []
    client = client_of("http://127.0.0.1:1")  # nothing is sent there
    with Stubber(client) as stub:
        yield client, stub, waits


def requests_for(items):
    return {"table": [{"PutRequest": {"Item": item}} for item in items]}


def test_unprocessed_items_alone_are_sent_again_ever_more_slowly(stubbed):
    client, stub, waits = stubbed
    items = [item_to_wire(item(f"k{i}")) for i in range(5)]
    left = [items, items[2:], items[4:], []]
    for sent, back in pairwise(left):
        answer = {"UnprocessedItems": requests_for(back) if back else {}}
        stub.add_response("batch_write_item", answer, {"RequestItems": requests_for(sent)})
    write_batch(client, "table", items)
    stub.assert_no_pending_responses()
    assert len(waits) == 2
    assert 0 < waits[0] < waits[1]


def test_items_that_stay_unprocessed_fail_loudly(stubbed):
    client, stub, waits = stubbed
    items = [item_to_wire(item("k"))]
    for _ in range(4):
        answer = {"UnprocessedItems": requests_for(items)}
        stub.add_response("batch_write_item", answer, {"RequestItems": ANY})
    with pytest.raises(StoreError, match="1 items were left unprocessed 4 times"):
        write_batch(client, "table", items, attempts=4)
    assert len(waits) == 3


class Proxy(http.server.BaseHTTPRequestHandler):
    """Passes requests on, but first answers as `faults` say: (action, status, body) or None."""

    protocol_version = "HTTP/1.1"
    faults: list
    address: str
    resets = 0.0  # share of the requests whose connection is reset
    chance = random.Random(3)  # noqa: S311

    def do_POST(self):
        if self.chance.random() < self.resets:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers["X-Amz-Target"].split(".")[1]
        fault = next((fault for fault in self.faults if fault[0] == action), None)
        if fault:
            self.faults.remove(fault)
            status, answer = fault[1], json.dumps(fault[2]).encode()
        else:
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            request = urllib.request.Request(self.address, body, headers)  # noqa: S310
            try:
                with urllib.request.urlopen(request) as reply:  # noqa: S310
                    status, answer = reply.status, reply.read()
            except urllib.error.HTTPError as error:
                status, answer = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextmanager
def proxy(address):
    """Run a proxy before `address`; yield its own address and its list of faults."""
    handler = type("Handler", (Proxy,), {"faults": [], "address": address})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.faults
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def faulty(server, monkeypatch):
    """A store behind a proxy, and the list of the faults that the proxy will make."""
    with proxy(server) as (address, faults):
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        store = open_store(f"dynamodb://faulty-{time.monotonic_ns()}", create=True)
        yield store, faults
        store.close()


@contextmanager
def job_among_resets():
    """The daily job on the sample against a table 40 % of whose connections are reset."""
    with moto() as server, proxy(server) as (address, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Proxy, "resets", 0.4)
        url = f"dynamodb://reset-{time.monotonic_ns()}?region=eu-west-1"
        job = [sys.executable, ROOT / "Q3b" / "recommend_daily.py", "--store", url]
        with TemporaryDirectory() as folder:
            plays, profiles = write_listeners(Path(folder), 400, 200, seed=4)
            with subprocess.Popen(
                [*job, "--plays", plays, "--profiles", profiles],
                env=clean_environment() | {"DYNAMODB_ENDPOINT_URL": address},
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                encoding="utf-8",
            ) as process:
                try:
                    yield process, server, url
                finally:
                    process.kill()


@pytest.mark.slow
def test_a_run_ends_among_connections_that_are_reset(monkeypatch):
    with job_among_resets() as (process, server, url):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0 or "error: dynamodb table reset-" in errors
        if process.returncode == 0:
            monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", server)
            store = open_store(url)
            assert check_set(store, store.current()) == 100


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_sigterm_is_obeyed_among_connections_that_are_reset(monkeypatch):
    with job_among_resets() as (process, server, url):
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", server)
        store = open_store(url)
        while not is_writing(store):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        # Without the bound it took 46 s; a machine may be slow.
        _, errors = process.communicate(timeout=STOP_SECONDS + 20)
        assert process.returncode == STOPPED
        assert "stopped; readers stay on the published set" in errors
        assert "Traceback" not in errors
        assert store.current() is None


def is_writing(store) -> bool:
    """Whether a run has begun to write its users."""
    try:
        return store._client.scan(TableName=store.table, Limit=10)["Count"] > 3
    except ClientError:
        return False


def fault(action, status, kind):
    namespace = "com.amazonaws.dynamodb.v20120810"
    return (action, status, {"__type": f"{namespace}#{kind}", "message": f"{kind} by the test"})


THROTTLED = ("ProvisionedThroughputExceededException", 400)


@pytest.mark.slow
def test_throttling_and_short_outages_are_waited_out(faulty):
    store, faults = faulty
    faults += [fault("BatchWriteItem", THROTTLED[1], THROTTLED[0])]
    faults += [fault("BatchWriteItem", 500, "InternalServerError")]
    faults += [fault("UpdateItem", 503, "ServiceUnavailable")]
    users = [f"u{i}" for i in range(60)]
    run = publish(store, users)
    assert not faults
    assert {store.user(user)["version"] for user in users} == {run.version}


def test_unprocessed_items_of_a_run_all_arrive(faulty):
    """The proxy drops a batch and says so."""
    store, faults = faulty
    publish(store, ["u0"])
    with writing(store) as (writer, run):
        item = {"key": to_wire("user/again"), "version": to_wire(run.version)}
        empty = {"B": base64_text(packed([]))}  # as it travels
        item |= {"items": empty, "top_items": empty}
        item |= {"rule": to_wire("neighbours")}
        unprocessed = {"UnprocessedItems": {store.table: [{"PutRequest": {"Item": item}}]}}
        faults.append(("BatchWriteItem", 200, unprocessed))
        writer.write(block_of(["u1"]))
        writer.finish(run)
    store.publish(run)
    assert not faults
    assert store.user("again")["version"] == run.version


def test_a_request_given_up_fails_loudly_and_readers_stay(faulty, monkeypatch):
    store, faults = faulty
    old = publish(store, ["u1"])
    run = new_run()
    with (
        pytest.raises(StoreError, match="InternalServerError by the test"),
        store.lock(),
        store.begin(run, CATALOGUE) as writer,
    ):
        monkeypatch.setattr(writer, "_client", client_of(store._client.meta.endpoint_url))
        faults += [fault("BatchWriteItem", 500, "InternalServerError")]
        writer.write(block_of(["u1"]))
    assert store.current() == old


def test_a_store_that_is_down_is_said_in_one_line(monkeypatch):
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreError, match="Could not connect"):
        open_store("dynamodb://table").current()


def test_a_table_that_is_missing_is_named(server, monkeypatch):
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", server)
    with pytest.raises(StoreError, match=r"table nowhere: .*recommend_daily\.py makes it"):
        open_store("dynamodb://nowhere").current()


def test_the_lock_of_a_killed_run_is_free_after_its_time(server, monkeypatch):
    monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", server)
    url = f"dynamodb://lock-{time.monotonic_ns()}?lock_seconds=600"
    killed, other = open_store(url, create=True), open_store(url)
    held = killed.lock()
    held.__enter__()  # and never left
    with pytest.raises(StoreLockedError), other.lock():
        pass
    killed.renew_lock()
    days_later(monkeypatch, 1)
    with other.lock(), pytest.raises(StoreLockedError):
        killed.renew_lock()  # a run that woke up again must not go on


@pytest.mark.slow
def test_a_run_at_a_long_step_keeps_its_lock_beyond_its_time(monkeypatch):
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        url = "dynamodb://long?region=eu-west-1&lock_seconds=6"
        working, other = open_store(url, create=True), open_store(url)
        with working.lock(), renewed_lock(working):
            time.sleep(8.1)
            with pytest.raises(StoreLockedError), other.lock():
                pass
        with other.lock():  # and gives it back
            pass


def test_items_expire_and_an_expired_set_is_not_served():
    with moto() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNAMODB_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        url = "dynamodb://expiring?region=eu-west-1"
        store = open_store(f"{url}&expire_days=3", create=True)
        run = publish(store, ["u1"])
        client = client_of(address)
        expiry = client.describe_time_to_live(TableName="expiring")["TimeToLiveDescription"]
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
        items = client.scan(TableName="expiring")["Items"]
        of_run = [item for item in items if item["version"]["S"] == run.version]
        assert len(of_run) == 6  # a user, four lists, the run
        days = [(int(item["expires_at"]["N"]) - time.time()) / 86_400 for item in of_run]
        assert all(2.99 < left < 3.01 for left in days)
        days_later(patch, 4)
        with pytest.raises(StoreError, match="has expired"):
            open_store(url).current()
        with pytest.raises(UserError, match="no version before"):
            store.rollback()
        new = publish(store, ["u1"])  # the job itself is not held up
        assert open_store(url).current() == new
        with pytest.raises(StoreError, match="has expired"):
            store.rollback()


@pytest.fixture
def running_store(monkeypatch):
    """A URL of a store that a local server holds."""
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        yield f"dynamodb://table-{time.monotonic_ns()}?region=eu-west-1"


def test_a_set_that_expires_under_a_running_api_is_503_everywhere(running_store, monkeypatch):
    url = f"{running_store}&expire_days=3"
    run = publish(open_store(url, create=True), ["u1"])
    client = create_app({"STORE": url, "FRESH_HOURS": 1000}).test_client()
    paths = ("/users/u1/recommendations", "/new-user/recommendations", "/readyz", "/?user=u1")
    for path in paths:
        assert client.get(path).status_code == 200
    days_later(monkeypatch, 2.99)
    for path in paths:
        assert client.get(path).status_code == 200
    days_later(monkeypatch, 3.01)
    for path in paths:
        assert client.get(path).status_code == 503
    assert client.post("/batch", json={"users": ["u1"]}).status_code == 503
    assert run.version


def test_a_set_of_a_later_schema_is_refused_in_one_line(running_store, monkeypatch):
    store = open_store(running_store, create=True)
    monkeypatch.setattr("store.dynamodb.table.SCHEMA", SCHEMA + 1)
    publish_error = pytest.raises(StoreError, match=rf"schema {SCHEMA + 1}, of a later version")
    publish(store, ["u1"])
    with publish_error:
        open_store(running_store).current()


def test_a_set_of_the_time_before_schemas_had_numbers_is_read(running_store):
    store = open_store(running_store, create=True)
    run = publish(store, ["u1"])
    store._client.update_item(
        TableName=store.table,
        Key={"key": to_wire("run"), "version": to_wire(run.version)},
        UpdateExpression="REMOVE #schema",
        ExpressionAttributeNames={"#schema": "schema"},
    )
    bare = {"name": "Björk", "mbid": None}
    nina = {"name": "Nina Simone", "mbid": "11111111-1111-4111-8111-111111111111", "score": 0.5}
    artists = packed([nina | {"because": [bare | {"share": 0.25, "listeners": 3}]}])
    item = {"key": "user/u1", "version": run.version, "rule": "neighbours", "artists": artists}
    item = item_to_wire(item | {"top_artists": packed([bare | {"plays": 7}]), "neighbours": 5})
    store._client.put_item(TableName=store.table, Item=item)
    opened = open_store(running_store)
    assert opened.current() == run
    found, bjork = opened.user("u1"), {"id": "Björk", "name": "Björk"}
    because = [bjork | {"share": 0.25, "listeners": 3}]
    nina = {"id": nina["mbid"], "name": "Nina Simone", "score": 0.5, "because": because}
    assert (found["items"], found["top_items"]) == ([nina], [bjork | {"plays": 7}])


@pytest.mark.parametrize("user", ["x" * 2044, "王" * 682])
def test_a_user_id_that_no_key_takes_is_refused_before_anything_is_written(running_store, user):
    store = open_store(running_store, create=True)
    store.check_users(["x" * 2043, "王" * 681])
    with pytest.raises(UserError, match="2,043: shorten it, or publish to SQLite"):
        store.check_users(["u1", user])


PLAYS_COLUMNS = ("user_id", "artist_id", "artist_name", "plays")


def plays_of_names(path, name):
    """A file of plays: 60 users, each of whom plays 25 of 60 artists with such names."""
    rows = [
        (f"{user:040x}", f"{artist}", name(artist), 1 + (user * artist) % 7)
        for user in range(60)
        for artist in range(60)
        if (user + artist * 7) % 12 < 5
    ]
    columns = zip(*rows, strict=True)
    pq.write_table(pa.table(dict(zip(PLAYS_COLUMNS, map(list, columns), strict=True))), path)
    return path


def long_and_random(artist):
    return f"{artist} " + "".join(random.Random(artist).choices("0123456789abcdef", k=20_000))  # noqa: S311


@pytest.mark.parametrize(
    ("name", "status", "parts"),
    [
        pytest.param(
            long_and_random,
            2,
            ["DynamoDB takes 409,600", "--recommendations"],
            marks=pytest.mark.slow,
        ),
        (lambda artist: f"{artist} " + "x" * 20_000, 0, []),  # fits when it is compressed
    ],
    ids=["too large", "compressed"],
)
def test_an_item_that_is_too_large_is_refused_before_anything_is_written(
    running_store, tmp_path, name, status, parts
):
    path = plays_of_names(tmp_path / "plays.parquet", name)
    options = ("--store", running_store, "--plays", path, "--min-users", "1", "--force")
    finished = run_here(recommend_daily.main, *options)
    store = open_store(running_store)
    written = store._client.scan(TableName=store.table, Select="COUNT")["Count"]
    if status:
        assert_one_line_error(finished, status, *parts)
        assert written == 0
    else:
        assert finished.returncode == 0, finished.stderr
        assert written > 60


def test_no_item_is_larger_than_what_is_taken_for_its_limit():
    """A run that needs no rehearsal: the largest items it can have are taken."""
    top, names = 100, [f"{artist:03} {'拜' * 210}" for artist in range(120)]
    catalogue = Catalogue(*np.array([[f"{n:036}" for n in range(120)], names], object))
    assert surely_fits(catalogue, top, ["x" * 250])
    assert not surely_fits(catalogue, 150, [])
    assert not surely_fits(catalogue, top, ["x" * 2_000])
    reasons = [(artist, 0.1234, 2**31 - 1) for artist in (1, 2, 3)]
    rows = [recommendation(artist, 1.23457e-05, *reasons) for artist in range(top)]
    found = np.array(rows, RECOMMENDATION)
    text = json.dumps(
        recommended_items(catalogue.recommended, catalogue.item, found), ensure_ascii=False
    )
    assert len(text.encode()) < ITEM_BYTES


def days_later(patch, days):
    """Let the store's clock be ahead."""
    clock = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + days * 86_400)
    patch.setattr("store.dynamodb.store.time", clock)
