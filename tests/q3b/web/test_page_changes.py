"""The page as a visitor changes it in Chromium: likes, hides, adds, compares, on bad networks."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import tests.q3b.web.conftest as published
from store.protocol import Catalogue
from tests.q3b.web.conftest import ARTISTS, CATALOGUE, LISTENERS, publish, publish_index, serving

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LONG = "A name of six hundred letters " + "x" * 570
STACKED = "Z" + "\u0301\u0310\u0352" * 60 + "algo T\u0336\u0321ram"
PICTURE = "/static/icon.svg"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A page whose set has an index, names that are hard to show, and a picture that is missing."""
    names, images = CATALOGUE.names.copy(), CATALOGUE.fields["url"].copy()
    names[3], names[7] = LONG, STACKED
    images[:] = "http://127.0.0.1:9/absent.png"
    catalogue = Catalogue(CATALOGUE.ids, names, CATALOGUE.fields | {"image": images})
    url = f"sqlite:///{tmp_path_factory.mktemp('changed') / 'recommendations.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "CATALOGUE", catalogue)
        publish_index(url, publish(url, item_fields=["url", "image"]))
    with serving(url, "--workers", "1") as address:
        yield address


@pytest.fixture
def open_page(browser, base):
    """A function that opens a path in a window of its own."""
    contexts = []

    def open_path(path="/", viewport=DESKTOP, scheme="light"):
        contexts.append(browser.new_context(base_url=base, viewport=viewport, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.goto(path)
        expect(page.get_by_label("Add an artist you like")).to_be_visible()
        return page

    yield open_path
    for context in contexts:
        context.close()


def names(page) -> list[str]:
    return page.locator("#items h2").all_inner_texts()


def press(page, name: str | re.Pattern) -> None:
    """Press a button and wait until the list says that it has changed."""
    page.get_by_role("button", name=name, exact=True).first.click()
    expect(page.get_by_role("status")).to_contain_text("done. The list has changed.")


def find(page, text: str) -> None:
    page.get_by_label("Add an artist you like").fill(text)
    page.get_by_role("search", name="Add what you like").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("found; choose one")


def test_likes_change_a_newcomers_list_and_their_removal_brings_it_back(open_page):
    page = open_page()
    before = names(page)
    find(page, "kite")
    press(page, re.compile(r"^Like Kite Season, \d+ users$"))
    liked = page.get_by_role("region", name="Liked")
    expect(liked.get_by_role("listitem")).to_have_count(1)
    after = names(page)
    assert after != before
    assert "Kite Season" not in after
    expect(page.locator("#items .why").first).to_contain_text("Because they play Kite Season")
    page.reload()
    expect(liked.get_by_role("listitem")).to_have_count(1)
    assert names(page) == after
    press(page, "No longer like Kite Season")
    expect(liked).to_have_count(0)
    assert names(page) == before


def test_a_hidden_item_leaves_the_list_of_a_known_user(open_page):
    page = open_page(f"/?user={LISTENERS[1]}")
    press(page, f"Hide {ARTISTS[2]}")
    assert ARTISTS[2] not in names(page)
    hidden = page.get_by_role("region", name="Hidden")
    expect(hidden.get_by_role("listitem")).to_have_text(f"{ARTISTS[2]} ×")
    assert len(names(page)) == len(ARTISTS) - 10 - 1, "all but the own and the hidden"
    press(page, f"Show again {ARTISTS[2]}")
    expect(hidden).to_have_count(0)


def test_similar_items_open_and_close_in_their_card(open_page):
    page = open_page()
    button = page.get_by_role("button", name=f"Similar to {ARTISTS[1]}", exact=True)
    button.click()
    card = page.locator("#items > li").nth(1)
    expect(card.get_by_role("heading", level=3)).to_have_text(f"Users of {ARTISTS[1]} also play")
    expect(card.locator(".similar li")).to_have_count(6)
    expect(card.locator(".similar li").first).to_contain_text("in common")
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(card.locator(".similar")).to_be_hidden()


def test_the_keyboard_alone_likes_and_stays_in_its_place(open_page):
    page = open_page()
    page.get_by_role("button", name=f"Like {ARTISTS[1]}", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(f"Like {ARTISTS[1]}: done")
    focused = page.locator("#items > li").nth(1).locator("[data-mark=like]")
    expect(focused).to_be_focused()
    page.get_by_label("Add an artist you like").focus()
    page.keyboard.type("no such name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Nothing is called “no such name”.")


def test_without_a_network_the_choice_is_kept_and_tried_again(open_page):
    page = open_page()
    before = names(page)
    page.context.set_offline(True)
    page.get_by_role("button", name=f"Like {ARTISTS[1]}", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("there may be no connection. What you said is kept")
    assert names(page) == before
    page.context.set_offline(False)
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_be_hidden()
    expect(page.get_by_role("region", name="Liked").get_by_role("listitem")).to_have_count(1)


def test_a_slow_answer_is_announced_and_a_late_one_is_not_shown(open_page):
    page, held = open_page(), []
    page.route("**/cards", lambda route: held.append(route))
    page.get_by_role("button", name=f"Like {ARTISTS[1]}", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Asking for the list …")
    expect(page.locator("#list")).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(200)  # milliseconds, until what is dimmed is dim
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.get_by_role("button", name=f"Like {ARTISTS[2]}", exact=True).click()
    while len(held) < 2:
        page.wait_for_timeout(20)  # milliseconds
    for request in reversed(held):  # the second is answered first
        request.continue_()
    liked = page.get_by_role("region", name="Liked").get_by_role("listitem")
    expect(liked).to_have_count(2)
    expect(page.locator("#list")).to_have_attribute("aria-busy", "false")


def test_a_failure_of_the_server_is_told_in_its_words(open_page):
    page = open_page()
    page.route(
        "**/cards",
        lambda route: route.fulfill(status=503, json={"detail": "index missing: run the job."}),
    )
    page.get_by_role("button", name=f"Like {ARTISTS[1]}", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("index missing: run the job.")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_long_names_and_stacked_accents_stay_in_their_cards(open_page, viewport):
    page = open_page(f"/?user={LISTENERS[1]}", viewport=viewport)
    shown = names(page)
    for name in (LONG, STACKED):
        card = page.locator("#items > li").nth(shown.index(name))
        outer = card.bounding_box()
        assert outer["width"] <= viewport["width"]
        for part in card.locator("h2, .why, .actions, .art").all():
            inner = part.bounding_box()
            assert outer["x"] <= inner["x"]
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
        assert card.locator("h2").bounding_box()["height"] < 90
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_a_picture_that_is_missing_leaves_the_drawn_one(open_page):
    page = open_page()
    art = page.locator("#items .art").first
    expect(art.locator("img")).to_have_attribute("src", "http://127.0.0.1:9/absent.png")
    expect(art.locator("svg text")).to_have_text("H")
    assert page.evaluate("document.querySelector('#items img').naturalWidth") == 0


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["light", "dark", "phone", "dark phone"],
)
def test_axe_finds_nothing_on_a_changed_page(open_page, viewport, scheme):
    page = open_page(f"/?user={LISTENERS[2]}", viewport=viewport, scheme=scheme)
    press(page, f"Like {ARTISTS[4]}")
    press(page, f"Hide {names(page)[0]}")
    page.locator("[data-similar]").first.click()
    expect(page.locator(".similar h3")).to_be_visible()
    find(page, "a")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
