"""A table with its text and figures as a page of HTML that needs nothing else."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from common import output


def save_page(
    title: str,
    text: str,
    header: Sequence[str],
    rows: Iterable[Sequence],
    path: Path,
    figures: Sequence[tuple[str, str]] = (),
) -> None:
    """Write `common/page.html` filled with a table, a text and figures, whole or not at all.

    figures: each an element of SVG, and what it shows, in words
    """
    templates = FileSystemLoader(Path(output.__file__).parent)
    about = {"title": title, "text": text, "header": header, "figures": figures, "argv": sys.argv}
    template = Environment(loader=templates, autoescape=True).get_template("page.html")
    with output.replacing(path) as sibling:
        page = template.render(about, rows=list(rows))
        sibling.write_text(page, encoding="utf-8", newline="\n")
