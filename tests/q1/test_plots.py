"""What the pictures show: every number of the triangle, what is not over, and the scales."""

from datetime import date

import pytest

from retention import plot as retention_plot
from retention.plot import draw_curve, draw_triangle
from retention.questions import Cohort, Count, Question


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that would be written."""
    figures = []
    monkeypatch.setattr(retention_plot, "save", lambda figure, path: figures.append(figure))
    return figures


def test_the_heat_map_has_a_number_for_each_period_that_is_over(drawn, tmp_path):
    cohorts = [
        Cohort(date(2017, 4, 1), 200, [200, 100, 10], [200, 120, 10]),
        Cohort(date(2017, 4, 2), 1000, [1000, 333, None], [1000, 333, None]),
    ]
    draw_triangle(cohorts, "day", date(2017, 4, 3), tmp_path / "triangle.png")
    ((heat_map, scale),) = [figure.axes for figure in drawn]
    assert [text.get_text() for text in heat_map.texts] == ["50", "5", "33"]
    assert [label.get_text() for label in heat_map.get_yticklabels()] == [
        "2017-04-01   200 users",
        "2017-04-02 1,000 users",
    ]
    assert [label.get_text() for label in heat_map.get_xticklabels()] == ["1", "2"]
    assert "not over by 2017-04-03" in heat_map.get_xlabel()
    assert scale.get_ylabel() == "% of the cohort's users"
    assert heat_map.images[0].get_clim() == (0, 0.5)


def test_the_curve_has_both_lines_and_no_formula(drawn, tmp_path):
    day = date(2017, 4, 2)
    question = Question("$in$", date(2017, 4, 1), day, date(2017, 4, 8), "UTC")
    rows = [type("Row", (), {"day": day, "returned_users": 3, "active_users": 2})]
    draw_curve(question, Count(4, 3), rows, tmp_path / "curve.png")
    (axes,) = drawn[0].axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.75], [0.5]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "came back by the end of the day",
        "active on the day",
    ]
    assert axes.get_title(loc="left") == r"4 users with \$in\$ on 2017-04-01"
