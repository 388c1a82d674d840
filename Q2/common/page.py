"""A page of HTML that needs nothing else: figures, a table that sorts and filters, the text."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment

from common.output import replacing


def save_page(
    path: Path,
    title: str,
    text: str,
    table: tuple[Sequence[str], Iterable[Sequence]],
    figures: Sequence[tuple[str, str]] = (),
) -> None:
    """Write a page, whole or not at all: a header and rows; figures as SVG, each with its words."""
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    page = Environment(autoescape=True).from_string(template)
    about = {"title": title, "text": text, "header": table[0], "rows": list(table[1])}
    with replacing(path) as sibling:
        html = page.render(about, figures=figures, argv=sys.argv)
        sibling.write_text(html, encoding="utf-8", newline="\n")
