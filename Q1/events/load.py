"""The TEMP tables that event files are copied into: one for each layout, as wide as the file.

A whole file goes to COPY as it is: as text, which is fastest, or as CSV if anything is quoted. Only
when PostgreSQL refuses it, the file is read again row by row: to name the first row that is not an
event, or to take in those that are and count the others by reason.
"""

from common.command import UserError

import csv
import io
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import click
import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection
from tqdm import tqdm

from events.files import NAMES, BadRow, EventFile, Layout, parsed_rows, read_layout
from events.view import ZONED, Source

BATCH_ROWS = 10_000
CHUNK_BYTES = 1 << 20
TIME_COLUMNS = {  # within `YEARS`; what is out of these, may be within, is for Python to decide
    "iso": "timestamptz NOT NULL CHECK (time >= '0002-01-01' AND time < '9999-01-01')",
    "epoch": "double precision NOT NULL CHECK (time > -6.2e10 AND time < 2.5e14"
    " AND time NOT BETWEEN 19000000 AND 29999999)",
}
PARSED = Layout(NAMES, ",", "iso")  # of rows that Python has read

COPY_OPTIONS = {
    "text": "FORMAT text, DELIMITER {}, NULL '', ENCODING 'UTF8'",
    "csv": "FORMAT csv, DELIMITER {}, HEADER, FORCE_NULL (uid, event_name), ENCODING 'UTF8'",
}

# What COPY raises over a row, as opposed to the state of the server.
ROW_ERRORS = (psycopg2.DataError, errors.NotNullViolation, errors.CheckViolation)


@dataclass
class Rejected:
    """The rows that are not events for one reason: the place of the first, and how many."""

    place: str
    rows: int = 0


class Unquoted:
    """A file after its header for text COPY, which knows no quotes: reading fails at the first."""

    def __init__(self, content: BinaryIO):
        self.content = content
        header = content.readline()
        self.header_is_a_line = b'"' not in header and b"\r" not in header.removesuffix(b"\r\n")

    def read(self, size: int) -> bytes:
        chunk = self.content.read(size)
        if b'"' in chunk or b"\\" in chunk or not self.header_is_a_line:
            raise ValueError("quoted")
        return chunk


class Landing:
    """Event files in TEMP tables, and what was wrong with them."""

    def __init__(self, connection: Connection, skip_bad_rows: bool = True):
        self.connection = connection
        self.skip_bad_rows = skip_bad_rows
        self.tables: dict[tuple, str] = {}  # by columns and format of the time
        self.rejected: dict[str, Rejected] = {}

    def load(self, file: EventFile, headers: dict[str, str]) -> None:
        """Take in a file: as a whole if all its rows are events, else those that are.

        Raises `UserError` for the first row that is not, unless such rows are skipped.
        """
        layout = read_layout(file, headers)
        if layout.time_format == "unknown" or not (
            self.copied("text", Unquoted(file.content()), layout)
            or self.copied("csv", file.content(), layout)
        ):
            self.copy_row_by_row(file, layout)

    def copied(self, copy_format: str, content: BinaryIO, layout: Layout) -> bool:
        """Whether PostgreSQL took in the whole file; if not, it took in nothing of it."""
        copy = self.copy_statement(copy_format, layout)
        progress = tqdm.wrapattr(
            content, "read", desc="loading", delay=1, leave=False, disable=None
        )
        with self.connection.cursor() as cursor, progress as reader:
            cursor.execute("SAVEPOINT file")
            try:
                # A server that goes away makes psycopg2 print a traceback as well.
                with redirect_stderr(io.StringIO()):
                    cursor.copy_expert(copy, reader, size=CHUNK_BYTES)
                return True
            except (*ROW_ERRORS, errors.QueryCanceled) as error:
                if isinstance(error, errors.QueryCanceled) and not reading_failed(str(error)):
                    raise
                cursor.execute("ROLLBACK TO SAVEPOINT file")
                return False

    def copy_row_by_row(self, file: EventFile, layout: Layout) -> None:
        """Take in the rows that are events and count the others by reason."""
        copy = self.copy_statement("csv", PARSED)
        events = self.events_of(file, layout)
        bar = tqdm(events, desc="row by row", unit=" rows", delay=1, leave=False, disable=None)
        with self.connection.cursor() as cursor, bar:
            rows = iter(bar)
            while batch := list(islice(rows, BATCH_ROWS)):
                cursor.copy_expert(copy, as_csv([NAMES, *batch]))

    def events_of(self, file: EventFile, layout: Layout) -> Iterable[tuple[str, ...]]:
        """The rows of a file that are events."""
        for row in parsed_rows(file, layout):
            if isinstance(row, BadRow):
                place = f"{file.name}:{row.line}"
                if not self.skip_bad_rows:
                    raise UserError(f"{place}: {row.reason}; fix the row or pass --on-bad-row skip")
                self.rejected.setdefault(row.reason, Rejected(place)).rows += 1
            else:
                yield row

    def copy_statement(self, copy_format: str, layout: Layout) -> sql.Composable:
        """COPY from a file of this layout into its table, which is made when first needed."""
        options = sql.SQL(COPY_OPTIONS[copy_format]).format(sql.Literal(layout.delimiter))
        table = sql.Identifier("pg_temp", self.table(layout))
        return sql.SQL("COPY {} FROM STDIN ({})").format(table, options)

    def table(self, layout: Layout) -> str:
        """The name of the TEMP table for a layout; columns that no query needs are text."""
        key = (layout.columns, layout.time_format)
        if key not in self.tables:
            name = f"piwik_track_{len(self.tables) + 1}"
            columns = [
                sql.SQL("{} {}").format(
                    sql.Identifier(column or f"unused_{number}"),
                    sql.SQL(TIME_COLUMNS[layout.time_format] if column == "time" else "text"),
                )
                for number, column in enumerate(layout.columns, start=1)
            ]
            create = sql.SQL("CREATE TEMP TABLE {} ({})")
            with self.connection.cursor() as cursor:
                cursor.execute(create.format(sql.Identifier(name), sql.SQL(", ").join(columns)))
            self.tables[key] = name
        return self.tables[key]

    def sources(self) -> list[Source]:
        """The tables for the view, with fresh statistics for the planner."""
        types = {"iso": ZONED, "epoch": "double precision"}
        with self.connection.cursor() as cursor:
            for name in self.tables.values():
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("pg_temp", name)))
        return [
            Source(("pg_temp", name), NAMES, types[time_format])
            for (_, time_format), name in self.tables.items()
        ]


def reading_failed(message: str) -> bool:
    """Whether COPY ended because of an exception of ours, which is named; Ctrl-C may not be."""
    return ".read() call: " in message and "KeyboardInterrupt" not in message


def as_csv(rows: Iterable[tuple[str, ...]]) -> io.BytesIO:
    """Rows as CSV for COPY."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def load_files(
    connection: Connection,
    files: Iterable[EventFile],
    headers: dict[str, str],
    skip_bad_rows: bool,
) -> Landing:
    """Load event files and report the rows that were skipped on stderr.

    Raises `UserError` for the first row that is not an event, unless such rows are skipped.
    """
    landing = Landing(connection, skip_bad_rows)
    for file in files:
        landing.load(file, headers)
    for reason, rejected in landing.rejected.items():
        rows = f"{rejected.rows:,} {'row' if rejected.rows == 1 else 'rows'}"
        line = f"{rows} rejected, first {rejected.place}: {reason}"
        click.echo(line, err=True)  # print would take stdout if stderr is closed
    return landing
