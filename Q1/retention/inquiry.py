"""A question on its way to an answer: load its events, ask it, and draw a picture."""

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from types import SimpleNamespace
from typing import Any

from psycopg2.extensions import connection as Connection

from events.files import EventFile, opened_in_turn
from events.load import Rejected, load_files
from events.sample import as_csv, sample_events
from events.view import VIEW, create_view, existing_table
from postgres.connection import start_reading
from retention.questions import Count, Question, ask, cohorts_of, moments, no_installs, overview
from retention.report import Answer, Data, count_answer, triangle_answer, users_answer


def load_events(connection: Connection, options: SimpleNamespace) -> dict[str, Rejected]:
    """Make the view over the events of the options, then only read; the rows rejected, by reason.

    Raises `UserError` for a table, file, row or time zone that cannot be used.
    """
    rejected = {}
    if options.table is not None:
        sources = [existing_table(connection, options.table, options.columns)]
    else:
        if options.events:
            files = opened_in_turn(options.events)
        else:
            files = [EventFile("sample events", BytesIO(as_csv(sample_events(options.seed))))]
        skip_bad_rows = options.on_bad_row == "skip"
        landing = load_files(connection, files, options.columns, skip_bad_rows, options.time_format)
        rejected, sources = landing.rejected, landing.sources()
    create_view(connection, sources, options.time_zone)
    start_reading(connection)
    return rejected


@dataclass(frozen=True)
class Inquiry:
    """Whom to ask, what, and about which data."""

    connection: Connection
    options: SimpleNamespace
    question: Question
    rejected: dict[str, Rejected]

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the queries, each of which takes those it names."""
        return moments(self.connection, self.question) | {
            "install_event": self.question.install_event,
            "period": self.options.period,
            "follow": self.options.follow,
        }

    @cached_property
    def data(self) -> Data:
        """The data that the question is about."""
        table = self.options.table or VIEW
        found = overview(self.connection, self.question.install_event)
        return Data(table, found, self.rejected, self.question)

    def ask(self, query: str, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query."""
        return ask(self.connection, query, self.parameters | parameters)

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        query = "retained_users"
        if self.options.users:
            query = "retained_uids"
        if self.options.cohorts:
            query = "cohort_triangle"
        lines, _ = ask(self.connection, query, self.parameters, explain=True)
        return "\n".join(line for (line,) in lines)

    def answer(self) -> Answer:
        """Answer the question. Raises `UserError` if there is nobody to count."""
        if self.options.users:
            return self.retained_uids()
        return self.cohort_triangle() if self.options.cohorts else self.retained_users()

    def retained_users(self) -> Answer:
        """How many users installed on the day and came back, and the curve of how they did."""
        question, last_day = self.question, self.data.overview.last_day
        ((installed, retained),), statement = self.ask("retained_users")
        if not installed:
            raise no_installs(self.connection, question, self.data.overview)
        count = Count(installed, retained)
        if self.options.plot:
            from retention import plot

            last_day = min(question.active_to, last_day)
            curve, _ = self.ask("return_curve", first_day=question.active_from, last_day=last_day)
            plot.draw_curve(question, count, curve, self.options.plot)
        return count_answer(self.data, count, statement)

    def retained_uids(self) -> Answer:
        """Who installed on the day and came back."""
        data = self.data  # checked first: queries fail on times that no calendar has
        rows, _ = self.ask("retained_uids")
        if not rows:
            self.retained_users()  # nobody came back, or nobody installed, which is an error
        return users_answer(data, [uid for (uid,) in rows])

    def cohort_triangle(self) -> Answer:
        """How many users of every cohort were active how much later, and the heat map of it."""
        data, period = self.data, self.options.period
        rows, statement = self.ask("cohort_triangle")
        if not rows:
            raise no_installs(self.connection, self.question, data.overview)
        cohorts = cohorts_of(rows)
        if self.options.plot:
            from retention import plot

            plot.draw_triangle(cohorts, period, data.overview.last_day, self.options.plot)
        return triangle_answer(data, period, cohorts, statement)
