"""The users of one day and those who came back, by a value or from their first event on."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from activity.answers import Definition, grouped, table, with_groups
from activity.counts import Group
from retention.inquiry import Inquiry
from retention.names import check_events_exist
from retention.overview import Overview
from retention.questions import Count
from retention.report import Answer, Data, csv_flag, data_record, data_text
from retention.shares import DIGITS, intervals

Counts = dict[Group, Count]


@dataclass(frozen=True)
class OneDayInquiry(Inquiry):
    """The default question, for which a pass over all events looks at what users began with."""

    @property
    def asked(self) -> dict[str, Any]:
        """The parameters of the statement, besides those of all questions."""
        return {"first_event": self.question.first_event, "largest": self.options.top}

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        lines, _ = self.ask_by_user("one_day", explain=True, **self.asked)
        return "\n".join(line for (line,) in lines)

    def answer(self) -> Answer:
        """Answer the question. Raises `UserError` if there is nobody to count."""
        check_events_exist(self.connection, self.view)
        overview = self.overview
        if overview and self.question.first_event:
            overview = Overview(overview.span, overview.users, 0, 0, 0)
        rows, statement = self.ask_by_user("one_day", **self.asked)
        counts = {Group(value, other): Count(*count) for value, other, *count in rows}
        if not counts:
            self.check_install_date()
            counts = {Group(None): Count(0, 0)}
        last_day, data = self.last_day(overview), self.data(overview)
        names = (self.options.return_event, self.options.exclude_event)
        definition = Definition(self.question.start, *names, self.options.by)
        if self.options.plot or self.options.html:
            from activity import bars

            self.draw(*bars.one_day_picture(counts, definition, data), data)
        return one_day_answer(data, definition, counts, last_day, statement)


def one_day_answer(
    data: Data, definition: Definition, counts: Counts, last_day: date | None, statement: str
) -> Answer:
    """The users of the day and those who came back, a line or row for each group."""
    question = data.question
    days = {
        "install_date": question.install_date,
        "active_from": question.active_from,
        "active_to": question.active_to,
        "observed": last_day is None or question.active_to <= last_day,
    }
    groups = {group: count_record(count) for group, count in counts.items()}
    record = data_record(data) | definition.record() | days | grouped(definition, groups)
    header = [*days, *next(iter(groups.values()))]
    cells = days | {"observed": csv_flag(days["observed"])}
    rows = {group: [(*cells.values(), *found.values())] for group, found in groups.items()}
    caution = "" if days["observed"] else f"; not over yet: the data end on {last_day}"
    title = (
        f"{question.start} on {question.install_date}, active from {question.active_from} to "
        f"{question.active_to}{caution}"
    )
    titles = [definition.by or "", "users", "active", "%", "95 % interval"]
    lines = table(titles, [line_of(definition, *pair) for pair in groups.items()])
    text = f"{data_text(data)}{definition.text()}\n\n{title}\n{lines}"
    return Answer(text, *with_groups(definition, header, rows), record, statement)


def count_record(count: Count) -> dict[str, Any]:
    """The count of a group, with its share and interval, null without users."""
    (low,), (high,) = intervals([count.retained_users], [count.installed_users])
    share = count.retention
    return count._asdict() | {
        "retention": None if share is None else round(share, DIGITS),
        "retention_low": low,
        "retention_high": high,
    }


def line_of(definition: Definition, group: Group, found: dict[str, Any]) -> list:
    """The line of a group in the table for people."""
    users, active, *shares = found.values()
    share, low, high = ("" if it is None else f"{100 * it:.1f}" for it in shares)
    name = str(group) if definition.by else "all"
    return [name, users, active, share, f"{low} to {high}" if low else ""]
