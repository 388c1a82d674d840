"""How many of the users who installed on a day came back in the days after?

    python Q1/sql.py
    python Q1/sql.py --events events.csv --columns uid=userid,time=eventDate,event_name=eventName \\
        --install-event newPlayer --install-date 2016-05-01
    python Q1/sql.py --table public.events --cohorts --period week --plot retention.png
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from psycopg2.extensions import connection as Connection

from common.command_line import command
from events.files import EventFile, opened_in_turn
from events.load import landed
from events.sample import as_csv, sample_events
from events.view import VIEW, create_view, existing_table
from postgres.connection import connected, start_reading
from retention import plot as retention_plot
from retention.options import parse, question_of
from retention.questions import Count, Question, ask, cohorts_of, moments, no_installs, overview
from retention.report import Answer, Data, count_answer, triangle_answer, users_answer, written


@dataclass(frozen=True)
class Inquiry:
    """A question on its way to an answer: whom to ask, what, and about which data."""

    connection: Connection
    options: argparse.Namespace
    question: Question
    parameters: dict[str, Any]  # of every query
    data: Data

    def ask(self, query: str, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query."""
        return ask(self.connection, query, self.parameters | parameters)


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Answer the question of the command line."""
    options = parse(argv)
    question = question_of(options)
    with connected(options.dsn, options.embedded, options.table) as connection:
        rows_rejected = load(connection, options)
        start_reading(connection)
        parameters = parameters_of(connection, options, question)
        if options.explain:
            plan, _ = ask(connection, options.query, parameters, explain=True)
            print("\n".join(line for (line,) in plan))
            return
        data = Data(
            options.table or VIEW,
            overview(connection, question.install_event),
            rows_rejected,
            question,
        )
        inquiry = Inquiry(connection, options, question, parameters, data)
        answer = ANSWERS[options.query](inquiry)
    sys.stdout.write(written(answer, options.format))


def load(connection: Connection, options: argparse.Namespace) -> dict[str, int]:
    """Make the view over the events of the command line; the rows rejected, by reason."""
    rows_rejected = {}
    if options.table is not None:
        sources = [existing_table(connection, options.table, options.columns)]
    else:
        if options.events:
            files = opened_in_turn(options.events)
        else:
            files = [EventFile("sample events", BytesIO(as_csv(sample_events(options.seed))))]
        landing = landed(connection, files, options.columns, options.on_bad_row == "skip")
        rows_rejected = {reason: rejected.rows for reason, rejected in landing.rejected.items()}
        sources = landing.sources()
    create_view(connection, sources, options.time_zone)
    return rows_rejected


def parameters_of(
    connection: Connection, options: argparse.Namespace, question: Question
) -> dict[str, Any]:
    """The parameters of the queries, each of which takes those it names."""
    return moments(connection, question) | {
        "install_event": question.install_event,
        "period": options.period,
        "follow": options.follow,
    }


def retained_users(inquiry: Inquiry) -> Answer:
    """How many users installed on the day and came back, and the curve of how they did."""
    ((installed, retained),), statement = inquiry.ask("retained_users")
    question, data = inquiry.question, inquiry.data
    if not installed:
        raise no_installs(inquiry.connection, question, data.overview)
    count = Count(installed, retained)
    if inquiry.options.plot:
        last_day = min(question.active_to, data.overview.last_day)
        curve, _ = inquiry.ask("return_curve", first_day=question.active_from, last_day=last_day)
        retention_plot.draw_curve(question, count, curve, inquiry.options.plot)
    return count_answer(data, count, statement)


def retained_uids(inquiry: Inquiry) -> Answer:
    """Who installed on the day and came back."""
    rows, _ = inquiry.ask("retained_uids")
    if not rows:
        retained_users(inquiry)  # nobody came back, or nobody installed, which is an error
    return users_answer(inquiry.data, [uid for (uid,) in rows])


def cohort_triangle(inquiry: Inquiry) -> Answer:
    """How many users of every cohort were active how much later, and the heat map of it."""
    rows, statement = inquiry.ask("cohort_triangle")
    if not rows:
        raise no_installs(inquiry.connection, inquiry.question, inquiry.data.overview)
    cohorts, options = cohorts_of(rows), inquiry.options
    if options.plot:
        last_day = inquiry.data.overview.last_day
        retention_plot.draw_triangle(cohorts, options.period, last_day, options.plot)
    return triangle_answer(inquiry.data, options.period, cohorts, statement)


ANSWERS = {
    "retained_users": retained_users,
    "retained_uids": retained_uids,
    "cohort_triangle": cohort_triangle,
}


if __name__ == "__main__":
    sys.exit(main())
