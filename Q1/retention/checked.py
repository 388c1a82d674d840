"""An answer that is checked, with --check, before it is drawn or printed."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from events.sample import as_csv, sample_events
from retention.inquiry import Inquiry
from retention.report import Answer

if TYPE_CHECKING:
    from check.verdict import SecondReading


def read_again(
    options: SimpleNamespace, is_about_activity: bool
) -> "AbstractContextManager[SecondReading | None]":
    """What checks an answer to the options of `sql.py`, or None without --check."""
    if not options.check:
        return nullcontext()
    from check.verdict import second_reading  # takes time to load

    return second_reading(options, lambda: as_csv(sample_events(options.seed)), is_about_activity)


def answered(inquiry: Inquiry, second: "SecondReading | None") -> Answer:
    """The answer, which a second reading, if there is one, finds too, as a line on stderr reports.

    Raises `OutsideError` if it does not.
    """
    if not second:
        return inquiry.answer()
    undrawn = SimpleNamespace(**vars(inquiry.options) | {"plot": None, "html": None})
    answer = replace(inquiry, options=undrawn).answer()
    click.echo(second.check(inquiry.connection, answer.record), err=True)
    drawn = inquiry.options.plot or inquiry.options.html
    return inquiry.answer() if drawn else answer
