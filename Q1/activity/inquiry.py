"""A question about activity on its way to an answer: ask it, and draw a picture."""

from common.command import UserError

from dataclasses import dataclass
from functools import cached_property

import click

from activity.answers import Definition, growth_answer, retention_answer, stickiness_answer
from activity.counts import Found, counts_by_group
from activity.growth import growth_of
from activity.means import means_answer
from activity.retention import Retention, retention_of
from activity.stickiness import stickiness_of
from activity.summary import Measure, summary_parameters
from activity.users import user_list_answer
from events.view import DATE
from retention.inquiry import Inquiry
from retention.names import check_events_exist, no_such_event
from retention.overview import Overview
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
        check_events_exist(self.connection, self.view)
        overview, rows = self.overview, self.ask_counts(self.whole_window, query="user_list")[0]
        calendar = self.measure.calendar(self.whole_window)
        data = self.data(overview)
        return user_list_answer(data, self.definition, self.measure, calendar, rows)

    def ask_counts(
        self, window: Window, explain: bool = False, query: str = "activity"
    ) -> tuple[list, str]:
        """The rows and the statement; an expected window leaves out the limits."""
        parameters = summary_parameters(
            self.connection, self.view, self.measure, window, self.parameters
        )
        return self.ask_by_user(query, explain, limited=self.limited(window), **parameters)

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
