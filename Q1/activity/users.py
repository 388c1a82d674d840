"""The row per user as an answer: who began when, and in which periods there was activity."""

from common.command import OutsideError, UserError

import sys
from typing import IO, Any

from activity.answers import Definition
from activity.summary import Measure
from events.view import DATE, UNZONED, ZONED
from retention.report import Answer, Data, data_record, plain_uid

INTEGERS, FLOATS = (20, 21, 23), (700, 701)  # PostgreSQL's numbers of types


def user_list_answer(data: Data, definition: Definition, measure: Measure, rows: list) -> Answer:
    """The rows of `user_list.sql`; in JSON the first days of active periods are a list."""
    cells = [[plain_uid(uid), *rest] for uid, *rest in rows]
    columns = rows[0]._fields if rows else ()
    users = [
        dict(zip(columns, row, strict=True)) | {"active": (row[-1] or "").split()} for row in cells
    ]
    settings = {"period": measure.period, "week_start": measure.week_start}
    record = data_record(data) | definition.record() | settings | {"users_listed": users}
    text = "\n".join("\t".join("" if it is None else str(it) for it in row) for row in cells)
    return Answer(text, columns, cells, record)


def write_parquet(rows: IO[bytes], uid_type: int, time_type: str) -> None:
    """Write users, given as the CSV that the server sends, to standard output as Parquet.

    uid_type: PostgreSQL's number of the type of ids. Ids that are not numbers are texts. Raises
    `UserError` if standard output is a terminal.
    """
    import pyarrow as pa
    from pyarrow import compute, csv, parquet

    if sys.stdout.isatty():
        raise UserError("--format parquet is not for a terminal: redirect it into a file, with >")
    types = column_types(pa, uid_type, time_type)
    days = pa.list_(pa.date32())
    none = pa.scalar([], days)
    schema = pa.schema(types | {"active": days})
    sys.stdout.flush()
    try:
        batches = csv.open_csv(
            rows,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=types,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        with parquet.ParquetWriter(sys.stdout.buffer, schema) as writer:
            for batch in batches:
                active = compute.split_pattern(batch["active"], " ").cast(days).fill_null(none)
                columns = [*batch.columns[:-1], active]
                writer.write_batch(pa.record_batch(columns, schema=schema))
    except pa.ArrowException as error:
        raise OutsideError(f"the users cannot be written as Parquet: {error}") from None


def column_types(pa: Any, uid_type: int, time_type: str) -> dict[str, Any]:
    """The types of the columns as CSV, in the terms of pyarrow."""
    number = pa.int64() if uid_type in INTEGERS else pa.float64() if uid_type in FLOATS else None
    times = {ZONED: pa.timestamp("us", "UTC"), UNZONED: pa.timestamp("us"), DATE: pa.date32()}
    time = times[time_type]
    return {
        "uid": number or pa.string(),
        "value": pa.string(),
        "cohort": pa.date32(),
        "first_start": time,
        "first_event": time,
        "last_event": time,
        "records": pa.int64(),
        "active": pa.string(),
    }
