"""Pages of HTML as people open them: in a browser without a network, on a phone, in the dark."""

import sys

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import ROOT, run_here
from tests.project.conftest import loaded
from tests.q3a.test_plots import run_with
from traffic.account import RowAccount
from traffic.answer import Answer
from traffic.page import save_page
from traffic.question import Question

GROUPS = 10_000
HOSTILE = ["<script>alert(1)</script>", "x" * 300, "拜登 & 新盤", "/שלום/عربى.jpg", '$a$ "b"']
WORD = "s3cret"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory):
    """A page of many groups with names that would break it if they could."""
    names = [f"{HOSTILE[number % 5]}{number}" for number in range(GROUPS)]
    sizes = list(range(GROUPS, 0, -1))
    columns = {"url": names, "requests": [1] * GROUPS, "bytes": sizes}
    total = {"requests": [GROUPS], "bytes": [sum(sizes)]}
    answer = Answer(Question(by=("url",)), total, {"bytes": columns}, GROUPS, RowAccount())
    path = tmp_path_factory.mktemp("pages") / "hostile.html"
    with pytest.MonkeyPatch.context() as patch:
        secrets = [f"postgresql://user:{WORD}@host/db", f"host=x password={WORD}"]
        patch.setattr(sys, "argv", ["/home/somebody/Q2/raw_data_analytics.py", "a b", *secrets])
        save_page(answer, "Bytes\n" + "text " * 10**6, path)
    return path


@pytest.fixture
def open_page(browser):
    """A function that opens a page offline; whatever it asks for or complains of is a failure."""
    contexts, wrong = [], []

    def open_file(path, viewport=DESKTOP, scheme="light"):
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, offline=True))
        page = contexts[-1].new_page()
        page.on("request", lambda request: wrong.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(path.as_uri())
        wrong.remove(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert wrong == []


def test_rows_are_sorted_and_filtered(hostile_page, open_page):
    page = open_page(hostile_page)
    rows = page.locator("tbody tr")
    assert rows.count() == 2000
    assert "The first 2000 of 10000 rows" in page.content()
    head = page.get_by_role("button", name="bytes")
    head.click()
    assert rows.first.locator("td").last.text_content() == "8001"
    assert head.locator("..").get_attribute("aria-sort") == "ascending"
    head.click()
    assert rows.first.locator("td").last.text_content() == "10000"
    page.get_by_role("searchbox").fill("SCRIPT>1995")
    assert page.locator("tbody tr:visible").count() == 1
    assert page.locator("output").text_content() == "1 of 2000 rows"


def test_a_page_is_small_and_tells_no_secret(hostile_page, open_page):
    assert hostile_page.stat().st_size < 2_000_000
    page = open_page(hostile_page)
    command = page.locator("pre").first.text_content()
    assert command == "$ python Q2/raw_data_analytics.py 'a b' postgresql://…@host/db …"
    assert WORD not in page.content()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_readable(hostile_page, open_page, viewport, scheme):
    page = open_page(hostile_page, viewport, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    page.get_by_role("searchbox").fill("/1995")  # axe takes long for thousands of rows
    found = Axe().run(page, options={"exclude": ["tbody"]})
    assert found.violations_count == 0, found.generate_report()
    label = page.locator("figure > [role=img]").get_attribute("aria-label")
    assert label.startswith("Bytes by url, 50,005,000 in all; the largest: <script>")
    colour = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    assert colour == "light dark"


def pages_of_all_questions(folder, postgres_url):
    """Write a page for each question, and yield it with texts that it must have."""
    from quality.page import save_page as save_run

    sql, logs = loaded(ROOT / "Q1/sql.py"), loaded(ROOT / "Q2/raw_data_analytics.py")
    evaluate = loaded(ROOT / "Q3b/evaluate.py")
    for name, main, arguments, texts in (
        ("curve", sql.main, ["--dsn", postgres_url], ["came back by the end of the day"]),
        ("triangle", sql.main, ["--dsn", postgres_url, "--cohorts"], ["active_on_share"]),
        ("users", sql.main, ["--dsn", postgres_url, "--users"], ["uid"]),
        ("logs", logs.main, [], ["bytes per hour", "jpg"]),
        ("nothing", logs.main, ["--extension", "nope"], ["No request counts."]),
        ("models", evaluate.main, ["--models", "popularity", "--splits", "2"], ["popularity"]),
    ):
        path = folder / f"{name}.html"
        finished = run_here(main, *arguments, "--html", path)
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout
        yield path, texts
    run = run_with(["拜登", "NBA", "新盤市況"], ["樓市", "白宮"])
    save_run(run, "text", (["tag"], [("拜登",)]), folder / "tags.html", None)
    yield folder / "tags.html", ["新盤市況", "Reliability, with the number of articles"]


def test_every_question_has_a_page(tmp_path, postgres_url, monkeypatch, open_page):
    monkeypatch.setattr("evaluation.data.SAMPLE_USERS", 150)
    for path, texts in pages_of_all_questions(tmp_path, postgres_url):
        assert path.stat().st_size < 2_000_000
        page = open_page(path)
        for text in texts:
            assert page.get_by_text(text).count(), f"{path.name} has no {text!r}"
        for figure in page.locator("figure > [role=img]").all():
            assert len(figure.get_attribute("aria-label")) > 20
            assert figure.locator("svg").count() == 1
