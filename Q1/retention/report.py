"""The answers for text, CSV and JSON; they vary with the data and the question alone."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from common.output import formatted
from events.load import Rejected
from retention.overview import Overview
from retention.questions import Cohort, Count, Question, number_of
from retention.shares import intervals, shares, weighted_mean, with_shares

NOT_YET = "·"


@dataclass(frozen=True)
class Data:
    """What was asked about: what it is called, what was counted of it, the rows rejected."""

    source: str
    overview: Overview | None
    rejected: dict[str, Rejected]  # by reason
    question: Question


class Answer(NamedTuple):
    """An answer: its text, header and rows for CSV, object for JSON, and the SQL that found it."""

    text: str
    header: Sequence[str]
    rows: Iterable[Sequence]
    record: dict[str, Any]
    statement: str = ""

    def formatted(self, form: str, with_sql: bool) -> str:
        """The answer in one of `FORMATS`; text begins `with_sql`, where there is any."""
        text = f"{self.statement}\n\n{self.text}" if with_sql and self.statement else self.text
        return formatted(form, text, self.header, self.rows, self.record)


def count_answer(data: Data, count: Count, last_day: date | None, statement: str) -> Answer:
    """The default question; `observed` is whether its whole period is in the data.

    It is not if the data's `last_day` is before the end of the period; None is not before it.
    """
    question = data.question
    observed = last_day is None or question.active_to <= last_day
    (low,), (high,) = intervals([count.retained_users], [count.installed_users])
    record = data_record(data) | {
        "install_date": question.install_date,
        "active_from": question.active_from,
        "active_to": question.active_to,
        "installed_users": count.installed_users,
        "retained_users": count.retained_users,
        "retention": None if count.retention is None else round(count.retention, 6),
        "retention_low": low,
        "retention_high": high,
        "observed": observed,
    }
    cells = record | {
        "records_left_out": data.overview and sum(record["records_left_out"].values()),
        "rows_rejected": sum(rejected.rows for rejected in data.rejected.values()),
        "observed": csv_flag(observed),
    }
    del cells["first_rejected"]
    share = (
        "" if low is None else f" ({count.retention:.1%}, 95 % interval {low:.1%} to {high:.1%})"
    )
    caution = "" if observed else f"; not over yet: the data end on {last_day}"
    text = f"""\
{data_text(data)}

{question.install_event} on {question.install_date}: {number_of(count.installed_users, "user")}
active from {question.active_from} to {question.active_to}: \
{count.retained_users:,} of them{share}{caution}"""
    return Answer(text, list(cells), [list(cells.values())], record, statement)


def users_answer(data: Data, uids: list) -> Answer:
    """The users who came back, one a line."""
    uids = [plain_uid(uid) for uid in uids]
    text = "\n".join(str(uid) for uid in uids)
    return Answer(text, ["uid"], [[uid] for uid in uids], data_record(data) | {"uids": uids})


def plain_uid(uid: Any) -> Any:
    """A uid that every format can write: a `bytea` as psql shows it, and no NaN or infinity."""
    if isinstance(uid, memoryview):
        return f"\\x{uid.hex()}"
    return None if isinstance(uid, float) and not math.isfinite(uid) else uid


def triangle_answer(data: Data, period: str, cohorts: list[Cohort], statement: str) -> Answer:
    """The triangle: two tables for people, a row per cohort and age for CSV, lists for JSON."""
    measures = {
        f"N-{period} retention": "active_on",
        "unbounded retention": "active_on_or_after",
    }
    tables = [
        f"% {title}, by {period}s after the first install\n{share_table(cohorts, name)}"
        for title, name in measures.items()
    ]
    legend = f"{NOT_YET} not yet observed: the data end on {data.overview.span.last_day}"
    text = "\n\n".join([data_text(data), *tables, legend])
    records = [cohort_record(cohort) for cohort in cohorts]
    record = {"period": period, "cohorts": records, "weighted_mean": mean_record(cohorts)}
    header = ["start", "users", "age", *list(records[0])[2:], "observed"]
    rows = [row for cohort in records for row in cohort_rows(cohort)]
    return Answer(text, header, rows, data_record(data) | record, statement)


def cohort_record(cohort: Cohort) -> dict[str, Any]:
    """A cohort for JSON: its start, its users, and lists by age, null where not yet observed."""
    start, users, active_on, active_on_or_after = cohort
    counts = {"active_on": active_on, "active_on_or_after": active_on_or_after}
    return {"start": start, "users": users} | with_shares(counts, [users] * len(active_on))


def mean_record(cohorts: list[Cohort]) -> dict[str, list]:
    """All cohorts together for JSON: lists by age, of those that are observed at it."""
    counts = weighted_mean(cohorts)._asdict()
    users = counts.pop("users")
    return {"users": users} | with_shares(counts, users)


def cohort_rows(record: dict[str, Any]) -> Iterable[tuple]:
    """The rows of a cohort for CSV, one for each age: cells are empty where not yet observed."""
    start, users, *columns = record.values()
    for age, cells in enumerate(zip(*columns, strict=True)):
        yield (start, users, age, *cells, csv_flag(cells[0] is not None))


def csv_flag(value: bool) -> str:
    """A yes or no as CSV readers know it."""
    return "true" if value else "false"


def share_table(cohorts: list[Cohort], name: str) -> str:
    """One line per cohort: start, users, and the share in percent for each age; then their mean.

    name: the counts, a field of `Cohort` and `Mean`.
    """
    mean, ages = weighted_mean(cohorts), range(len(cohorts[0].active_on))
    rows = [
        (str(it.start), it.users, percentages(getattr(it, name), [it.users for _ in ages]))
        for it in cohorts
    ]
    everybody = sum(it.users for it in cohorts)
    rows.append(("weighted mean", everybody, percentages(getattr(mean, name), mean.users)))
    lines = [share_line(title, f"{users:,}", cells) for title, users, cells in rows]
    return "\n".join([share_line("first install", "users", ages), *lines])


def share_line(title: str, users: str, cells: Iterable) -> str:
    """A line of the triangle, with a cell for each age."""
    return f"{title:13} {users:>9} " + "".join(f"{cell:>4}" for cell in cells)


def percentages(counts: list[int | None], users: list[int]) -> list[str]:
    """The shares that counts are, in percent."""
    found = shares(counts, users)
    return [NOT_YET if share is None else f"{100 * share:.0f}" for share in found]


def data_record(data: Data) -> dict[str, Any]:
    """The data for JSON; null is what was not counted."""
    overview = data.overview
    span = overview and overview.span
    return {
        "source": data.source,
        "records": span and span.records,
        "users": overview and overview.users,
        "first_day": span and span.first_day,
        "last_day": span and span.last_day,
        "time_zone": data.question.time_zone,
        "users_without_install": overview and overview.users_without_install,
        "users_reinstalled": overview and overview.users_reinstalled,
        "users_active_before_install": overview and overview.users_active_before_install,
        "records_without_user": span and span.records_without_user,
        "records_left_out": span and {kind.reason: kind.records for kind in span.left_out},
        "rows_rejected": {reason: rejected.rows for reason, rejected in data.rejected.items()},
        "first_rejected": {reason: rejected.place for reason, rejected in data.rejected.items()},
    }


def data_text(data: Data) -> str:
    """The data for people."""
    overview, question = data.overview, data.question
    if overview is None:
        return f"source   {data.source}, {question.time_zone}; --overview counts what it has"
    span, event = overview.span, question.install_event
    unclear = f"""
         {overview.users_without_install:,} without {event}
         {overview.users_reinstalled:,} on several days: counted on each (--cohorts: on the first)
         {overview.users_active_before_install:,} active before it"""
    return f"""\
source   {data.source}
records  {span.records:,}, of which {span.records_without_user:,} without a user
users    {overview.users:,}{"" if question.first_event else unclear}
days     {span.first_day} to {span.last_day}, {question.time_zone}"""
