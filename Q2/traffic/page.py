"""An answer as a page of HTML that needs nothing else: a picture, its table, and the text."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader

from common import output
from common.picture import save
from traffic.answer import Answer
from traffic.plot import figure_of, source_of
from traffic.report import rows_of

DESCRIBED = 5  # groups, in the text for those who do not see the picture


def save_page(answer: Answer, text: str, path: Path) -> None:
    """Write `common/page.html` filled with an answer and its text, whole or not at all."""
    templates = FileSystemLoader(Path(output.__file__).parent)
    page = (
        Environment(loader=templates, autoescape=True)
        .get_template("page.html")
        .render(
            title=text.splitlines()[0],
            argv=sys.argv,
            figures=[(svg_of(answer), description(answer))],
            text=text,
            header=list(answer.columns),
            rows=rows_of(answer.columns),
        )
    )
    with output.replacing(path) as sibling:
        sibling.write_text(page, encoding="utf-8", newline="\n")


def svg_of(answer: Answer) -> str:
    """Return the plot of an answer as an element of SVG."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plot.svg"
        save(figure_of(answer), file, source_of(answer))
        svg = file.read_text(encoding="utf-8")
    return svg[svg.index("<svg") :]


def description(answer: Answer) -> str:
    """Return what the picture shows, in words."""
    by = " and ".join(answer.question.by)
    largest = answer.table.nlargest(DESCRIBED, "bytes")
    groups = [
        f"{' '.join(row[: len(answer.question.by)])} {row.bytes:,}"
        for row in largest.itertuples(index=False)
    ]
    return f"Bytes by {by}, {answer.bytes:,} in all; the largest: {', '.join(groups) or 'none'}."
