"""Retention at some ages of all cohorts together, a line for each value that splits the answer."""

from collections.abc import Iterable
from typing import Any

from activity.answers import (
    Definition,
    grouped,
    measures_of,
    retention_record,
    retention_settings,
    table,
    unit,
    with_groups,
)
from activity.counts import Group
from activity.retention import Retention
from activity.summary import Measure
from retention.questions import Cohort
from retention.report import NOT_YET, Answer, Data, data_record, data_text, percentages
from retention.shares import weighted_mean


def means_answer(
    data: Data, definition: Definition, measure: Measure, answer: Retention, statement: str
) -> Answer:
    """Weighted means: two tables for people, a row per value and age for CSV, all for JSON."""
    first = "first event" if data.question.first_event else "first install"
    tables = [
        f"% {title} of all cohorts together, by {unit(measure)}s after the {first}\n"
        + means_table(definition, answer, name)
        for title, name in measures_of(measure).items()
    ]
    last_day = data.overview.span.last_day
    legend = f"each age over the cohorts that have reached it by {last_day}; {NOT_YET} none has"
    text = "\n\n".join([data_text(data) + definition.text(), *tables, legend])
    groups = {group: retention_record(cohorts) for group, cohorts in answer.groups.items()}
    settings = retention_settings(measure, answer)
    record = data_record(data) | definition.record() | settings | grouped(definition, groups)
    rows = {group: list(mean_rows(found, answer)) for group, found in groups.items()}
    columns = next(iter(groups.values()))["weighted_mean"]
    header = ["first_age", "last_age", *columns]
    return Answer(text, *with_groups(definition, header, rows), record, statement)


def means_table(definition: Definition, answer: Retention, name: str) -> str:
    """One line per group: all its users, and its shares in percent."""
    lines = [line_of(definition, group, it, name) for group, it in answer.groups.items()]
    return table([definition.by or "", "users", *map(str, answer.ages)], lines)


def line_of(definition: Definition, group: Group, cohorts: list[Cohort], name: str) -> list:
    """The line of a group."""
    mean = weighted_mean(cohorts)
    cells = percentages(getattr(mean, name), mean.users)
    return [str(group) if definition.by else "all", sum(it.users for it in cohorts), *cells]


def mean_rows(record: dict[str, Any], answer: Retention) -> Iterable[tuple]:
    """The rows of a group for CSV, one for each age; users are those observed at it."""
    for ages, *cells in zip(answer.ages, *record["weighted_mean"].values(), strict=True):
        yield (*ages, *cells)
