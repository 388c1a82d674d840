"""The API over a real store: what it answers, how it refuses, what clients may keep."""

from common.command import UserError

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from store.protocol import new_run
from store.url import open_store
from tests.q3b.web.conftest import ARTISTS, CATALOGUE, COUNTRIES, IDS, LISTENERS, URLS, publish
from web.app import DEFAULTS, create_app

USER = LISTENERS[1]
WITHOUT_HISTORY = LISTENERS[-1]


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch):
    for name in DEFAULTS:
        monkeypatch.delenv(f"RECOMMENDER_{name}", raising=False)


@pytest.fixture
def store_url(tmp_path):
    return f"sqlite:///{tmp_path / 'recommendations.db'}"


@pytest.fixture
def run(store_url):
    return publish(store_url)


@pytest.fixture
def client(store_url, run):
    return create_app({"STORE": store_url}).test_client()


def names(answer) -> list[str]:
    return [artist["name"] for artist in answer.json["items"]]


def assert_problem(answer, status, *parts):
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    document = json.loads(answer.data)
    assert document["status"] == status
    for part in parts:
        assert part in document["detail"]


def test_a_user_gets_the_published_artists(client, run):
    answer = client.get(f"/users/{USER}/recommendations")
    assert answer.status_code == 200
    first = answer.json["items"][0]
    assert answer.json | {"items": [first]} == {
        "user_id": USER,
        "rule": "neighbours",
        "version": run.version,
        "generated_at": run.generated_at,
        "items": [
            {
                "id": IDS[1],
                "name": ARTISTS[1],
                "url": URLS[1],
                "score": pytest.approx(2 / 3),
                "because": [
                    {"id": IDS[21], "name": ARTISTS[21], "share": 0.5, "listeners": 31},
                    {"id": IDS[22], "name": ARTISTS[22], "share": 0.3, "listeners": 12},
                    {"id": IDS[23], "name": ARTISTS[23], "share": 0.1, "listeners": 4},
                ],
            }
        ],
    }
    assert names(answer) == ARTISTS[1:21]


def test_names_are_sent_as_utf8_and_a_missing_field_as_null(client):
    answer = client.get(f"/users/{LISTENERS[10]}/recommendations?limit=100")
    assert "Ölandsbron".encode() in answer.data
    last = next(item for item in answer.json["items"] if item["id"] == IDS[-1])
    assert (last["name"], last["url"]) == (ARTISTS[-1], None)


def test_the_limit_cuts_the_list(client):
    assert names(client.get(f"/users/{USER}/recommendations?limit=3")) == ARTISTS[1:4]


def test_a_user_without_history_is_answered_by_a_rule(client):
    answer = client.get(f"/users/{WITHOUT_HISTORY}/recommendations")
    assert (answer.json["user_id"], answer.json["rule"]) == (WITHOUT_HISTORY, "country")


def test_an_unknown_user_is_404_or_gets_everybodys_artists_if_asked(client):
    answer = client.get("/users/nobody/recommendations?fallback=1")
    assert (answer.status_code, answer.json["user_id"]) == (200, "nobody")
    assert answer.json["rule"] == "global"
    assert names(answer) == ARTISTS[:20]
    for query in ("", "?limit=5", "?fallback=0"):
        assert_problem(client.get(f"/users/nobody/recommendations{query}"), 404, "nobody")


@pytest.mark.parametrize("user_id", ["a/b", "sep 20, 2008", "王", "a?b#c", "..", "%00"])
def test_any_text_is_a_user_id(store_url, user_id):
    publish(store_url, users=[user_id, "last"])
    client = create_app({"STORE": store_url}).test_client()
    answer = client.get(f"/users/{quote(user_id, safe='')}/recommendations")
    assert answer.status_code == 200
    assert answer.json["user_id"] == user_id


@pytest.mark.parametrize(
    ("query", "rule", "first"),
    [
        ("", "global", 0),
        ("?country=Poland", "country", 5 * (COUNTRIES.index("Poland") + 1)),
        ("?country=Poland&age=29", "country", 5 * (COUNTRIES.index("Poland") + 1)),
        ("?country=Atlantis&age=29&limit=20", "global", 0),
    ],
)
def test_a_newcomer_gets_the_nearest_list(client, query, rule, first):
    answer = client.get(f"/new-user/recommendations{query}")
    assert (answer.status_code, answer.json["user_id"], answer.json["rule"]) == (200, None, rule)
    assert names(answer)[0] == ARTISTS[first]
    assert answer.json["items"][0]["because"] == []


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (f"/users/{USER}/recommendations?limit=0", "limit"),
        (f"/users/{USER}/recommendations?limit=1001", "limit"),
        (f"/users/{USER}/recommendations?limit=five", "limit"),
        (f"/users/{USER}/recommendations?limit=%EF%BC%91", "limit"),
        (f"/users/{USER}/recommendations?limit=1&limit=2", "2 times"),
        (f"/users/{USER}/recommendations?fallback=yes", "fallback"),
        (f"/users/{USER}/recommendations?contry=Poland", "'contry'"),
        (f"/users/{'x' * 257}/recommendations", "256"),
        ("/new-user/recommendations?age=-1", "age"),
        ("/new-user/recommendations?age=121", "age"),
        ("/new-user/recommendations?country=", "country"),
        (f"/new-user/recommendations?country={'x' * 65}", "country"),
    ],
)
def test_a_wrong_argument_is_named(client, path, part):
    assert_problem(client.get(path), 400, part)


def test_other_paths_methods_and_bodies_are_refused(client):
    nowhere = client.get("/users")
    assert_problem(nowhere, 404)
    assert "/openapi.json" in nowhere.json["detail"]
    assert_problem(client.get("/users//recommendations"), 404)
    refused = client.post(f"/users/{USER}/recommendations")
    assert_problem(refused, 405)
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert_problem(client.get("/healthz", data=b"x" * 66_000), 413)


def test_a_client_may_keep_an_answer_until_the_next_version(client, store_url, run):
    path = f"/users/{USER}/recommendations"
    answer = client.get(path)
    tag = answer.headers["ETag"]
    assert run.version in tag
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    unchanged = client.get(path, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    publish(store_url)
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_every_response_carries_the_headers(client):
    for path in ("/", "/healthz", "/nowhere", f"/users/{USER}/recommendations", "/static/page.css"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_without_a_store_the_process_lives_and_says_when_to_try_again(tmp_path):
    client = create_app({"STORE": f"sqlite:///{tmp_path / 'absent.db'}"}).test_client()
    assert client.get("/healthz").json == {"status": "alive"}
    for path in (f"/users/{USER}/recommendations", "/new-user/recommendations", "/readyz"):
        answer = client.get(path)
        assert_problem(answer, 503, "store")
        assert int(answer.headers["Retry-After"]) > 0
        assert str(tmp_path) not in answer.text, "the cause is for the log"
    assert "recommender_set_generated_timestamp_seconds 0.0" in client.get("/metrics").text


def test_before_the_first_publication_nothing_is_ready(tmp_path):
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    store = open_store(empty, create=True)
    with store.lock(), store.begin(new_run(), CATALOGUE):
        pass
    client = create_app({"STORE": empty}).test_client()
    assert_problem(client.get("/readyz"), 503, "daily job")
    assert_problem(client.get(f"/users/{USER}/recommendations"), 503, "daily job")


def test_ready_means_fresh(store_url):
    client = create_app({"STORE": store_url, "FRESH_HOURS": 36}).test_client()
    for hours, status in ((1, 200), (35.98, 200), (36.005, 503)):
        generated = datetime.now(UTC) - timedelta(hours=hours)
        publish(store_url, generated_at=generated.strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert client.get("/readyz").status_code == status
        assert client.get(f"/users/{USER}/recommendations").status_code == 200


def test_metrics_count_routes_rules_and_statuses(client, run):
    client.get(f"/users/{USER}/recommendations")
    client.get("/users/nobody/recommendations")
    client.get("/new-user/recommendations?country=Poland")
    client.get("/wp-login.php")
    text = client.get("/metrics").text
    route = "/users/<path:user_id>/recommendations"
    for line in (
        f'recommender_request_seconds_count{{route="{route}",status="200"}} 1.0',
        f'recommender_request_seconds_count{{route="{route}",status="404"}} 1.0',
        'recommender_request_seconds_count{route="none",status="404"} 1.0',
        'recommender_answers_total{rule="neighbours"} 1.0',
        'recommender_answers_total{rule="country"} 1.0',
    ):
        assert line in text.splitlines()
    generated = datetime.fromisoformat(run.generated_at).timestamp()
    line = next(it for it in text.splitlines() if it.startswith("recommender_set_generated"))
    assert float(line.split()[1]) == generated


def test_a_key_guards_what_tells_of_users(store_url, run):
    client = create_app({"STORE": store_url, "API_KEY": "sesame"}).test_client()
    path = f"/users/{USER}/recommendations"
    refused = client.get(path)
    assert_problem(refused, 401, "Authorization: Bearer")
    assert refused.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert client.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer sesame"}).status_code == 200
    assert client.get("/").headers["WWW-Authenticate"].lower().startswith("basic")
    assert client.get("/", auth=("anyone", "sesame")).status_code == 200
    assert client.get("/", auth=("anyone", "wrong")).status_code == 401
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/static/page.css"):
        assert client.get(path).status_code == 200


def test_settings_come_from_the_environment(store_url, run, monkeypatch):
    monkeypatch.setenv("RECOMMENDER_STORE", store_url)
    monkeypatch.setenv("RECOMMENDER_API_KEY", "1234")
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = create_app()
    assert not app.debug
    path = f"/users/{USER}/recommendations"
    assert app.test_client().get(path).status_code == 401
    headers = {"Authorization": "Bearer 1234"}
    assert app.test_client().get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE", "redis://x"),
        ("API_KEY", "sésame"),
        ("FRESH_HOURS", "soon"),
        ("CACHE_SECONDS", "-1"),
        ("ALLOW_ORIGIN", "app.example.com"),
        ("ALLOW_ORIGIN", "https://app.example.com/"),
    ],
)
def test_a_wrong_setting_is_the_users_mistake(monkeypatch, name, value):
    monkeypatch.setenv(f"RECOMMENDER_{name}", value)
    with pytest.raises(UserError, match=name if name != "STORE" else value):
        create_app()


def test_a_programming_error_is_a_problem_document_without_its_cause(store_url):
    app = create_app({"STORE": store_url})
    app.extensions["store"] = None
    assert_problem(app.test_client().get("/new-user/recommendations"), 500)
    assert "NoneType" not in app.test_client().get("/new-user/recommendations").text
