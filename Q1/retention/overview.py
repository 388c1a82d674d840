"""The data that a question is about: how much there is, and what is odd about it."""

from common.command import UserError

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import click
from psycopg2.extensions import connection as Connection

from events.load import LoadedEvents
from events.view import View
from retention.days import DAY, Moment, local_day, midnights
from retention.questions import Question, ask, number_of


@dataclass(frozen=True)
class LeftOut:
    """Records that are not data: how many, why, and the option, if any, that takes them in.

    `asked` is true if that option was given, so that they are left out on purpose.
    """

    records: int
    reason: str
    option: str | None = None
    asked: bool = False

    def __str__(self) -> str:
        remedy = f"; {self.option} DAY moves the limit" if self.option else ""
        return f"{number_of(self.records, 'record')} left out, {self.reason}{remedy}"


@dataclass(frozen=True)
class Span:
    """The records within the limits: their number, that of those without a user, and their days."""

    records: int
    records_without_user: int
    first_day: date
    last_day: date
    left_out: list[LeftOut]


@dataclass(frozen=True)
class Overview:
    """A span, and its users for whom an install is not one clear day."""

    span: Span
    users: int
    users_without_install: int
    users_reinstalled: int
    users_active_before_install: int


def span(connection: Connection, view: View, question: Question, parameters: dict) -> Span:
    """Count the records within the limits, and those outside by reason.

    Raises `UserError` if none of them is of a user.
    """
    (row,), _ = ask(connection, "span", parameters, view)
    left_out = kinds_left_out(row, question, parameters)
    check_users(row, left_out)
    first = first_day_from(connection, view, parameters, row.first_time)
    last = last_day_until(connection, view, parameters, row.last_time)
    return Span(row.records, row.records_without_user, first, last, left_out)


def span_of_all(
    connection: Connection, view: View, parameters: dict[str, Any], found: LoadedEvents
) -> Span:
    """The span of files that have no records outside the limits.

    Raises `UserError` if none of them is of a user.
    """
    check_users(found)
    first = first_day_from(connection, view, parameters, found.first_time)
    last = last_day_until(connection, view, parameters, found.last_time)
    return Span(found.records, found.records_without_user, first, last, [])


def span_of_row(row) -> Span:
    """The span of a row of the triangle, whose pass found no records outside the limits.

    Raises `UserError` if none of them is of a user.
    """
    check_users(row)
    return Span(row.records, row.records_without_user, row.first_day, row.last_day, [])


def check_users(found, left_out: Sequence[LeftOut] = ()) -> None:
    """Raise `UserError` if no record within the limits is of a user."""
    if found.records == found.records_without_user:
        hint = f": {'; '.join(map(str, left_out))}" if left_out else ""
        raise UserError(f"there are no events of users to count{hint}")


def all_within(first: Moment | None, last: Moment | None, parameters: dict[str, Any]) -> bool:
    """Whether all records lie within the limits, the earliest at `first` and the latest at `last`.

    False if there are no records, and if a limit is a midnight that clocks show twice, since
    whether a record is within it then depends on its day and not on its time alone.
    """
    return (
        first is not None
        and not parameters["twice"]
        and parameters["data_from"] <= first
        and last < parameters["data_before"]
    )


def kinds_left_out(row, question: Question, parameters: dict[str, Any]) -> list[LeftOut]:
    """What is left out, by a row of `span.sql`."""
    start, end = question.from_day, question.to_day
    after = f"after {end}" if end else "in the future"
    kinds = [
        LeftOut(row.records_before, f"before {parameters['from_day']}", "--from", bool(start)),
        LeftOut(row.records_after, after, "--to", bool(end)),
        LeftOut(row.records_without_time, "without a time"),
    ]
    return [kind for kind in kinds if kind.records]


def report_left_out(left_out: list[LeftOut]) -> None:
    """Report on stderr what is left out without having been asked for."""
    for kind in left_out:
        if not kind.asked:
            click.echo(kind, err=True)  # print would take stdout if stderr is closed


def first_day_from(
    connection: Connection, view: View, parameters: dict[str, Any], first_time: Moment
) -> date:
    """The earliest day of the records, the first of which has a time.

    It is the day before that time's if clocks then go back over midnight, and a record is of it.
    """
    day = local_day(connection, view, first_time)
    midnight = midnights(connection, {day}, view.time_zone, view.time_type)[day]
    if first_time >= midnight.last:
        return day
    asked = parameters | {"since": first_time, "before": midnight.last}
    (row,), _ = ask(connection, "extreme_days", asked, view)
    return row.first_day


def last_day_until(
    connection: Connection, view: View, parameters: dict[str, Any], last_time: Moment
) -> date:
    """The latest day of the records, the last of which has a time.

    It is the day after that time's if clocks had gone back over midnight, and a record is of it.
    """
    day = local_day(connection, view, last_time)
    midnight = midnights(connection, {day + DAY}, view.time_zone, view.time_type)[day + DAY]
    if last_time < midnight.first:
        return day
    asked = parameters | {"since": midnight.first, "before": parameters["data_before"]}
    (row,), _ = ask(connection, "extreme_days", asked, view)
    return max(day, row.last_day or day)


def last_day(connection: Connection, view: View, parameters: dict[str, Any]) -> date | None:
    """The day of the last record, None if it is at least the last day of the question's period."""
    (row,), _ = ask(connection, "period_is_over", parameters, view)
    if row.is_over:
        return None
    (row,), _ = ask(connection, "last_time", parameters, view)
    return last_day_until(connection, view, parameters, row.last_time)
