"""A question about activity on its way to an answer: ask it, and draw a picture."""

from common.command import UserError

import sys
from dataclasses import dataclass
from functools import cached_property
from tempfile import TemporaryFile
from typing import Any

import click

from activity.answers import Definition, growth_answer, retention_answer, stickiness_answer
from activity.counts import Found, counts_by_group
from activity.growth import growth_of
from activity.means import means_answer
from activity.retention import Retention, retention_of
from activity.stickiness import stickiness_of
from activity.summary import Measure, list_parameters, summary_parameters
from activity.users import user_list_answer, write_parquet
from events.view import DATE
from retention.inquiry import Inquiry
from retention.names import check_events_exist, no_such_event
from retention.overview import Overview
from retention.questions import copy_by_user
from retention.report import Answer, Data
from retention.triangle import report_ages
from retention.window import Window

TITLES = {
    "ages": "Users who came back",
    "growth": "New, retained, resurrected and churned users",
    "stickiness": "Active users of days, weeks and months",
}
FIRST_MEASURES = {"ages": "last", "growth": "active", "stickiness": "daily"}


@dataclass(frozen=True)
class ActivityInquiry(Inquiry):
    """A question that the row per user answers: retention by age, growth or stickiness."""

    @property
    def title(self) -> str:
        """What a page about the answer is called."""
        return TITLES[self.measure.name]

    @cached_property
    def measure(self) -> Measure:
        """What is counted of the row per user."""
        options = self.options
        name = "growth" if options.growth else "stickiness" if options.stickiness else "ages"
        return Measure(
            name,
            options.period,
            options.week_start,
            options.window,
            options.brackets,
            options.ages[-1] if options.ages else options.follow,
            options.by is not None,
            options.top,
        )

    @cached_property
    def definition(self) -> Definition:
        """What the options say is counted, for the answer."""
        options = self.options
        names = (options.return_event, options.exclude_event)
        return Definition(self.question.start, *names, options.by)

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        if self.options.users:
            lines, _ = self.ask_by_user("user_list", explain=True, **self.of_user_list())
        else:
            lines, _ = self.ask_counts(self.window or self.whole_window, explain=True)
        return "\n".join(line for (line,) in lines)

    def answer(self) -> Answer:
        """Answer the question. Raises `UserError` if there is nobody to count."""
        if self.options.users:
            return self.user_list()
        found, overview, asked = self.found()
        answers = {"growth": self.growth, "stickiness": self.stickiness, "ages": self.retention}
        return answers[self.measure.name](found, self.data(overview), asked)

    def found(self) -> tuple[Found, Overview, str]:
        """What is counted, what there is of the data, and the statement."""
        if self.measure.hours and self.view.time_type == DATE:
            raise UserError("--window counts hours, which the dates of the table do not have")
        check_events_exist(self.connection, self.view)
        rows, asked, span, window = self.in_one_pass(self.ask_counts)
        users, *unclear = rows[0][-4:]
        overview = Overview(span, users, *([0, 0, 0] if self.question.first_event else unclear))
        groups = counts_by_group(rows, FIRST_MEASURES[self.measure.name])
        calendar = self.measure.calendar(window)
        return Found(groups, calendar, span.first_day, span.last_day), overview, asked

    def user_list(self) -> Answer:
        """The row per user."""
        rows, _ = self.ask_by_user("user_list", **self.of_user_list())
        return user_list_answer(self.data(self.overview), self.definition, self.measure, rows)

    @property
    def is_long(self) -> bool:
        """Whether the answer is a row per user, which are not to be held in memory."""
        return self.options.users and self.options.output_format in ("csv", "parquet")

    def write(self) -> None:
        """Write the row per user to standard output, in CSV as the server sends it."""
        parameters = self.parameters | self.of_user_list()
        asked = (self.connection, "user_list", parameters, self.view)
        if self.options.output_format == "csv":
            copy_by_user(*asked, sys.stdout)
            return
        with TemporaryFile() as file:
            uid_type = copy_by_user(*asked, file)
            file.seek(0)
            write_parquet(file, uid_type, self.view.time_type)

    def ask_counts(
        self, window: Window, explain: bool = False, query: str = "activity"
    ) -> tuple[list, str]:
        """The rows and the statement; an expected window leaves out the limits."""
        return self.ask_by_user(query, explain, **self.parameters_of(window, self.limited(window)))

    def parameters_of(self, window: Window, limited: bool) -> dict[str, Any]:
        """The parameters of a statement that begins with the row per user."""
        summary = (self.connection, self.view, self.measure, window, self.parameters)
        return summary_parameters(*summary) | {"limited": limited}

    def of_user_list(self) -> dict[str, Any]:
        """The parameters of the row per user, over no more days than the data have."""
        check_events_exist(self.connection, self.view)
        summary = self.parameters_of(self.whole_window, limited=bool(self.span.left_out))
        return summary | list_parameters(summary, self.measure.calendar(self.whole_window))

    def retention(self, found: Found, data: Data, asked: str) -> Answer:
        """How many users of every cohort were active how much later."""
        if not found.groups:
            raise no_such_event(self.connection, self.view, self.question.install_event)
        options, measure = self.options, self.measure
        answer = retention_of(self.connection, self.view, found, measure)
        if options.ages:
            answer = self.at_ages(answer)
        oldest = min(cohorts[0].start for cohorts in answer.groups.values())
        if not (measure.brackets or measure.hours or options.ages):
            report_ages(oldest, found.last_day, options.period, options.follow)
        if options.plot or options.html:
            from activity import plot  # with matplotlib

            self.draw(*plot.retention_picture(answer, measure, self.definition, data), data)
        if options.ages:
            return means_answer(data, self.definition, measure, answer, asked)
        return retention_answer(data, self.definition, measure, answer, asked)

    def at_ages(self, answer: Retention) -> Retention:
        """The ages of --ages; reports those that nobody has reached. Raises `UserError` if all."""
        found = answer.at(self.options.ages)
        oldest = answer.ages[-1].last
        if not found.ages:
            raise UserError(f"--ages: the first cohort is at age {oldest}; ask for earlier ages")
        missing = [str(age) for age in self.options.ages if age > oldest]
        if missing:
            click.echo(f"left out, since no cohort is so old: age {', '.join(missing)}", err=True)
        return found

    def growth(self, found: Found, data: Data, asked: str) -> Answer:
        """How many users are new, retained, resurrected and gone in every period."""
        groups = {group: growth_of(found, counts) for group, counts in found.groups.items()}
        if self.options.plot or self.options.html:
            from activity import lines

            self.draw(*lines.growth_picture(groups, self.measure, self.definition, data), data)
        return growth_answer(data, self.definition, self.measure, groups, asked)

    def stickiness(self, found: Found, data: Data, asked: str) -> Answer:
        """How many users of a week and of a month are active on every day."""
        groups = {group: stickiness_of(found, counts) for group, counts in found.groups.items()}
        if self.options.plot or self.options.html:
            from activity import lines

            self.draw(*lines.stickiness_picture(groups, self.definition), data)
        return stickiness_answer(data, self.definition, groups, asked)
