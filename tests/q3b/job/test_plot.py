"""The picture of drift shows the figures of all sets that are known, and can be read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from job.drift import history_of
from job.plot import described, figure_of, source_of
from job.steps import write_page
from recommend_daily import main
from store.protocol import Run
from tests.pictures import assert_readable, texts_in


def run_of(sets: int, seconds: float = 86400) -> Run:
    """The last of so many sets: each changed a tenth more users than the one before."""
    run = None
    for number in range(sets):
        made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds * number)
        metrics = {"recall@20": 0.3, "popularity_recall@20": 0.1, "coverage": 0.5}
        drift = {"compared_users": 100, "changed_users": number % 10 * 10}
        report = {"metrics": metrics, "drift": drift if run else None}
        report["history"] = history_of(run) if run else []
        run = Run(f"v{number}", "", made.isoformat().replace("+00:00", "Z"), 9, report=report)
    return run


@pytest.mark.parametrize(("sets", "seconds"), [(1, 0), (2, 1), (90, 86400), (90, 2)])
def test_any_number_of_sets_can_be_read(sets, seconds):
    figure = figure_of(history_of(run_of(sets, seconds)))
    assert_readable(figure)
    (line,) = figure.axes[0].lines
    assert np.isnan(line.get_ydata()[0])
    shares = [number % 10 / 10 for number in range(1, sets)]
    assert line.get_ydata()[1:] == pytest.approx(shares)
    texts = [text.get_text() for text in texts_in(figure)]
    assert ("no set has this yet" in texts) == (sets == 1)


def test_recall_is_next_to_that_of_popularity():
    recall, popularity = figure_of(history_of(run_of(3))).axes[2].lines
    assert recall.get_ydata() == pytest.approx([0.3] * 3)
    assert popularity.get_ydata() == pytest.approx([0.1] * 3)


def test_a_set_of_an_earlier_version_leaves_a_gap():
    old = Run("v", "", "2026-01-01T00:00:00Z", 9, report={})
    new = Run("w", "", "2026-01-02T00:00:00Z", 9, report={"history": history_of(old)})
    figure = figure_of(history_of(new))
    assert np.isnan(figure.axes[1].lines[0].get_ydata()).all()
    assert_readable(figure)


def test_without_matplotlib_the_page_has_no_picture_and_a_plot_is_refused(
    monkeypatch, tmp_path, capsys
):
    """The image of the job has no matplotlib."""
    for module in ("job.step", "job.steps"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)
    run = run_of(2)
    report = run.report | {"settings": {}}
    write_page(replace(run, report=report), "text", tmp_path / "page.html")
    assert "<figure" not in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert main(["--diff", "--plot", str(tmp_path / "drift.png")]) == 2
    assert "--plot needs matplotlib: pip install matplotlib" in capsys.readouterr().err


def test_the_words_say_what_the_picture_shows():
    history = history_of(run_of(4))
    assert described(history) == (
        "Drift over 4 published sets; of the last: users whose first items changed 30.0%, "
        "coverage 50.0%, recall 30.0%, recall of popularity 10.0%."
    )
    assert source_of(history).startswith("Source: 4 published sets, 2026-01-01T00:00:00Z to ")
