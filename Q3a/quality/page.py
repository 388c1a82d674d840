"""A run as a page of HTML that needs nothing else: pictures, figures of each tag, and the text."""

import io
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from matplotlib import style

from common import output
from quality.fonts import font_for
from quality.multi_label import MultiLabelRun
from quality.plots import STYLE, figure_of
from quality.report import Run, performance
from quality.scores import confusion


def save_page(
    run: Run | MultiLabelRun, text: str, table: tuple, path: Path, named_font: Path | None
) -> None:
    """Write `common/page.html` filled with a run, whole or not at all.

    A run with several tags an article has no picture. Raises UserError if no font has the
    characters of the tags.
    """
    figures = [] if isinstance(run, MultiLabelRun) else [(svg_of(run, named_font), shown(run))]
    templates = FileSystemLoader(Path(output.__file__).parent)
    page = (
        Environment(loader=templates, autoescape=True)
        .get_template("page.html")
        .render(
            title=f"How well {len(run.ids):,} articles were tagged",
            argv=sys.argv,
            figures=figures,
            text=text,
            header=table[0],
            rows=[[rounded(cell) for cell in row] for row in table[1]],
        )
    )
    with output.replacing(path) as sibling:
        sibling.write_text(page, encoding="utf-8", newline="\n")


def rounded(cell: object) -> object:
    """Return a cell of a table, a fraction to four decimals."""
    return round(cell, 4) if isinstance(cell, float) else cell


def svg_of(run: Run, named_font: Path | None) -> str:
    """Return the plot of a run as an element of SVG."""
    figure, file = figure_of(run, font_for("".join(run.evaluation.true), named_font)), io.StringIO()
    with style.context(STYLE):
        figure.savefig(file, format="svg")
    return file.getvalue()[file.getvalue().index("<svg") :]


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
