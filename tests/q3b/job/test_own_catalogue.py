"""Films with ids of the app's own: from CSV through the job and both stores to the API."""

import json

import pytest

import recommend_daily
from store.url import open_store
from tests.conftest import assert_one_line_error, run_here
from tests.q3b.conftest import ANY_SET, BLOCKED, TITLES, USERS, write_films
from tests.q3b.store.conftest import kind, store_url  # noqa: F401 - fixtures
from web.app import create_app


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    return write_films(tmp_path_factory.mktemp("films"))


def test_films_arrive_by_their_own_ids(options, store_url):  # noqa: F811
    done = run_here(recommend_daily.main, *options, "--store", store_url)
    assert done.returncode == 0, done.stderr
    client = create_app({"STORE": store_url}).test_client()
    shown = set()
    for user in range(USERS):
        answer = client.get(f"/users/{1000 + user}/recommendations?limit=3").json
        assert len(answer["items"]) == 3, "lists that lose items are filled up"
        for item in answer["items"]:
            film = int(item["id"])
            assert item["name"] == TITLES[film]
            assert film % 2 == user % 2 or "rule" in item, "the crowd's, or fills up the list"
            assert item["url"] == (f"https://films.example/{film}" if film else None)
            assert all(int(cause["id"]) % 2 == user % 2 for cause in item["because"])
            shown |= {item["id"], *(cause["id"] for cause in item["because"])}
        played = open_store(store_url).user(str(1000 + user))["top_items"] if user < 9 else []
        shown |= {item["id"] for item in played}
    newcomer = client.get("/new-user/recommendations?limit=1000").json["items"]
    shown |= {item["id"] for item in newcomer}
    assert not shown & BLOCKED
    assert {"0", "1"} <= shown, "both films of one name"
    assert_described_as_films(client)


def assert_described_as_films(client):
    """The description has the fields of the set, and page and description call items films."""
    document = client.get("/openapi.json").json
    assert document["components"]["schemas"]["Item"]["properties"]["url"]["type"] == [
        "string",
        "null",
    ]
    assert "films" in document["info"]["description"]
    page = client.get("/?user=1004").text
    assert "Films for this" in page
    assert 'href="https://films.example/' in page
    assert "artist" not in page.lower()


def test_a_repeated_run_of_other_items_is_refused(options, tmp_path):
    store = ("--store", f"sqlite:///{tmp_path / 'set.db'}", "--run-id", "today")
    assert run_here(recommend_daily.main, *options, *store).returncode == 0
    again = run_here(recommend_daily.main, *options, *store, "--format", "json")
    assert (again.returncode, json.loads(again.stdout)["item_names"]) == (0, ["film", "films"])
    plain = [*options[:4], *ANY_SET, *store]
    assert_one_line_error(run_here(recommend_daily.main, *plain), 2, "today", "published already")


@pytest.mark.parametrize(
    ("odd", "parts"),
    [
        (["--columns", "user=a,item=b"], ["--columns needs --plays"]),
        (["--plays", "x.csv", "--columns", "user=a"], ["name also item"]),
        (["--item-fields", "url"], ["need --items"]),
        (["--plays", "x.csv", "--profile-columns", "user=a"], ["needs --profiles"]),
        (["--item-name", "a,b,c"], ["story,stories"]),
        (["--blocked", "absent.txt"], ["absent.txt"]),
        (
            ["--plays", "x.csv", "--items", "y.csv", "--item-fields", "score"],
            ["answers have 'score'"],
        ),
    ],
)
def test_options_that_cannot_be_meant_are_one_line(tmp_path, odd, parts):
    store = ("--store", f"sqlite:///{tmp_path / 'set.db'}")
    assert_one_line_error(run_here(recommend_daily.main, *odd, *store), 2, *parts)
