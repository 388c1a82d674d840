"""The short way past Flask answers just as Flask does, and never what is out of date."""

from urllib.parse import quote

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.q3b.web.conftest import LISTENERS, publish
from web.app import create_app

USERS = [*LISTENERS[:2], LISTENERS[-1], "plain.id~7@x+y:z-_", "a/b", "王", "sp ace", "x" * 256]
UNKNOWN = ["nobody", "", ".", "..", "a" * 257, "new-user", "recommendations", "%", "a\nb"]
QUERIES = [
    *("", "limit=1", "limit=20", "limit=1000", "limit=1001", "limit=0", "limit=007", "limit="),
    *("limit=5&limit=6", "fallback=1", "fallback=0&limit=3", "limit=%31", "limit=１", "colour=red"),
    *("limit=3&", "&", "country=Poland", "age=29&country=Poland", "limit=2\n"),
]
HEADERS = {
    "Accept-Encoding": ["gzip", "zstd, gzip", "gzip;q=0", "*", "br", "identity", "zstd;q=0.1, x"],
    "Authorization": ["Bearer sesame", "Bearer wrong", "Basic eDpzZXNhbWU=", "bearer sesame", "é"],
    "If-None-Match": ['W/"{version}"', '"{version}"', "*", 'W/"other"', 'W/"o", W/"{version}"'],
    "Origin": ["https://app.example.com", "https://evil.example", "null"],
    "Content-Length": ["0", "5", "70000", "x"],
    "Range": ["bytes=0-10"],
    "If-Modified-Since": ["Sat, 28 Nov 2026 07:31:23 GMT"],
    "X-Forwarded-For": ["192.0.2.1"],
}
CONFIGURATIONS = [
    {},
    {"API_KEY": "sesame"},
    {"ALLOW_ORIGIN": "https://app.example.com https://b.example"},
    {"ALLOW_ORIGIN": "*", "CACHE_SECONDS": 5},
]
REQUESTS = st.fixed_dictionaries(
    {
        "path": st.one_of(
            st.sampled_from([f"/users/{quote(u, safe='')}/recommendations" for u in USERS]),
            st.sampled_from([f"/users/{quote(u)}/recommendations" for u in UNKNOWN]),
            st.sampled_from(["/new-user/recommendations", "/users/recommendations", "/healthz"]),
            st.text(max_size=20).map(lambda text: f"/users/{quote(text)}/recommendations"),
        ),
        "query_string": st.sampled_from(QUERIES),
        "method": st.sampled_from(["GET"] * 6 + ["HEAD", "POST", "OPTIONS", "DELETE"]),
        "headers": st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(values) for name, values in HEADERS.items()}
        ),
    }
)


@pytest.fixture(scope="module", params=CONFIGURATIONS, ids=str)
def served(tmp_path_factory, request):
    """The app of a published set, and the set's version."""
    url = f"sqlite:///{tmp_path_factory.mktemp('front') / 'recommendations.db'}"
    run = publish(url, users=[*USERS, "last"])
    return create_app(request.param | {"STORE": url}), run.version


def answer_of(app, asked: dict) -> tuple:
    """Status, headers and body."""
    response = Client(app).open(**asked)
    return response.status, sorted(response.headers), response.get_data()


def test_every_request_is_answered_as_by_flask(served):
    app, version = served

    @given(asked=REQUESTS)
    def sweep(asked):
        texts = {
            name: text.replace("{version}", version) for name, text in asked["headers"].items()
        }
        asked = asked | {"headers": texts}
        expected = answer_of(app.wsgi_app.flask, asked)
        note(str(expected)[:500])
        assert answer_of(app, asked) == expected

    sweep()


def test_plain_requests_do_not_reach_flask(served):
    app, version = served
    headers = {"Authorization": "Bearer sesame", "Accept-Encoding": "gzip"}
    app.wsgi_app.flask, flask = None, app.wsgi_app.flask
    try:
        for path in (f"/users/{USERS[3]}/recommendations", "/new-user/recommendations"):
            for query in ("", "limit=3"):
                answer = Client(app).open(path, query_string=query, headers=headers)
                assert answer.status_code == 200
            unchanged = Client(app).get(path, headers=headers | {"If-None-Match": f'W/"{version}"'})
            assert (unchanged.status_code, unchanged.get_data()) == (304, b"")
        with pytest.raises(TypeError):
            Client(app).get("/healthz")
    finally:
        app.wsgi_app.flask = flask


def test_it_counts_as_flask_does(tmp_path):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    publish(url)
    app = create_app({"STORE": url})
    for asked in (app, app.wsgi_app.flask):
        for _ in range(3):
            assert Client(asked).get(f"/users/{LISTENERS[0]}/recommendations").status_code == 200
        assert Client(asked).get("/new-user/recommendations").status_code == 200
    lines = app.test_client().get("/metrics").text.splitlines()
    route = "/users/<path:user_id>/recommendations"
    assert f'recommender_request_seconds_count{{route="{route}",status="200"}} 6.0' in lines
    assert 'recommender_answers_total{rule="neighbours"} 6.0' in lines
    assert 'recommender_answers_total{rule="global"} 2.0' in lines


def test_a_new_set_is_served_on_the_next_request(tmp_path):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    client = create_app({"STORE": url}).test_client()
    path = f"/users/{LISTENERS[0]}/recommendations"
    for _ in range(5):
        run = publish(url)
        assert client.get(path).json["version"] == run.version
