"""An answer as a page of HTML that needs nothing else: a picture, a table and the text."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader
from matplotlib.figure import Figure

from common import output
from common.picture import save
from retention.report import Answer


def save_page(answer: Answer, figures: list[tuple[Figure, str, str]], path: Path) -> None:
    """Write `common/page.html` filled with an answer, whole or not at all.

    Each figure comes with what it shows, in words, and its source.
    """
    templates = FileSystemLoader(Path(output.__file__).parent)
    page = (
        Environment(loader=templates, autoescape=True)
        .get_template("page.html")
        .render(
            title="Users who came back after their first install",
            argv=sys.argv,
            figures=[(svg_of(figure, source), shown) for figure, shown, source in figures],
            text=answer.text,
            header=answer.header,
            rows=list(answer.rows),
        )
    )
    with output.replacing(path) as sibling:
        sibling.write_text(page, encoding="utf-8", newline="\n")


def svg_of(figure: Figure, source: str) -> str:
    """Return a figure as an element of SVG."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plot.svg"
        save(figure, file, source)
        svg = file.read_text(encoding="utf-8")
    return svg[svg.index("<svg") :]
