"""The row per user as an answer: who began when, and in which periods there was activity."""

from common.command import OutsideError, UserError

import sys
from collections.abc import Sequence
from typing import Any

from activity.answers import Definition
from activity.calendar import Calendar
from activity.summary import Measure
from retention.report import Answer, Data, data_record, plain_uid

COLUMNS = (
    "uid", "value", "cohort", "first_start", "first_event", "last_event", "records", "active",
)  # fmt: skip


def user_list_answer(
    data: Data, definition: Definition, measure: Measure, calendar: Calendar, rows: list
) -> Answer:
    """One row per user of `user_list.sql`; in CSV the first days of active periods are one cell."""
    users = [user_record(row, calendar) for row in rows]
    settings = {"period": measure.period, "week_start": measure.week_start}
    record = data_record(data) | definition.record() | settings | {"users_listed": users}
    cells = [[*list(user.values())[:-1], " ".join(map(str, user["active"]))] for user in users]
    text = "\n".join("\t".join("" if it is None else str(it) for it in row) for row in cells)
    return Answer(text, COLUMNS, cells, record)


def user_record(row, calendar: Calendar) -> dict[str, Any]:
    """A user: the cohort is the first day of the period of the first start, None without one."""
    uid, value, place, first_start, first, last, records, periods = row
    cohort = None if place is None else calendar.starts[place]
    active = [calendar.starts[at] for at, bit in enumerate(periods) if bit == "1"]
    cells = (plain_uid(uid), value, cohort, first_start, first, last, records, active)
    return dict(zip(COLUMNS, cells, strict=True))


def write_parquet(users: Sequence[dict[str, Any]]) -> None:
    """Write users to standard output as Parquet. Raises `UserError` if that is a terminal."""
    import pyarrow as pa
    from pyarrow import parquet

    if sys.stdout.isatty():
        raise UserError("--format parquet is not for a terminal: redirect it into a file, with >")
    columns = {name: [user[name] for user in users] for name in COLUMNS}
    texts = {"value": pa.string(), "active": pa.list_(pa.date32()), "cohort": pa.date32()}
    try:
        table = pa.table({it: pa.array(cells, texts.get(it)) for it, cells in columns.items()})
        sys.stdout.flush()
        parquet.write_table(table, sys.stdout.buffer)
    except pa.ArrowException as error:
        raise OutsideError(f"the users cannot be written as Parquet: {error}") from None
