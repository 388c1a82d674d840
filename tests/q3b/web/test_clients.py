"""What clients find next to plain answers: encodings, other sites' pages, batches, whole sets."""

import gzip
import json
import sys

import pytest

from tests.q3b.web.conftest import ARTISTS, LISTENERS, TOP, publish
from web.app import create_app
from web.arguments import BODIES_AT_ONCE, reading

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PATH = f"/users/{LISTENERS[1]}/recommendations"
SITE = "https://app.example.com"


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('clients') / 'recommendations.db'}"
    publish(url)
    return url


@pytest.fixture
def client(store_url):
    return create_app({"STORE": store_url}).test_client()


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("*", "zstd"),
        ("gzip;q=0, *;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/openapi.json", "/?user=nobody"])
def test_a_body_is_sent_as_the_client_takes_it(client, path, accept, coding):
    plain = client.get(path)
    answer = client.get(path, headers={"Accept-Encoding": accept})
    assert answer.headers.get("Content-Encoding") == coding
    decode = {"gzip": gzip.decompress, "zstd": zstd.decompress, None: bytes}[coding]
    assert decode(answer.data) == plain.data
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert coding is None or len(answer.data) < len(plain.data) / 2


def test_small_bodies_and_files_are_sent_as_they_are(client):
    for path in ("/healthz", "/static/page.css", "/nowhere"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path", [PATH, "/healthz", "/readyz", "/metrics", "/", "/favicon.ico"])
def test_head_is_get_without_a_body_and_options_names_the_methods(client, path):
    answer, head, options = client.get(path), client.head(path), client.options(path)
    assert head.status_code == answer.status_code == options.status_code == 200
    assert head.data == b""
    assert path == "/metrics" or head.headers["Content-Length"] == answer.headers["Content-Length"]
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_browsers_find_an_icon(client):
    assert client.get("/favicon.ico").mimetype == "image/svg+xml"


def test_the_limit_reaches_all_that_is_stored(client):
    assert len(client.get(f"{PATH}?limit=1000").json["items"]) == TOP


def test_pages_of_allowed_sites_may_read_the_answers(store_url):
    config = {"STORE": store_url, "ALLOW_ORIGIN": f"{SITE} http://localhost:3000"}
    client = create_app(config | {"API_KEY": "sesame"}).test_client()
    key = {"Authorization": "Bearer sesame"}
    for path, status in ((PATH, 200), ("/users/nobody/recommendations", 404)):
        answer = client.get(path, headers=key | {"Origin": SITE})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        for headers in (key, key | {"Origin": "https://evil.example"}):
            other = client.get(path, headers=headers)
            assert "Access-Control-Allow-Origin" not in other.headers
            assert "Origin" in other.headers["Vary"]
    asking = {"Origin": SITE, "Access-Control-Request-Method": "GET"}
    preflight = client.options(PATH, headers=asking)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == SITE
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_without_the_setting_no_site_may_read(client):
    answer = client.get(PATH, headers={"Origin": SITE})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_a_batch_answers_as_single_requests_do(client):
    users = [LISTENERS[3], "nobody", LISTENERS[-1], LISTENERS[0], "王"]
    answer = client.post("/batch", json={"users": users, "limit": 5})
    assert answer.status_code == 200
    assert answer.json["unknown"] == ["nobody", "王"]
    singles = [client.get(f"/users/{users[it]}/recommendations?limit=5").json for it in (0, 2, 3)]
    shared = {name: answer.json[name] for name in ("version", "generated_at")}
    assert [found | shared for found in answer.json["answers"]] == singles
    assert [artist["name"] for artist in answer.json["answers"][2]["items"]] == ARTISTS[:5]


def test_a_batch_takes_a_thousand_users(client):
    users = [f"{number:040x}" for number in range(1000 - len(LISTENERS))]
    answer = client.post("/batch", json={"users": [*LISTENERS, *users]})
    assert len(answer.json["answers"]) == len(LISTENERS)
    assert answer.json["unknown"] == users


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        (b"", 400, ""),
        (b"[]", 400, "object"),
        (b'{"users": "a"}', 400, "list"),
        (b'{"users": []}', 400, "1 to 1,000"),
        (json.dumps({"users": [f"{n}" for n in range(1001)]}).encode(), 400, "1 to 1,000"),
        (b'{"users": [5]}', 400, "text"),
        (b'{"users": ["\\ud800"]}', 400, "text"),
        (b'{"users": [""]}', 400, "256"),
        (b'{"users": ["a", "a"]}', 400, "twice"),
        (b'{"users": ["a"], "limit": true}', 400, "limit"),
        (b'{"users": ["a"], "limit": 1001}', 400, "limit"),
        (b'{"users": ["a"], "limit": 2.5}', 400, "limit"),
        (b'{"users": ["a"], "limit": NaN}', 400, "limit"),
        (b'{"users": ["a"], "colour": 1}', 400, "object"),
        (b'{"users": ["' + b"x" * 66_000 + b'"]}', 413, "65,536"),
    ],
)
def test_a_wrong_batch_is_a_problem(client, body, status, part):
    answer = client.post("/batch", data=body, content_type="application/json")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert part in answer.json["detail"]


def test_a_batch_is_json_without_arguments(client):
    assert client.post("/batch", data=b'{"users": ["a"]}').status_code == 415
    assert client.post("/batch?limit=3", json={"users": ["a"]}).status_code == 400
    assert client.get("/batch").status_code == 405


def test_slow_batches_leave_threads_to_others(client):
    for _ in range(BODIES_AT_ONCE):
        reading.acquire()
    try:
        refused = client.post("/batch", json={"users": ["a"]})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    finally:
        reading.release(BODIES_AT_ONCE)
    assert client.post("/batch", json={"users": ["a"]}).status_code == 200
