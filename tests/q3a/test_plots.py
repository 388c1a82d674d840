"""Plots draw every character with a font that has it, or refuse; never a box."""

from common.command import UserError

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook, font_manager
from matplotlib.figure import Figure
from matplotlib.image import imread

from quality.fonts import drawable, drawn_characters, font_for
from quality.plots import draw_words, plot_run
from quality.report import Run
from tagger.evaluation import Evaluation

LATIN_ONLY = font_manager.findfont("DejaVu Sans")


def run_with(tags, words) -> Run:
    true = np.array(tags * 5)
    evaluation = Evaluation(
        true, np.roll(true, 1), np.ones(len(true)), np.zeros(len(true), int), []
    )
    table = pd.DataFrame({"word": words, "tag": tags[0], "importance": range(len(words), 0, -1)})
    return Run(None, pd.Series(range(len(true))), evaluation, 0, words=table)


@pytest.fixture
def chinese_font():
    try:
        return font_for("拜登新盤市況")
    except UserError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def test_chinese_tags_and_words_are_drawn(tmp_path, chinese_font):
    path = tmp_path / "plot.png"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of every missing glyph
        plot_run(run_with(["拜登", "NBA", "新盤市況"], ["樓市", "\U000f0000", "␣白宮"]), path, None)
    assert imread(path).std() > 0.05


def test_a_missing_character_is_written_as_its_code(chinese_font):
    assert drawable("樓\U000f0000", chinese_font) == "樓U+F0000"


def test_without_a_font_the_plot_is_refused(tmp_path):
    path = tmp_path / "plot.png"
    with pytest.raises(UserError, match=r"--font .* has not all characters .* 拜"):
        plot_run(run_with(["拜登", "NBA"], ["x"]), path, LATIN_ONLY)
    assert not path.exists()


def test_latin_tags_need_no_chinese_font(tmp_path):
    plot_run(run_with(["sport", "politics"], ["ball"]), tmp_path / "plot.png", LATIN_ONLY)
    assert (tmp_path / "plot.png").stat().st_size > 5000


def test_dollars_begin_no_formula(tmp_path):
    tags, words = ["N$B$A", "$\\foo$"], ["$$", "a$b"]
    plot_run(run_with(tags, words), tmp_path / "plot.png", LATIN_ONLY)
    axes = Figure().subplots()
    draw_words(axes, run_with(tags, words).words, font_for("NBA", LATIN_ONLY))
    assert not any(cbook.is_math_text(label.get_text()) for label in axes.get_yticklabels())


def test_a_file_that_is_no_font_has_no_characters():
    assert drawn_characters(__file__) == frozenset()


def test_a_tag_that_begins_with_an_underscore_is_in_the_legend():
    axis = Figure().subplots()
    words = pd.DataFrame(
        {"word": ["ball", "vote"], "tag": ["_sport", "news"], "importance": [2, 1]}
    )
    draw_words(axis, words, font_for("_sport"))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["_sport", "news"]
