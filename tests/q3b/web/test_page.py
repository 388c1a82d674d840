"""The page as HTML: statuses, what is shown when there is nothing to show, escaping."""

import pytest

from store.protocol import new_run
from store.url import open_store
from tests.q3b.web.conftest import CATALOGUE, LISTENERS, publish
from web.app import create_app


@pytest.fixture
def store_url(tmp_path):
    return f"sqlite:///{tmp_path / 'recommendations.db'}"


@pytest.fixture
def client(store_url):
    publish(store_url)
    return create_app({"STORE": store_url}).test_client()


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 200, "What most users play."),
        ("?user=&country=&age=", 200, "What most users play."),
        ("?country=Poland", 200, "What users in Poland play most."),
        ("?country=Atlantis", 200, "What most users play."),
        (
            f"?user={LISTENERS[0]}",
            200,
            "Chosen by 50 other users: the more similar their taste, the more they count.",
        ),
        (f"?user=+{LISTENERS[0]}+", 200, "Artists for this user"),
        (f"?user={LISTENERS[-1]}", 200, "What users in the same country play most."),
        ("?user=nobody&utm_source=mail", 200, "No user is called"),
        ("?age=old", 400, "The age must be a whole number from 0 to 120."),
        (f"?user={'x' * 257}", 400, "The user id must have 1 to 256 characters."),
    ],
)
def test_the_page_answers(client, query, status, text):
    page = client.get(f"/{query}")
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert text in page.text


def test_what_a_visitor_types_is_never_markup(client):
    page = client.get("/?user=<script>alert(1)</script>&country=\"onfocus='x'")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


def test_the_page_may_not_be_kept_without_asking(client):
    cache = client.get("/").headers["Cache-Control"]
    assert set(cache.split(", ")) == {"no-cache", "private"}


def test_a_person_meets_an_outage_as_a_page(tmp_path):
    client = create_app({"STORE": f"sqlite:///{tmp_path / 'absent.db'}"}).test_client()
    page = client.get("/")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert int(page.headers["Retry-After"]) > 0
    assert "The recommendations are not available" in page.text
    assert "absent.db" not in page.text


def test_before_the_first_run_the_page_says_so(store_url):
    store = open_store(store_url, create=True)
    with store.lock(), store.begin(new_run(), CATALOGUE):
        pass
    page = create_app({"STORE": store_url}).test_client().get("/")
    assert page.status_code == 503
    assert "Nothing has been published yet" in page.text


def test_everything_that_the_page_names_is_there(client):
    for name in ("page.css", "icon.svg"):
        assert f"/static/{name}" in client.get("/").text
        assert client.get(f"/static/{name}").status_code == 200


def test_the_front_page_shows_ids_of_users_only_if_asked_to(tmp_path):
    url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    publish(url)
    page = create_app({"STORE": url}).test_client().get("/").text
    assert not any(user in page for user in LISTENERS)
    asked = create_app({"STORE": url, "SHOW_EXAMPLES": "1"}).test_client().get("/").text
    assert LISTENERS[0] in asked
