"""A run as a picture and as a page of HTML: figures of each tag, and the text."""

from common.command import UserError

from pathlib import Path

from matplotlib import font_manager

from common import page, picture
from quality.multi_label import MultiLabelRun
from quality.plots import figure_of, source_of
from quality.report import Run, performance
from quality.scores import confusion


def save_plot(run: Run, path: Path, font: Path | None = None) -> None:
    """Write the picture of a run, whole or not at all, in a font that is named, where it can."""
    picture.save(figure_of(run), path, source_of(run), families_of(font))


def save_page(
    run: Run | MultiLabelRun, text: str, table: tuple, path: Path, font: Path | None = None
) -> None:
    """Write the page of a run, whole or not at all; several tags an article have no picture."""
    figures = []
    if isinstance(run, Run):
        figures = [(picture.svg(figure_of(run), source_of(run), families_of(font)), shown(run))]
    rows = [[rounded(cell) for cell in row] for row in table[1]]
    title = f"How well {len(run.ids):,} articles were tagged"
    page.save_page(path, title, text, (table[0], rows), figures)


def families_of(font: Path | None) -> list[str]:
    """Return the family of a font's file, if one is named. Raises UserError if it is not one."""
    if not font:
        return []
    if not picture.characters_of(str(font)):
        raise UserError(f"--font {font}: is not a font's file")
    font_manager.fontManager.addfont(font)
    return [font_manager.FontProperties(fname=font).get_name()]


def rounded(cell: object) -> object:
    """Return a cell of a table, a fraction to four decimals."""
    return round(cell, 4) if isinstance(cell, float) else cell


def shown(run: Run) -> str:
    """Return what the pictures show, in words."""
    mistakes = confusion(run.evaluation).stack()
    mistakes = mistakes[mistakes.index.get_level_values(0) != mistakes.index.get_level_values(1)]
    _, *scores = performance(run)
    (true, predicted), number = mistakes.idxmax(), mistakes.max()
    most = f"Most often {true} was taken for {predicted}, {number:,} times." if number else ""
    return (
        f"Confusion of tags, weightiest words, reliability, coverage. {'; '.join(scores)}. {most}"
    )
