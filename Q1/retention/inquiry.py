"""A question on its way to an answer: load its events, ask it, and draw a picture."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import click
from psycopg2.extensions import AsIs
from psycopg2.extensions import connection as Connection

from events.files import EventFile, opened_in_turn
from events.load import LoadedEvents, load_files
from events.sample import as_csv, sample_events
from events.table import existing_table
from events.view import VIEW, View, view_of
from postgres.connection import start_reading
from retention.days import moments
from retention.names import check_install_event, no_installs
from retention.overview import Overview, Span, last_day, report_left_out, span
from retention.questions import Count, Question, ask, cohorts_of, statement
from retention.report import Answer, Data, count_answer, triangle_answer, users_answer

MOST_AGES = 366  # of a triangle whose ages nobody limited
SHORTEST_DAYS = {"day": 1, "week": 7, "month": 28}  # of a period
BITS = 60  # periods that the triangle counts at once
# For queries that group all events by user. Several processes would each keep nearly all users, in
# memory and then on disk: two to three times the processor time. An index in order of users, which
# is then read in its own order, needs no such memory; the planner likes it less than it is worth.
BY_USER = """
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL hash_mem_multiplier = 1;
    SET LOCAL random_page_cost = 1.1
"""
# Without such an index all users are in memory, or most events go to disk once more.
WITHOUT_INDEX = "SET LOCAL hash_mem_multiplier = 4"


def load_events(
    connection: Connection, options: SimpleNamespace
) -> tuple[View, LoadedEvents | None]:
    """The view over the events of the options, and what was in the files; then only read.

    Raises `UserError` for a table, file, row or time zone that cannot be used.
    """
    landing = None
    if options.table is not None:
        sources = [existing_table(connection, options.table, options.columns)]
    else:
        if options.events:
            files = opened_in_turn(options.events)
        else:
            files = [EventFile("sample events", BytesIO(as_csv(sample_events(options.seed))))]
        skip_bad_rows = options.on_bad_row == "skip"
        landing = load_files(connection, files, options.columns, skip_bad_rows, options.time_format)
        sources = landing.sources()
    view = view_of(connection, sources, options.time_zone)
    start_reading(connection)
    return view, landing


@dataclass(frozen=True)
class Inquiry:
    """Whom to ask, what, and about which data."""

    connection: Connection
    options: SimpleNamespace
    question: Question
    view: View
    landing: LoadedEvents | None  # of files
    figures: list = field(default_factory=list)  # of matplotlib, with what they show in words

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the queries, each of which takes those it names."""
        if self.options.table is not None:
            check_install_event(self.connection, self.view, self.question)
        return moments(self.connection, self.view, self.question) | {
            "install_event": self.question.install_event
        }

    @cached_property
    def span(self) -> Span:
        """The records within the limits; for a table it takes a pass over all of them.

        Raises `UserError` if none of them is of a user.
        """
        found = span(self.connection, self.view, self.question, self.parameters, self.landing)
        report_left_out(found.left_out)
        return found

    @cached_property
    def overview(self) -> Overview | None:
        """All that is counted of the data, unless it is a table and nobody asked for it."""
        if self.options.table is not None and not self.options.overview:
            return None
        found = self.span  # checked first: queries fail on times that no calendar has
        (row,), _ = self.ask_by_user("overview")
        return Overview(found, *row[:4])

    def ask(self, query: str, explain: bool = False, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query."""
        return ask(self.connection, query, self.parameters | parameters, self.view, explain)

    def ask_by_user(self, query: str, explain: bool = False, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query that groups all events by user."""
        known = self.parameters | parameters
        text = statement(self.connection, query, self.view, known["twice"])
        with self.connection.cursor() as cursor:
            cursor.execute(BY_USER)
            cursor.execute(f"EXPLAIN {text}", known)
            if not any("Index" in line for (line,) in cursor):
                cursor.execute(WITHOUT_INDEX)
        return self.ask(query, explain, **parameters)

    def data(self, overview: Overview | None) -> Data:
        """The data that the question is about."""
        rejected = self.landing.rejected if self.landing else {}
        return Data(self.options.table or VIEW, overview, rejected, self.question)

    def require_events(self) -> None:
        """Raise `UserError` if no event of a user lies within the limits."""
        _ = self.span

    def no_installs(self) -> Exception:
        """The error if there is nobody to count. Raises `UserError` for no events at all."""
        self.require_events()
        (row,), _ = self.ask_by_user("overview")
        return no_installs(self.connection, self.view, self.question, row)

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        if self.options.cohorts:
            lines, _ = self.ask_by_user("cohort_triangle", explain=True, **self.periods())
        else:
            query = "retained_uids" if self.options.users else "retained_users"
            lines, _ = self.ask(query, explain=True)
        return "\n".join(line for (line,) in lines)

    def answer(self) -> Answer:
        """Answer the question. Raises `UserError` if there is nobody to count."""
        if self.options.users:
            return self.retained_uids()
        return self.cohort_triangle() if self.options.cohorts else self.retained_users()

    def retained_users(self) -> Answer:
        """How many users installed on the day and came back, and the curve of how they did."""
        overview = self.overview
        count, asked = self.count()
        last = self.last_day(overview)
        data = self.data(overview)
        if self.options.plot or self.options.html:
            self.draw_curve(data, count, last)
        return count_answer(data, count, last, asked)

    def count(self) -> tuple[Count, str]:
        """The users of the day and the statement. Raises `UserError` if nobody installed then."""
        (row,), asked = self.ask("retained_users")
        if not row.installed_users:
            raise self.no_installs()
        return Count(*row), asked

    def last_day(self, overview: Overview | None) -> date | None:
        """The day of the data's last record; None if all that is known is that it came."""
        if overview:
            return overview.span.last_day
        return last_day(self.connection, self.view, self.parameters)

    def draw_curve(self, data: Data, count: Count, last: date | None) -> None:
        """Draw how those who installed came back."""
        from retention import plot  # with matplotlib

        last_curve_day = min(self.question.active_to, last or self.question.active_to)
        curve, _ = self.ask("return_curve", last_curve_day=last_curve_day)
        self.draw(plot.curve_figure(data, count, curve), plot.describe_curve(count, curve), data)

    def draw(self, figure, description: str, data: Data) -> None:
        """Keep a figure for a page of HTML, and write it where the options say."""
        from common.picture import save
        from retention.plot import source_of

        self.figures.append((figure, description, source_of(data)))
        if self.options.plot:
            save(figure, self.options.plot, source_of(data))

    def retained_uids(self) -> Answer:
        """Who installed on the day and came back."""
        overview = self.overview
        rows, _ = self.ask("retained_uids")
        if not rows:
            self.count()  # nobody came back, or nobody installed, which is an error
        return users_answer(self.data(overview), [uid for (uid,) in rows])

    def cohort_triangle(self) -> Answer:
        """How many users of every cohort were active how much later, and the heat map of it."""
        found, period = self.span, self.options.period
        rows, asked = self.ask_by_user("cohort_triangle", **self.periods())
        overview = Overview(found, *rows[0][-4:])
        if rows[0].cohort is None:
            raise self.no_installs()
        cohorts = cohorts_of(rows)
        self.report_ages(cohorts[0].start)
        data = self.data(overview)
        if self.options.plot or self.options.html:
            from retention import plot  # with matplotlib

            figure = plot.triangle_figure(cohorts, period, data)
            self.draw(figure, plot.describe_triangle(cohorts, period), data)
        return triangle_answer(data, period, cohorts, asked)

    def periods(self) -> dict[str, Any]:
        """The parameters of the triangle; it is `long` if its periods may be more than `BITS`."""
        first, last, period = self.span.first_day, self.span.last_day, self.options.period
        follow = MOST_AGES if self.options.follow is None else self.options.follow
        parameters = {
            "period": period,
            "follow": follow,
            "first_day": first,
            "last_day": last,
            "long": (last - first).days // SHORTEST_DAYS[period] + 4 > BITS,
        }
        return parameters | self.clock(parameters)

    def clock(self, parameters: dict[str, Any]) -> dict[str, AsIs]:
        """The expressions of the triangle: by time, or by day where days overlap in time."""
        view, asked = self.view, parameters | {"time_zone": self.view.time_zone}
        (row,), _ = ask(self.connection, "single_midnights", asked)
        expressions = {
            "clock": "time" if row.single else "day",
            "begin": view.midnight_of("periods.start") if row.single else "periods.start::date",
        }
        for name in ("first_install", "last_install"):
            expressions[f"{name}_day"] = view.day_of(name) if row.single else name
        return {name: AsIs(expression) for name, expression in expressions.items()}

    def report_ages(self, oldest: date) -> None:
        """Report on stderr that later ages are not shown, if nobody asked for that."""
        ages = (self.span.last_day - oldest).days // SHORTEST_DAYS[self.options.period]
        if self.options.follow is None and ages > MOST_AGES:
            click.echo(
                f"{self.options.period}s after the first {MOST_AGES} are not shown; --follow N "
                "shows more",
                err=True,
            )
