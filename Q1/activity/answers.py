"""The answers about activity for text, CSV and JSON."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from activity.counts import EVERYBODY, Group
from activity.growth import Growth
from activity.retention import Retention
from activity.stickiness import Stickiness
from activity.summary import Measure
from retention.questions import Cohort
from retention.report import (
    NOT_YET,
    Answer,
    Data,
    cohort_record,
    cohort_rows,
    csv_flag,
    data_record,
    data_text,
    mean_record,
    percentages,
)
from retention.shares import weighted_mean, with_shares

Groups = dict[Group, list]


class Definition(NamedTuple):
    """What was counted: what begins a user's time, what is activity, and what splits the answer."""

    start: str
    returns: tuple[str, ...]
    excluded: tuple[str, ...]
    by: str | None

    def record(self) -> dict[str, Any]:
        """The definition for JSON."""
        return {
            "cohort_by": self.start,
            "return_events": list(self.returns),
            "excluded_events": list(self.excluded),
            "by": self.by,
        }

    def text(self) -> str:
        """The definition for people: a line for each part that is not the usual one."""
        lines = [f"active   {' or '.join(self.returns)}"] if self.returns else []
        if self.excluded:
            lines.append(f"without  {', '.join(self.excluded)}")
        return "".join(f"\n{line}" for line in lines)

    def title(self, group: Group) -> str:
        """What the table of a group begins with."""
        return f"{self.by} {group}: " if self.by else ""


def unit(measure: Measure) -> str:
    """What ages are counted in."""
    if measure.hours:
        return f"{measure.hours}-hour window"
    return measure.period


def measures_of(measure: Measure) -> dict[str, str]:
    """The names of the two kinds of retention, and the counts of each."""
    name = {None: measure.period, 24: "day"}.get(measure.hours, "window")
    bounded = "bracket retention" if measure.brackets else f"N-{name} retention"
    return {bounded: "active_on", "unbounded retention": "active_on_or_after"}


def retention_answer(
    data: Data, definition: Definition, measure: Measure, answer: Retention, statement: str
) -> Answer:
    """Retention by cohort and age: two tables for each group, a row per cohort and age for CSV."""
    first = "first event" if data.question.first_event else "first install"
    tables = [
        f"% {definition.title(group)}{title}, by {unit(measure)}s after the {first}\n"
        + share_table(cohorts, name, list(map(str, answer.ages)), first)
        for group, cohorts in answer.groups.items()
        for title, name in measures_of(measure).items()
    ]
    legend = f"{NOT_YET} not yet observed: the data end on {data.overview.span.last_day}"
    text = "\n\n".join([data_text(data) + definition.text(), *tables, legend])
    settings = retention_settings(measure, answer)
    groups = {group: retention_record(cohorts) for group, cohorts in answer.groups.items()}
    record = data_record(data) | definition.record() | settings | grouped(definition, groups)
    columns = list(groups[next(iter(groups))]["cohorts"][0])[2:]
    header = ["start", "users", "first_age", "last_age", *columns, "observed"]
    rows = {
        group: [row for cohort in found["cohorts"] for row in age_rows(cohort, answer)]
        for group, found in groups.items()
    }
    return Answer(text, *with_groups(definition, header, rows), record, statement)


def retention_settings(measure: Measure, answer: Retention) -> dict[str, Any]:
    """What ages are counted in, and the ages, for JSON."""
    return {
        "period": measure.period,
        "week_start": measure.week_start,
        "window_hours": measure.hours,
        "ages": [[age.first, age.last] for age in answer.ages],
    }


def retention_record(cohorts: list[Cohort]) -> dict[str, Any]:
    """The cohorts of a group for JSON."""
    return {
        "cohorts": [cohort_record(cohort) for cohort in cohorts],
        "weighted_mean": mean_record(cohorts),
    }


def age_rows(record: dict[str, Any], answer: Retention) -> Iterable[tuple]:
    """The rows of a cohort for CSV, one for each column of the triangle."""
    for start, users, column, *cells in cohort_rows(record):
        yield (start, users, *answer.ages[column], *cells)


def share_table(cohorts: list[Cohort], name: str, ages: list[str], first: str) -> str:
    """One line per cohort: its start, its users and its shares in percent; then their mean."""
    mean = weighted_mean(cohorts)
    lines = [
        (str(it.start), it.users, percentages(getattr(it, name), [it.users] * len(ages)))
        for it in cohorts
    ]
    everybody = sum(it.users for it in cohorts)
    lines.append(("weighted mean", everybody, percentages(getattr(mean, name), mean.users)))
    return table([first, "users", *ages], [[title, users, *cells] for title, users, cells in lines])


def growth_answer(
    data: Data, definition: Definition, measure: Measure, groups: Groups, statement: str
) -> Answer:
    """Users by period: a line each, and a row each for CSV."""
    tables = [
        f"{definition.title(group)}users by {measure.period}\n"
        + table(Growth._fields, [[NOT_YET if it is None else it for it in row] for row in rows])
        for group, rows in groups.items()
    ]
    legend = f"{NOT_YET} not known: before the data, or not over by {data.overview.span.last_day}"
    text = "\n\n".join([data_text(data) + definition.text(), *tables, legend])
    settings = {"period": measure.period, "week_start": measure.week_start}
    periods = {
        group: {"periods": [row._asdict() for row in rows]} for group, rows in groups.items()
    }
    record = data_record(data) | definition.record() | settings | grouped(definition, periods)
    header = [*Growth._fields, "observed"]
    rows = {
        group: [(*row, csv_flag(row.active is not None)) for row in found]
        for group, found in groups.items()
    }
    return Answer(text, *with_groups(definition, header, rows), record, statement)


def stickiness_answer(data: Data, definition: Definition, groups: Groups, statement: str) -> Answer:
    """Active users by day, and the shares of the week's and the month's that are active on it."""
    records = {group: stickiness_record(rows) for group, rows in groups.items()}
    header = list(next(iter(records.values())))
    shares = ("daily_of_weekly_share", "daily_of_monthly_share")
    titles = ["day", "daily", "weekly", "monthly", "% of weekly", "% of monthly"]
    rows = {group: list(zip(*found.values(), strict=True)) for group, found in records.items()}
    tables = [
        f"{definition.title(group)}active users, of which the day's are a share\n"
        + table(titles, stickiness_lines(found, shares))
        for group, found in records.items()
    ]
    legend = f"{NOT_YET} not known: the data begin on {data.overview.span.first_day}"
    text = "\n\n".join([data_text(data) + definition.text(), *tables, legend])
    days = {
        group: {"days": [dict(zip(header, row, strict=True)) for row in rows[group]]}
        for group in groups
    }
    record = data_record(data) | definition.record() | grouped(definition, days)
    return Answer(text, *with_groups(definition, header, rows), record, statement)


def stickiness_record(rows: list[Stickiness]) -> dict[str, list]:
    """The columns of a group for JSON and CSV: counts, and shares with their intervals."""
    columns = dict(zip(Stickiness._fields, map(list, zip(*rows, strict=True)), strict=True))
    for name in ("weekly", "monthly"):
        daily = [
            None if of is None else active
            for active, of in zip(columns["daily"], columns[name], strict=True)
        ]
        found = with_shares({f"daily_of_{name}": daily}, [of or 0 for of in columns[name]])
        del found[f"daily_of_{name}"]
        columns |= found
    return columns


def stickiness_lines(found: dict[str, list], shares: Sequence[str]) -> list[list]:
    """The lines of the table for people."""
    counts = zip(*(found[name] for name in Stickiness._fields), strict=True)
    parts = zip(*(found[name] for name in shares), strict=True)
    return [
        [NOT_YET if it is None else it for it in row]
        + [NOT_YET if it is None else f"{100 * it:.0f}" for it in part]
        for row, part in zip(counts, parts, strict=True)
    ]


def table(header: Sequence[str], rows: list[list]) -> str:
    """Lines of cells, the first to the left, the others to the right under their titles."""
    texts = [list(header)] + [
        [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return "\n".join(
        "  ".join(
            [cells[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        )
        for cells in texts
    )


def grouped(definition: Definition, groups: dict[Group, dict]) -> dict[str, Any]:
    """The groups for JSON: a list of them, or what the only one has."""
    if definition.by is None:
        return groups[EVERYBODY]
    return {"groups": [group._asdict() | found for group, found in groups.items()]}


def with_groups(
    definition: Definition, header: list[str], groups: dict[Group, list]
) -> tuple[list[str], list]:
    """The header and the rows for CSV, which begin with the group if there are any."""
    if definition.by is None:
        return header, groups[EVERYBODY]
    rows = [
        ("" if group.value is None else group.value, csv_flag(group.other), *row)
        for group, found in groups.items()
        for row in found
    ]
    return ["value", "other", *header], rows
