"""The page in a real browser: without scripts, on a phone, by keyboard, for a screen reader."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.q3b.web.conftest import ARTISTS, LISTENERS, publish, serving

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
USER, UNKNOWN = LISTENERS[1], "nobody"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    store_url = f"sqlite:///{tmp_path_factory.mktemp('page') / 'recommendations.db'}"
    publish(store_url)
    with serving(store_url, "--workers", "1", RECOMMENDER_SHOW_EXAMPLES="1") as url:
        yield url


@pytest.fixture
def open_page(browser, base):
    """A function that opens a path in a window of its own, by default on a desktop."""
    contexts = []

    def open_path(path="/", viewport=DESKTOP, scripts=False, scheme="light"):
        context = browser.new_context(
            base_url=base, viewport=viewport, java_script_enabled=scripts, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()


def expect_artists(page, names: list[str]) -> None:
    expect(page.locator("#items h2")).to_have_text(names)


def test_a_person_finds_a_user_without_scripts(open_page):
    page = open_page()
    page.get_by_label("User id").fill(USER)
    page.get_by_role("search").get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Artists for this user")
    expect_artists(page, ARTISTS[1:21])
    why = page.locator("#items li").first.locator(".why")
    expect(why).to_have_text(
        f"Because they play {ARTISTS[21]} (31 users play both); "
        f"also {ARTISTS[22]} and {ARTISTS[23]}."
    )
    played = page.get_by_role("complementary", name="What they play most").get_by_role("listitem")
    assert played.count() == 10
    expect(played.first).to_contain_text(ARTISTS[21])
    expect(played.first).to_contain_text("1,600 plays")


def test_a_person_picks_a_newcomers_country_and_age(open_page):
    page = open_page()
    form = page.get_by_role("form", name="A new user")
    form.get_by_label("Country").select_option("Poland")
    form.get_by_label("Age").fill("29")
    form.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Artists for a newcomer in Poland")
    expect_artists(page, [ARTISTS[(10 + rank) % len(ARTISTS)] for rank in range(20)])
    expect(form.get_by_label("Country")).to_have_value("Poland")
    expect(form.get_by_label("Age")).to_have_value("29")
    assert "country=Poland&age=29#answer" in page.url


def test_the_examples_lead_to_users(open_page):
    page = open_page()
    page.get_by_role("link", name=LISTENERS[2]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Artists for this user")
    expect(page.locator("#items h2").first).to_have_text(ARTISTS[2])


def test_the_keyboard_alone_is_enough(open_page):
    page = open_page()
    for name in ("Skip to the answer", "Recommendations"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("User id")).to_be_focused()
    page.keyboard.type(USER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Artists for this user")
    # The fragment, once it is reached, has moved the starting point: the next Tab is an artist.
    page.wait_for_load_state("load")
    expect(page.locator(":target")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=ARTISTS[1], exact=True).first).to_be_focused()


def test_an_unknown_user_is_told_and_helped(open_page):
    page = open_page(f"/?user={UNKNOWN}")
    expect(page.get_by_text(f"No user is called {UNKNOWN}.")).to_be_visible()
    expect_artists(page, ARTISTS[:20])


def test_a_mistake_stands_beside_its_field(open_page):
    page = open_page("/?age=old")
    field = page.get_by_label("Age")
    expect(field).to_have_value("old")
    expect(field).to_have_accessible_description("The age must be a whole number from 0 to 120.")


def test_names_are_text_and_never_markup(open_page):
    page = open_page(f"/?user={LISTENERS[4]}")
    expect(page.get_by_text("A <b>Bold</b> Name", exact=True).first).to_be_visible()


@pytest.mark.parametrize("path", ["/", f"/?user={USER}", f"/?user={UNKNOWN}", "/?age=old"])
def test_a_phone_needs_no_sideways_scrolling(open_page, path):
    page = open_page(path, viewport=PHONE, scripts=True)
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    for box in page.locator("button, input, select").all():
        assert box.bounding_box()["height"] >= 44, "a finger needs 44 pixels"


@pytest.mark.parametrize(
    ("path", "viewport", "scheme"),
    [
        *(("/", DESKTOP, "light"), (f"/?user={USER}", PHONE, "light")),
        *((f"/?user={USER}", DESKTOP, "dark"), (f"/?user={UNKNOWN}", PHONE, "dark")),
        *(("/?age=old", DESKTOP, "light"), ("/?age=old", PHONE, "dark")),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['width']}px",
)
def test_axe_finds_nothing_that_hinders_anyone(open_page, path, viewport, scheme):
    page = open_page(path, viewport=viewport, scripts=True, scheme=scheme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_page_loads_only_its_own_files(browser, base):
    context = browser.new_context(base_url=base)
    page, requested, complaints = context.new_page(), [], []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"/?user={USER}")
    context.close()
    assert all(url.startswith(base) for url in requested)
    assert complaints == [], "such as a breach of the content security policy"
