"""The API reads DynamoDB as it reads SQLite, and says so when it is down."""

import pytest

from tests.q3b.store.conftest import moto
from tests.q3b.web.conftest import LISTENERS, publish
from web.app import create_app

PATHS = [
    f"/users/{LISTENERS[0]}/recommendations",
    f"/users/{LISTENERS[-1]}/recommendations",
    "/users/nobody/recommendations?fallback=1",
    "/new-user/recommendations?country=Poland&age=29",
]
OF_THE_RUN = {"version": None, "generated_at": None}


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")


def client_of(url):
    publish(url)
    return create_app({"STORE": url}).test_client()


def test_both_stores_give_the_same_answers(tmp_path, monkeypatch):
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        dynamodb = client_of("dynamodb://recommendations?region=eu-west-1")
        sqlite = client_of(f"sqlite:///{tmp_path / 'recommendations.db'}")
        for path in PATHS:
            expected, answer = sqlite.get(path), dynamodb.get(path)
            assert expected.status_code == answer.status_code == 200
            assert expected.json | OF_THE_RUN == answer.json | OF_THE_RUN
        assert dynamodb.get("/readyz").status_code == 200
        assert dynamodb.get(f"/?user={LISTENERS[0]}").status_code == 200


def test_in_an_outage_the_last_good_answers_are_served_and_all_others_are_503(monkeypatch):
    monkeypatch.setattr("store.dynamodb.store.POINTER_SECONDS", 0)  # each request asks the table
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        client = client_of("dynamodb://recommendations?region=eu-west-1")
        known = {path: client.get(path) for path in PATHS[:2]}
    for path, answer in known.items():
        stale = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert stale.status_code == 200
        assert stale.json == answer.json | {"stale": True}
        assert stale.headers["Cache-Control"] == "no-store"
        assert "ETag" not in stale.headers
    for path in (*PATHS[2:], f"{PATHS[0]}?limit=3", "/readyz", "/"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert client.post("/batch", json={"users": ["u"]}).status_code == 503
    assert client.get("/healthz").status_code == 200
