"""The data that a question is about: how much there is, and what is odd about it."""

from common.command import UserError

from dataclasses import dataclass
from datetime import date
from typing import Any

import click
from psycopg2.extensions import connection as Connection

from events.load import LoadedEvents
from events.view import View
from retention.days import Moment, local_day
from retention.questions import Question, ask


@dataclass(frozen=True)
class Span:
    """The records within the limits: how many, of no user how many, and their days.

    `left_out` has the numbers of those before and after the limits, by a phrase that names them.
    """

    records: int
    records_without_user: int
    first_day: date
    last_day: date
    left_out: dict[str, int]


@dataclass(frozen=True)
class Overview:
    """A span, and its users for whom an install is not one clear day."""

    span: Span
    users: int
    users_without_install: int
    users_reinstalled: int
    users_active_before_install: int


def span(
    connection: Connection,
    view: View,
    question: Question,
    parameters: dict,
    landing: LoadedEvents | None = None,
) -> Span:
    """Count the records, or take the numbers of a `landing` that has none outside the limits.

    Raises `UserError` if none of them is of a user.
    """
    left_out = {}
    if landing and all_within(landing, parameters):
        row = landing
    else:
        (row,), _ = ask(connection, "span", parameters, view)
    if row is not landing and row.some_left_out:
        (row,), _ = ask(connection, "span_within_limits", parameters, view)
        numbers = dict(zip(limits(question, parameters), row[-2:], strict=True))
        left_out = {limit: number for limit, number in numbers.items() if number}
    if row.records == row.records_without_user:
        hint = f": {'; '.join(report(left_out))}" if left_out else ""
        raise UserError(f"there are no events of users to count{hint}")
    days = (local_day(connection, view, moment) for moment in (row.first_time, row.last_time))
    return Span(row.records, row.records_without_user, *days, left_out)


def all_within(landing: LoadedEvents, parameters: dict[str, Any]) -> bool:
    """Whether there are records, and all of them within the limits."""
    return (
        landing.records > 0
        and parameters["data_from"] <= landing.first_time
        and landing.last_time < parameters["data_before"]
    )


def limits(question: Question, parameters: dict[str, Any]) -> tuple[str, str]:
    """What lies before and after the limits of the data, in words."""
    after = f"after {question.to_day}" if question.to_day else "in the future"
    return f"before {parameters['from_day']}", after


def report(left_out: dict[str, int]) -> list[str]:
    """A line for each kind of records that are left out, with the way to take them in."""
    option = {True: "--to", False: "--from"}
    return [
        f"{number:,} {'record' if number == 1 else 'records'} left out, {limit}; "
        f"{option[not limit.startswith('before')]} DAY moves the limit"
        for limit, number in left_out.items()
    ]


def report_left_out(found: Span, question: Question) -> None:
    """Say on stderr what is left out without having been asked for."""
    asked = {"before": question.from_day, "after": question.to_day}
    unasked = {
        limit: number for limit, number in found.left_out.items() if not asked.get(limit.split()[0])
    }
    for line in report(unasked):
        click.echo(line, err=True)  # print would take stdout if stderr is closed


def last_day(connection: Connection, view: View, parameters: dict[str, Any]) -> date | None:
    """The day of the last record, None if it is at least the last day of the question's period."""
    (row,), _ = ask(connection, "period_is_over", parameters, view)
    if row.is_over:
        return None
    (row,), _ = ask(connection, "last_time", parameters, view)
    found: Moment = row.last_time
    return local_day(connection, view, found)
