"""An answer as a page of HTML that needs nothing else: a picture, its table, and the text."""

from pathlib import Path

from common import page
from common.picture import svg
from traffic.answer import Answer
from traffic.plot import figure_of, source_of
from traffic.report import all_columns, rows_of

DESCRIBED = 5  # groups, in the text for those who do not see the picture


def save_page(answer: Answer, text: str, path: Path) -> None:
    """Write the page of an answer and its text, whole or not at all."""
    columns = all_columns(answer)
    table = list(columns), rows_of(columns)
    figure = svg(figure_of(answer), source_of(answer)), description(answer)
    page.save_page(path, text.splitlines()[0], text, table, [figure])


def description(answer: Answer) -> str:
    """Return what the picture shows, in words."""
    by = " and ".join(answer.question.by)
    largest = answer.table.nlargest(DESCRIBED, "bytes")
    groups = [
        f"{' '.join(row[: len(answer.question.by)])} {row.bytes:,}"
        for row in largest.itertuples(index=False)
    ]
    return f"Bytes by {by}, {answer.bytes:,} in all; the largest: {', '.join(groups) or 'none'}."
