"""A newcomer from an empty page through three likes to a list of the own, and to the next day."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest
from playwright.sync_api import expect

from recommend_daily import main
from store.url import open_store
from tests.conftest import run_here
from tests.q3b.conftest import ANY_SET
from tests.q3b.listening.conftest import TABLES, execute
from tests.q3b.web.conftest import serving

NEWCOMER = "ada/1"
CROWDS = {"folk": 30, "metal": 30}


def listeners() -> list[tuple[str, str, int]]:
    """Of two crowds each plays some artists of its own; what all play is another artist."""
    rows = []
    for crowd, size in CROWDS.items():
        for user in range(size):
            artists = [f"{crowd} {(user * step + step) % 25}" for step in range(1, 9)]
            rows += [(f"{crowd}-{user}", artist, 3) for artist in dict.fromkeys(artists)]
            rows.append((f"{crowd}-{user}", f"hit {user % 3}", 9))
    return rows


@pytest.fixture
def app_url(postgres_url):
    """The URL of the app's database with its tables, plays and no marks."""
    execute(postgres_url, "CREATE DATABASE app_of_newcomer")
    url = urlsplit(postgres_url)._replace(path="/app_of_newcomer").geturl()
    with closing(psycopg2.connect(url)) as app, app, app.cursor() as cursor:
        cursor.execute(TABLES.read_text(encoding="utf-8"))
        cursor.executemany("INSERT INTO plays VALUES (%s, NULL, %s, %s, now())", listeners())
    yield url
    execute(postgres_url, "DROP DATABASE app_of_newcomer WITH (FORCE)")


def run_job(store: str, app_url: str, day: str) -> None:
    done = run_here(main, "--store", store, "--source", app_url, "--run-id", day, *ANY_SET)
    assert done.returncode == 0, done.stderr


def like(page, artist: str) -> None:
    page.get_by_label("Add an artist you like").fill(artist)
    page.get_by_role("search", name="Add what you like").get_by_role("button").click()
    page.locator("#found").get_by_role("button").first.click()
    expect(page.get_by_role("status")).to_contain_text("The list has changed.")


def names(page) -> list[str]:
    return page.locator("#items h2").all_inner_texts()


def marks_in(app_url: str) -> set[tuple]:
    with closing(psycopg2.connect(app_url)) as app, app.cursor() as cursor:
        cursor.execute("SELECT user_id, item_id, mark FROM marks")
        return set(cursor.fetchall())


def test_three_likes_make_a_list_which_the_next_run_stores(app_url, browser, tmp_path):
    store = f"sqlite:///{tmp_path / 'recommendations.db'}"
    run_job(store, app_url, "day-1")
    with serving(store, "--workers", "1", RECOMMENDER_MARKS=app_url) as base:
        context = browser.new_context(base_url=base)
        page = context.new_page()
        page.goto("/")
        everybodys = names(page)
        page.get_by_label("User id").fill(NEWCOMER)
        page.get_by_role("search", name="A user").get_by_role("button").click()
        expect(page.get_by_text(f"No user is called {NEWCOMER}.")).to_be_visible()
        assert names(page) == everybodys
        for artist in ("metal 3", "metal 7", "metal 11"):
            like(page, artist)
        own = names(page)
        assert own != everybodys
        assert sum(name.startswith("metal") for name in own[:10]) >= 8
        likes = {(NEWCOMER, f"metal {number}", "like") for number in (3, 7, 11)}
        assert marks_in(app_url) == likes
        run_job(store, app_url, "day-2")
        stored = [item["name"] for item in open_store(store).user(NEWCOMER)["items"]]
        assert stored != everybodys
        assert sum(name.startswith("metal") for name in stored[:10]) >= 8
        context.close()
        page = browser.new_page(base_url=base)  # the next day, on another device
        page.goto(f"/?user={NEWCOMER}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Artists for this user")
        liked = page.get_by_role("region", name="Liked").get_by_role("listitem")
        expect(liked).to_have_count(3)
        assert names(page) == stored
        page.get_by_role("button", name="No longer like metal 3").click()
        expect(liked).to_have_count(2)
        assert (NEWCOMER, "metal 3", "like") not in marks_in(app_url)
        page.close()


def test_marks_without_a_database_or_with_one_that_is_down_are_refused(tmp_path):
    from web.app import create_app

    store = f"sqlite:///{tmp_path / 'recommendations.db'}"
    down = "postgresql://nobody@127.0.0.1:9/app"
    for url, status, part in (("", 404, "RECOMMENDER_MARKS"), (down, 503, "try again")):
        client = create_app({"STORE": store, "MARKS": url}).test_client()
        for answer in (
            client.get("/users/x/marks"),
            client.post("/users/x/marks", json={"marks": {"1": "like"}}),
        ):
            assert answer.status_code == status
            assert part in answer.json["detail"]
            assert "postgresql" not in answer.text


@pytest.mark.parametrize("body", [{}, {"marks": []}, {"marks": {"1": "love"}}, {"likes": ["1"]}])
def test_marks_that_are_none_are_refused(tmp_path, body):
    from web.app import create_app

    client = create_app({"STORE": f"sqlite:///{tmp_path / 'absent.db'}"}).test_client()
    assert client.post("/users/x/marks", json=body).status_code == 400
