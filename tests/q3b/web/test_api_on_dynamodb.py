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


def test_in_an_outage_every_answer_is_503_and_the_process_lives(monkeypatch):
    with moto() as address:
        monkeypatch.setenv("DYNAMODB_ENDPOINT_URL", address)
        client = client_of("dynamodb://recommendations?region=eu-west-1")
        assert client.get(PATHS[0]).status_code == 200
    for path in (*PATHS, "/readyz", "/"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200
