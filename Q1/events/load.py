"""The TEMP table that event files are copied into, whatever their formats, and what was in them."""

from common.command import UserError

import io
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click
from psycopg2.extensions import connection as Connection

from events.event import NAMES, VALUE, Headers
from events.files import EventFile
from events.rows import BadRow, Rows
from events.view import ZONED, Source

if TYPE_CHECKING:
    from events.batch import Batch

TABLE = "piwik_track_1"
# Queries that group all events by user do so a partition at a time, whose users fit in a
# processor's cache. More partitions would cost COPY more than they save, since a thousand rows go
# to all of them at once.
PARTITIONS = 16
PARTITION = (
    f"; CREATE TEMP TABLE {TABLE}_{{0}} PARTITION OF {TABLE}"
    f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {{0}})"
)
CREATE = (
    f"CREATE TEMP TABLE {TABLE} (uid text, time timestamptz NOT NULL, event_name text{{value}})"
    " PARTITION BY HASH (uid)" + "".join(map(PARTITION.format, range(PARTITIONS)))
)
VALUE_COLUMN = f", {VALUE} text"
# A sample of each partition, which together have as many rows as that of one table.
ANALYZE = f"SET LOCAL default_statistics_target = 10; ANALYZE pg_temp.{TABLE}"
COPY_BYTES = 1 << 22
COPY = f"COPY pg_temp.{TABLE} FROM STDIN (FORMAT binary)"


@dataclass
class Rejected:
    """The rows that are not events for one reason: the place of the first, and how many."""

    place: str
    rows: int = 0


class LoadedEvents:
    """Event files in a TEMP table: what was in them, and what was wrong with them.

    `first_time` and `last_time` are None as long as there are no `records`.
    """

    def __init__(
        self,
        connection: Connection,
        skip_bad_rows: bool = True,
        time_format: str | None = None,
        with_values: bool = False,
    ):
        self.connection = connection
        self.skip_bad_rows = skip_bad_rows
        self.time_format = time_format
        self.with_values = with_values
        self.rejected: dict[str, Rejected] = {}
        self.waiting: list[bytes] = []  # rows for COPY, each of which has its cost
        self.records = self.records_without_user = 0
        self.first_time: datetime | None = None
        self.last_time: datetime | None = None
        with connection.cursor() as cursor:
            cursor.execute(CREATE.format(value=VALUE_COLUMN if with_values else ""))

    def take_in(self, name: str, rows: Rows) -> None:
        """Take in the events among some rows of a file of this name, and count the others.

        Raises `UserError` for the first row that is not one, unless such rows are skipped.
        """
        from events.batch import batch_of
        from events.binary import as_binary_rows

        batch = batch_of(rows, self.time_format)
        for row in batch.bad:
            self.reject(f"{name}{rows.mark}{row.line}", row)
        if len(batch.uids):
            self.count(batch)
            values = batch.values if self.with_values else None
            self.waiting.append(as_binary_rows(batch.uids, batch.times, batch.event_names, values))
        if sum(map(len, self.waiting)) > COPY_BYTES:
            self.copy()

    def reject(self, place: str, row: BadRow) -> None:
        """Count a row that is not an event. Raises `UserError` unless such rows are skipped."""
        from events.times import READ_BY_FORMAT

        if not self.skip_bad_rows:
            value = f": {row.value!r}" if row.value else ""
            read = ", describe its times by --time-format" * (row.reason in READ_BY_FORMAT)
            raise UserError(
                f"{place}: {row.reason}{value}; fix the row{read} or pass --on-bad-row skip"
            )
        self.rejected.setdefault(row.reason, Rejected(place)).rows += 1

    def count(self, batch: "Batch") -> None:
        """Count events and those without a user, and note their first and last time."""
        from events.batch import first_and_last

        self.records += len(batch.uids)
        self.records_without_user += batch.uids.null_count
        first, last = first_and_last(batch.times)
        self.first_time = min(first, self.first_time or first)
        self.last_time = max(last, self.last_time or last)

    def copy(self) -> None:
        """Copy the rows that are waiting into the table."""
        from events.binary import HEADER, TRAILER

        stream = io.BytesIO(b"".join((HEADER, *self.waiting, TRAILER)))
        self.waiting.clear()
        # A server that goes away makes psycopg2 print a traceback as well.
        with self.connection.cursor() as cursor, redirect_stderr(io.StringIO()):
            cursor.copy_expert(COPY, stream, size=COPY_BYTES)

    def sources(self) -> list[Source]:
        """The table for the view, with fresh statistics for the planner."""
        with self.connection.cursor() as cursor:
            cursor.execute(ANALYZE)
        value = (VALUE,) if self.with_values else ()
        return [Source(("pg_temp", TABLE), NAMES, ZONED, value=value, timed=True)]


def rows_in_turn(files: Iterable[EventFile], headers: Headers) -> Iterator[tuple[str, Rows]]:
    """The rows of event files in blocks, each with the name of its file.

    `headers` maps the names of columns that differ from ours. Raises what `read_rows` raises.
    """
    from tqdm import tqdm

    from events.formats import read_rows

    for file in files:
        progress = tqdm.wrapattr(
            file.stored, "read", desc="loading", delay=1, leave=False, disable=None
        )
        with progress as stored:
            for rows in read_rows(EventFile(file.name, stored), headers):
                yield file.name, rows


def load_rows(
    connection: Connection,
    rows_of_files: Iterable[tuple[str, Rows]],
    skip_bad_rows: bool,
    time_format: str | None = None,
    with_values: bool = False,
) -> LoadedEvents:
    """Load rows, each block with the name of its file, and report those skipped on stderr.

    `time_format` is one of strptime, or None for the grammar of `events.times`; the values that
    split the answers are loaded `with_values`. Raises `UserError`
    for the first row that is not an event, unless such rows are skipped.
    """
    events = LoadedEvents(connection, skip_bad_rows, time_format, with_values)
    for name, rows in rows_of_files:
        events.take_in(name, rows)
    events.copy()
    for reason, rejected in events.rejected.items():
        rows = f"{rejected.rows:,} {'row' if rejected.rows == 1 else 'rows'}"
        line = f"{rows} rejected, first {rejected.place}: {reason}"
        click.echo(line, err=True)  # print would take stdout if stderr is closed
    return events
