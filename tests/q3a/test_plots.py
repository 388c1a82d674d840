"""What the picture of a run shows, and that its texts can be read."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from quality.page import save_plot, shown
from quality.plots import MOST_TAGS, draw_words, figure_of
from quality.report import Run
from quality.scores import by_confusion, confusion, most_confused, reliability, selective_accuracy
from tagger.evaluation import Evaluation
from tests.pictures import assert_readable, svg_texts

SERIF = font_manager.findfont("DejaVu Serif")


def run_with(tags, words) -> Run:
    true = np.array(tags * 5)
    evaluation = Evaluation(
        true, np.roll(true, 1), np.ones(len(true)), np.zeros(len(true), int), []
    )
    table = pd.DataFrame({"word": words, "tag": tags[0], "importance": range(len(words), 0, -1)})
    return Run(None, pd.Series(range(len(true))), evaluation, 0, words=table)


def test_dollars_begin_no_formula(tmp_path):
    tags, words = ["N$B$A", "$\\foo$"], ["$$", "a$b"]
    save_plot(run_with(tags, words), tmp_path / "plot.svg")
    assert {*tags, *words} <= set(svg_texts(tmp_path / "plot.svg"))


def test_a_font_that_is_named_comes_first(tmp_path):
    save_plot(run_with(["a", "b"], ["c"]), tmp_path / "plot.svg", SERIF)
    assert "font-family: 'DejaVu Serif', " in (tmp_path / "plot.svg").read_text(encoding="utf-8")


def test_a_tag_that_begins_with_an_underscore_is_in_the_legend():
    axis = Figure().subplots()
    words = pd.DataFrame(
        {"word": ["ball", "vote"], "tag": ["_sport", "news"], "importance": [2, 1]}
    )
    draw_words(axis, words)
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["_sport", "news"]


@pytest.mark.parametrize("tags", [2, 15, 400])
def test_texts_can_be_read_with_any_number_of_tags(tags):
    hostile = ["x" * 300, "長" * 300, "שלום", "$a$", "\U000f0000"]
    names = [f"{hostile[number % 5]}{number}" for number in range(tags)]
    run = run_with(names, hostile * 6)
    run.words["tag"] = [names[number % tags] for number in range(30)]
    figure = figure_of(run)
    assert_readable(figure)
    assert max(figure.get_size_inches()) < 30  # no names need more


def evaluation_of(true: list[str], predicted: list[str], confidence: list[float]) -> Evaluation:
    arrays = (np.array(true), np.array(predicted), np.array(confidence))
    return Evaluation(*arrays, np.zeros(len(true), int), [])


def test_tags_that_are_taken_for_each_other_are_neighbours():
    true = ["a", "b", "c", "d"] * 10
    predicted = ["c", "d", "c", "d"] * 5 + true[20:]
    counts = by_confusion(confusion(evaluation_of(true, predicted, [1.0] * 40)))
    order = "".join(counts.columns)
    assert list(counts.index) == list(order)
    assert abs(order.index("a") - order.index("c")) == 1
    assert abs(order.index("b") - order.index("d")) == 1
    assert counts.loc["a", "c"] == 5


def test_beyond_a_hundred_tags_those_with_most_mistakes_are_shown():
    tags = [f"{number:03}" for number in range(MOST_TAGS + 20)]
    wrong = {tags[0]: tags[1], tags[1]: tags[0]}
    true, predicted = tags * 2, [wrong.get(tag, tag) for tag in tags] + tags
    counts = most_confused(confusion(evaluation_of(true, predicted, [1.0] * len(true))), MOST_TAGS)
    assert counts.shape == (MOST_TAGS, MOST_TAGS)
    assert counts.to_numpy().sum() == len(true)
    assert counts.loc[tags[0], tags[1]] == counts.loc[tags[1], tags[0]] == 1
    assert counts.loc["21 others", "21 others"] == 2 * 21


def test_reliability_and_coverage_are_those_of_the_articles():
    confidence = [0.95, 0.91, 0.65, 0.65, 0.61]
    evaluation = evaluation_of(list("aaaaa"), list("abaab"), confidence)
    table = reliability(evaluation)
    assert table["articles"].tolist() == [3, 2]
    assert table["confidence"].tolist() == pytest.approx([1.91 / 3, 0.93])
    assert table["accuracy"].tolist() == pytest.approx([2 / 3, 1 / 2])
    assert ((table["low"] < table["accuracy"]) & (table["accuracy"] < table["high"])).all()
    curve = selective_accuracy(evaluation)
    assert curve["coverage"].tolist() == pytest.approx([0.2, 0.4, 0.8, 1.0])
    assert curve["accuracy"].tolist() == pytest.approx([1, 1 / 2, 3 / 4, 3 / 5])


def test_a_run_in_words_names_the_tags_most_often_confused():
    run = run_with(["a", "b"], [])
    words = "Confusion of tags, weightiest words, reliability, coverage."
    perfect = evaluation_of(["a", "b"] * 5, ["a", "b"] * 5, [1.0] * 10)
    mixed = evaluation_of(["a", "b"] * 5, [*"bbbabbabaa"], [1.0] * 10)
    assert shown(replace(run, evaluation=perfect)) == (
        f"{words} Mean accuracy: 1.0000; Macro F1: 1.0000 (95 % interval 1.0000 to 1.0000). "
    )
    assert shown(replace(run, evaluation=mixed)).startswith(f"{words} Mean accuracy: 0.5000; ")
    assert shown(replace(run, evaluation=mixed)).endswith(
        ". Most often a was taken for b, 3 times."
    )
