"""What events are called, for those who ask for an install by a name that no event has."""

from common.command import UserError

from dataclasses import replace
from difflib import get_close_matches

import click
import psycopg2
from psycopg2.extensions import connection as Connection

from events.roles import ALL_EVENTS
from events.view import View
from retention.questions import Question, ask

SUGGESTIONS = 3


def check_install_event(connection: Connection, view: View, question: Question) -> None:
    """Raise `UserError` for a name that the column's type cannot have, such as an enumeration."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT name")
        try:
            ask(connection, "install_event", {"install_event": question.install_event}, view)
        except psycopg2.DataError:
            cursor.execute("ROLLBACK TO SAVEPOINT name")
            raise no_such_event(connection, view, question.install_event) from None


def no_such_event(
    connection: Connection, view: View, event: str, option: str = "--install-event"
) -> UserError:
    """The error for an event that no user has: it names the events that there are."""
    # Without roles: the column's type may be unable to have the name.
    rows, _ = ask(connection, "event_names", {}, replace(view, roles=ALL_EVENTS))
    if any(row.event_name == event for row in rows):
        return UserError(
            f"no user has {event} within the limits of the data; --from and --to move them"
        )
    message = f"no event of a user is called {event!r}; name one with {option}"
    if close := closest(event, [row.event_name for row in rows]):
        message += f"; the closest {listed(close)}"
    if first := [row.event_name for row in rows[:SUGGESTIONS] if row.first_of_users]:
        message += f"; most often a user's first {listed(first)}"
    return UserError(message)


def check_events_exist(connection: Connection, view: View) -> None:
    """Raise `UserError` for a name of activity, or of none, that no event of a user has."""
    for option, names in (
        ("--return-event", view.roles.returns),
        ("--exclude-event", view.roles.excluded),
    ):
        asked, plain = {"names": list(names)}, replace(view, roles=ALL_EVENTS)
        if names and (unknown := ask(connection, "unknown_events", asked, plain)[0]):
            raise no_such_event(connection, view, unknown[0].name, option)


def closest(name: str, names: list[str]) -> list[str]:
    """The names most like another, whatever their case; none if none is like it."""
    by_folded = {found.casefold(): found for found in reversed(names)}
    return [by_folded[key] for key in get_close_matches(name.casefold(), by_folded, SUGGESTIONS)]


def listed(names: list[str]) -> str:
    """Names after `is` or `are`."""
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(map(repr, names))}"


def check_install_date(connection: Connection, view: View, question: Question, found) -> None:
    """Report on stderr that nobody installed on a day. `found` is the row of `overview.sql`.

    Raises `UserError` if it is not between the first and the last day with installs, which it
    names, or if nobody ever installed; then it names the events that there are.
    """
    first, last = found.first_install_day, found.last_install_day
    if not first:
        raise no_such_event(connection, view, question.install_event)
    nobody = f"no user has {question.install_event} on {question.install_date}"
    if not first <= question.install_date <= last:
        raise UserError(f"{nobody}; --install-date may be from {first} to {last}")
    click.echo(nobody, err=True)  # print would take stdout if stderr is closed
