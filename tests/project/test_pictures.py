"""Pictures are drawn in fonts that have their characters, and say so where no font has one."""

import os

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.image import imread

from common.picture import FAMILY, characters_of, choose_fonts, save, short, svg
from tests.pictures import svg_texts

CHINESE, NOWHERE = "新盤", "\U000f0000"  # the second is for private use


def figure_of(title: str) -> Figure:
    figure = Figure(figsize=(4, 2), layout="constrained")
    figure.subplots().set_title(title)
    return figure


@pytest.fixture
def chinese_font(monkeypatch):
    """The family of an installed font, one that matplotlib has not listed yet."""
    manager = font_manager.fontManager
    base = [font for font in manager.ttflist if font.name == FAMILY]
    monkeypatch.setattr(manager, "ttflist", base)
    figure = figure_of(CHINESE)
    if choose_fonts(figure):
        assert not os.environ.get("CI"), "CI installs a font with Chinese characters"
        pytest.skip("no font here has Chinese characters")
    (title,) = (axes.title for axes in figure.axes)
    return title.get_fontfamily()[1]


def test_a_character_comes_from_a_font_that_has_it(chinese_font, tmp_path, capsys):
    save(figure_of(f"{CHINESE} שלום"), tmp_path / "a.png", "Source")
    assert capsys.readouterr().err == ""
    assert imread(tmp_path / "a.png").std() > 0.01
    assert f"font-family: '{FAMILY}', '{chinese_font}', sans-serif" in svg(
        figure_of(CHINESE), "Source"
    )


def test_a_character_that_no_font_has_is_reported_in_one_line(tmp_path, capsys):
    save(figure_of(f"a\u200d{NOWHERE}"), path := tmp_path / "a.png", "Source")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: no font here has {NOWHERE} (U+F0000), so a box is drawn")
    assert "apt install" in line


def test_readers_of_an_svg_have_fonts_of_their_own(tmp_path, capsys):
    save(figure_of(NOWHERE), tmp_path / "a.svg", "Source")
    assert capsys.readouterr().err == ""
    assert NOWHERE in svg_texts(tmp_path / "a.svg")


def test_a_file_that_is_not_a_font_has_no_characters():
    assert characters_of(__file__) == frozenset()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a" * 8, "a" * 8),
        ("abcde12345", "abcd…345"),
        ("新盤", "新盤"),
        ("一二三四五", "一二…五"),
        ("/של", "\N{LEFT-TO-RIGHT MARK}/של"),
    ],
)
def test_a_long_name_keeps_both_ends(name, expected):
    assert short(name, 8) == expected
