"""A question on its way to an answer: ask it, and draw a picture."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

from psycopg2.extensions import connection as Connection

from events.load import LoadedEvents
from events.view import View
from retention.clocks import clock_parameters, clocks_in
from retention.days import moments
from retention.names import (
    check_events_exist,
    check_install_date,
    check_install_event,
    no_such_event,
)
from retention.overview import (
    Overview,
    Span,
    all_within,
    last_day,
    report_left_out,
    span,
    span_of_all,
    span_of_row,
)
from retention.questions import Count, Question, ask, ask_by_user, cohorts_of
from retention.report import Answer, Data, count_answer, triangle_answer, users_answer
from retention.source import source_name
from retention.triangle import report_ages, triangle_parameters
from retention.window import Window, is_whole, likely_window


class Counted(NamedTuple):
    """An overview, its row and statement, and whether that had to leave out records."""

    overview: Overview
    row: Any
    statement: str
    limited: bool


@dataclass(frozen=True)
class Inquiry:
    """Whom to ask, what, and about which data."""

    connection: Connection
    options: SimpleNamespace
    question: Question
    view: View
    files: LoadedEvents | None
    figures: list = field(default_factory=list)  # of SVG, each with what it shows in words

    @property
    def title(self) -> str:
        """What a page about the answer is called."""
        return "Users who came back after their first install"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the queries, each of which takes those it names."""
        if self.options.table is not None and not self.question.first_event:
            check_install_event(self.connection, self.view, self.question)
        return moments(self.connection, self.view, self.question) | {
            "install_event": self.question.install_event
        }

    @cached_property
    def span(self) -> Span:
        """The records within the limits; for a table it takes a pass over all of them.

        Raises `UserError` if none of them is of a user.
        """
        known = self.parameters
        likely = [self.files] if self.files else []
        if not likely and self.window:  # cheaper, and enough if all are within
            likely, _ = self.ask("ends")
        for ends in likely:
            if all_within(ends.first_time, ends.last_time, known):
                return span_of_all(self.connection, self.view, known, ends)
        found = span(self.connection, self.view, self.question, known)
        report_left_out(found.left_out)
        return found

    @cached_property
    def overview(self) -> Overview | None:
        """All that is counted of the data, unless it is a table and nobody asked for it."""
        if self.options.table is not None and not self.options.overview:
            return None
        return self.counted().overview

    def counted(self) -> Counted:
        """What is counted of the data, in one pass over them where that is enough."""
        (row,), asked, found, window = self.in_one_pass(self.ask_overview)
        return Counted(Overview(found, *row[-4:]), row, asked, self.limited(window))

    def in_one_pass(
        self, ask: Callable[[Window], tuple[list, str]]
    ) -> tuple[list, str, Span, Window]:
        """What a statement finds in a window of days, its text, the span of the data, the window.

        One pass is enough where no record lies outside the limits and the window that is expected,
        which the first row of the statement shows.
        """
        if self.window:
            rows, asked = ask(self.window)
            if is_whole(rows[0], self.window):
                return rows, asked, span_of_row(rows[0]), self.window
        rows, asked = ask(self.whole_window)
        return rows, asked, self.span, self.whole_window

    def ask(self, query: str, explain: bool = False, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query."""
        return ask(self.connection, query, self.parameters | parameters, self.view, explain)

    def ask_by_user(self, query: str, explain: bool = False, **parameters: Any) -> tuple[list, str]:
        """The rows and the statement of a query that groups all events by user."""
        return ask_by_user(self.connection, query, self.parameters | parameters, self.view, explain)

    def data(self, overview: Overview | None) -> Data:
        """The data that the question is about."""
        rejected = self.files.rejected if self.files else {}
        return Data(source_name(self.options), overview, rejected, self.question)

    def check_install_date(self) -> None:
        """Report a day without installs. Raises `UserError` if it is outside those with some."""
        check_install_date(self.connection, self.view, self.question, self.counted().row)

    is_long: ClassVar[bool] = (
        False  # no answer is so long that it is written as the server sends it
    )

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        if self.options.cohorts:
            lines, _ = self.ask_triangle(self.window or self.whole_window, explain=True)
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
        check_events_exist(self.connection, self.view)
        overview = self.overview
        count, asked = self.count()
        last = self.last_day(overview)
        data = self.data(overview)
        if self.options.plot or self.options.html:
            self.draw_curve(data, count, last)
        return count_answer(data, count, last, asked)

    def count(self) -> tuple[Count, str]:
        """The users of the day and the statement."""
        (row,), asked = self.ask("retained_users")
        if not row.installed_users:
            self.check_install_date()
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
        from common.picture import save, svg
        from retention.plot import source_of

        if self.options.html:
            self.figures.append((svg(figure, source_of(data)), description))
        if self.options.plot:
            save(figure, self.options.plot, source_of(data))

    def retained_uids(self) -> Answer:
        """Who installed on the day and came back."""
        check_events_exist(self.connection, self.view)
        overview = self.overview
        rows, _ = self.ask("retained_uids")
        if not rows:
            self.count()  # nobody came back, or nobody installed, which is reported
        return users_answer(self.data(overview), [uid for (uid,) in rows])

    def cohort_triangle(self) -> Answer:
        """How many users of every cohort were active how much later, and the heat map of it."""
        options = self.options
        rows, asked, found, _ = self.in_one_pass(self.ask_triangle)
        overview = Overview(found, *rows[0][-4:])
        if rows[0].cohort is None:
            raise no_such_event(self.connection, self.view, self.question.install_event)
        cohorts = cohorts_of(rows)
        report_ages(cohorts[0].start, found.last_day, options.period, options.follow)
        data = self.data(overview)
        if options.plot or options.html:
            from retention import plot  # with matplotlib

            figure = plot.triangle_figure(cohorts, options.period, data)
            self.draw(figure, plot.describe_triangle(cohorts, options.period), data)
        return triangle_answer(data, options.period, cohorts, asked)

    @cached_property
    def window(self) -> Window | None:
        """The days in which all records are expected, so that limits need not be looked at."""
        return likely_window(
            self.connection, self.view, self.parameters, self.options.period, self.files
        )

    @cached_property
    def whole_window(self) -> Window:
        """The days of the data, which a pass over all records finds."""
        return Window(self.span.first_day, self.span.last_day)

    def ask_triangle(self, window: Window, explain: bool = False) -> tuple[list, str]:
        """The rows and the statement of the triangle; an expected window leaves out the limits."""
        options, view = self.options, self.view
        parameters = triangle_parameters(
            self.connection, view, options.period, options.follow, window, self.parameters
        )
        return self.ask_by_user(
            "cohort_triangle", explain, limited=self.limited(window), **parameters
        )

    def ask_overview(self, window: Window, explain: bool = False) -> tuple[list, str]:
        """The row and the statement of the overview; an expected window leaves out the limits."""
        clocks = clocks_in(self.connection, self.view, window)
        parameters = clock_parameters(self.view, clocks, self.parameters)
        return self.ask_by_user("overview", explain, limited=self.limited(window), **parameters)

    def limited(self, window: Window) -> bool:
        """Whether a statement over a window has to leave out what is beyond the limits."""
        return window is not self.window
