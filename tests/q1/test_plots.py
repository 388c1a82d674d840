"""What the pictures show: numbers, intervals, what is not over, and texts that can be read."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binomtest

from activity.ages import Ages
from activity.answers import Definition
from activity.growth import Growth
from activity.lines import describe_stickiness, growth_picture
from activity.plot import describe
from activity.retention import Retention
from activity.stickiness import Stickiness
from activity.summary import Measure
from common.picture import save
from retention.overview import Overview, Span
from retention.plot import (
    MOST_MARKERS,
    curve_figure,
    describe_curve,
    describe_triangle,
    source_of,
    triangle_figure,
)
from retention.questions import Cohort, Count, Question
from retention.report import Data
from tests.pictures import assert_readable, svg_texts, texts_in

DAY = date(2024, 1, 1)


def data_until(last_day: date, event: str = "FIRST_INSTALL", days: int = 7) -> Data:
    question = Question(event, DAY, DAY + timedelta(1), DAY + timedelta(days), "Asia/Hong_Kong")
    span = Span(1234, 0, DAY, last_day, [])
    return Data("piwik_track", Overview(span, 99, 0, 0, 0), {}, question)


def triangle(rows: int, ages: int, users: int = 200, period: int = 1) -> list[Cohort]:
    """Cohorts of which a half is active in the period after, a third in the next, and so on."""
    active = [[users // (age + 1) for age in range(ages)] for _ in range(rows)]
    return [
        Cohort(DAY + timedelta(period * row), users, counts, counts)
        for row, counts in enumerate(active)
    ]


def curve(days: int, returned: int, active: int) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(day=DAY + timedelta(day), returned_users=returned, active_users=active)
        for day in range(1, days + 1)
    ]


def test_the_heat_map_has_a_number_for_each_period_that_is_over():
    cohorts = [
        Cohort(DAY, 200, [200, 100, 10], [200, 120, 10]),
        Cohort(DAY + timedelta(1), 1000, [1000, 333, None], [1000, 333, None]),
    ]
    heat_map, scale = triangle_figure(cohorts, "day", data_until(date(2024, 1, 3))).axes
    assert [text.get_text() for text in heat_map.texts] == ["50", "5", "33"]
    assert [label.get_text() for label in heat_map.get_yticklabels()] == [
        "2024-01-01   200 users",
        "2024-01-02 1,000 users",
    ]
    assert [label.get_text() for label in heat_map.get_xticklabels()] == ["1", "2"]
    assert "not over by 2024-01-03" in heat_map.get_xlabel()
    assert heat_map.images[0].get_clim() == (0, 0.5)
    assert scale.get_ylim() == (0, 0.5)


def test_months_are_named():
    figure = triangle_figure(triangle(3, 2, period=31), "month", data_until(date(2024, 6, 1)))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == ["Jan 2024 200 users", "Feb 2024 200 users", "Mar 2024 200 users"]


@pytest.mark.parametrize(
    ("rows", "ages"), [(1, 2), (12, 13), (1, 366), (120, 2), (120, 201), (3000, 367)], ids=str
)
def test_a_heat_map_of_any_size_can_be_read(rows, ages):
    figure = triangle_figure(triangle(rows, ages), "day", data_until(date(2034, 1, 1)))
    assert_readable(figure)
    heat_map, scale = figure.axes
    assert bool(heat_map.texts) == (rows < 35 and ages < 35)
    assert max(figure.get_size_inches()) < 20
    gap = scale.get_position().x0 - heat_map.get_position().x1
    assert gap * figure.get_size_inches()[0] < 0.5  # inches


def test_a_triangle_of_nothing_says_why(tmp_path):
    cohorts = [Cohort(DAY, 5, [5, None], [5, None])]
    data = data_until(DAY)
    figure = triangle_figure(cohorts, "week", data)
    save(figure, tmp_path / "empty.svg", source_of(data))
    assert svg_texts(tmp_path / "empty.svg") == [
        "No week after the first installs is over by 2024-01-01.",
        "Source: piwik_track, 1,234 records, 2024-01-01 to 2024-01-01, Asia/Hong_Kong",
    ]


def test_a_curve_of_nothing_says_why():
    (text,) = texts_in(curve_figure(data_until(DAY), Count(1, 0), []))
    assert text.get_text() == (
        "The data have no day from 2024-01-02 to 2024-01-08 yet.\n1 user with FIRST_INSTALL"
    )


@pytest.mark.parametrize(("returned", "active"), [(3, 2), (40, 0), (0, 0)])
def test_the_curve_has_intervals_after_wilson(returned, active):
    """scipy computes the same intervals."""
    figure = curve_figure(data_until(DAY), Count(40, returned), curve(7, returned, active))
    (axes,) = figure.axes
    for line, band, count in zip(axes.lines, axes.collections, (returned, active), strict=True):
        assert line.get_ydata() == pytest.approx([count / 40] * 7)
        interval = binomtest(count, 40).proportion_ci(method="wilson")
        heights = band.get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx(tuple(interval), abs=1e-9)
        assert axes.get_ylim()[0] < min(line.get_ydata()) and interval.high < axes.get_ylim()[1]


def test_the_legend_and_the_title_name_what_is_drawn():
    figure = curve_figure(data_until(DAY, "$安裝$"), Count(4, 3), curve(1, 3, 2))
    (axes,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "came back by the end of the day",
        "active on the day",
    ]
    assert axes.get_title(loc="left") == "4 users with $安裝$ on 2024-01-01"


@pytest.mark.parametrize("event", ["FIRST_INSTALL", "x" * 300, "安" * 300, "تثبيت $a$"])
@pytest.mark.parametrize("days", [1, 800])
def test_a_curve_of_any_length_can_be_read(event, days):
    figure = curve_figure(data_until(DAY, event, days), Count(10_000, 9), curve(days, 9, 1))
    assert_readable(figure)
    (axes,) = figure.axes
    assert np.all([line.get_marker() != "" for line in axes.lines] == [days <= MOST_MARKERS] * 2)


TWO_COHORTS = [
    Cohort(DAY, 200, [200, 100, 10], [200, 120, 10]),
    Cohort(DAY + timedelta(1), 1000, [1000, 332, None], [1000, 333, None]),
]
NEW_COHORT = Cohort(DAY + timedelta(2), 50, [50, None, None], [50, None, None])


def test_a_curve_in_words_is_about_its_last_day():
    days = [
        *curve(6, 3, 2),
        SimpleNamespace(day=date(2024, 1, 8), returned_users=30, active_users=12),
    ]
    assert describe_curve(Count(1200, 30), days) == (
        "By 2024-01-08, 2.5% of 1,200 users had come back; 1.0% were active on that day."
    )
    assert describe_curve(Count(1, 0), []) == "No day to draw."


def test_a_triangle_in_words_is_about_the_users_who_were_followed_for_a_period():
    assert describe_triangle([*TWO_COHORTS, NEW_COHORT], "day") == (
        "3 cohorts by day; active one day after: 36.0% of 1,200 users."
    )
    assert describe_triangle([NEW_COHORT], "week") == (
        "1 cohort by week; active one week after: nobody to follow yet."
    )


def test_retention_in_words_is_about_its_second_column():
    ages, measure = [Ages(0, 0), Ages(1, 3), Ages(4, 7)], Measure("days", "day", "monday")
    groups = {("HK",): TWO_COHORTS[:1], ("TW",): [*TWO_COHORTS[1:], NEW_COHORT]}
    assert describe(Retention(ages, groups), measure, data_until(DAY)) == (
        "Active at age 1-3, in days since the first install: 36.0% of 1,200 users."
    )
    of_nobody = Retention(ages, {(): [NEW_COHORT]})
    assert describe(of_nobody, measure, data_until(DAY)) == (
        "Nobody has been followed for a whole period yet."
    )


def test_stickiness_in_words_is_about_all_users_of_the_last_day():
    rows = {
        ("HK",): [Stickiness(DAY, 9, 9, 9), Stickiness(date(2024, 1, 2), 1000, 2000, 3000)],
        ("TW",): [Stickiness(DAY, 9, 9, 9), Stickiness(date(2024, 1, 2), 200, 300, 1000)],
    }
    assert describe_stickiness(rows) == (
        "Active on 2024-01-02: 1,200 users, 30.0% of those of 30 days."
    )
    early = {(): [Stickiness(DAY, 1, None, None)]}
    assert describe_stickiness(early) == "Active on 2024-01-01: 1 user."


@pytest.mark.parametrize("by", [None, "country"])
def test_growth_in_words_is_about_the_active_users_of_the_last_whole_period(by):
    whole, begun = Growth(DAY, 1200, 200, 900, 100, 3), Growth(date(2024, 1, 8), *[None] * 5)
    groups = {("HK",): [whole, begun], ("TW",): [whole._replace(active=30), begun]}
    groups = groups if by else {(): [whole, begun]}
    measure, definition = Measure("growth", "week", "monday"), Definition("install", (), (), by)
    _, words = growth_picture(groups, measure, definition, data_until(date(2024, 1, 9)))
    number = "1,230" if by else "1,200"
    assert words == f"Active in the week that begins on 2024-01-01: {number} users."
