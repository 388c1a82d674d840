"""The events that the options name: how they are read, and what they are called in an answer."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import chain, islice
from types import SimpleNamespace

from psycopg2.extensions import connection as Connection

from events.event import NAMES, VALUE, Headers
from events.files import EventFile, opened_in_turn
from events.load import LoadedEvents, load_rows, rows_in_turn
from events.roles import Roles
from events.rows import Rows
from events.sample import as_csv, sample_events
from events.table import existing_table
from events.view import View
from postgres.connection import start_reading
from postgres.time_zones import check_time_zone
from retention.questions import number_of


@contextmanager
def rows_of_files(options: SimpleNamespace) -> Iterator[Iterator[tuple[str, Rows]]]:
    """Yield the rows of the options' files or of the sample; a table has none.

    The first have been read, so that a wrong header is found before a server starts. Raises
    `UserError` for a file that cannot be used.
    """
    if options.table is not None:  # what reads files takes time to load
        yield iter(())
        return
    if options.events:
        files = opened_in_turn(options.events)
    else:
        files = [EventFile("sample events", BytesIO(as_csv(sample_events(options.seed))))]
    with closing(rows_in_turn(files, headers_of(options))) as rows:
        yield chain(list(islice(rows, 1)), rows)


def load_events(
    connection: Connection, options: SimpleNamespace, rows: Iterator[tuple[str, Rows]]
) -> tuple[View, LoadedEvents | None]:
    """The view over the events of the options, and what was in the files; then only read.

    rows: those of the files. Raises `UserError` for a time zone, table, file or row that cannot be
    used.
    """
    check_time_zone(connection, options.time_zone)
    files = None
    if options.table is not None:
        sources = [
            existing_table(
                connection,
                options.table,
                options.columns,
                options.by,
                needs_names(options),
                options.where,
            )
        ]
    else:
        skipping, by_value = options.on_bad_row == "skip", options.by is not None
        files = load_rows(connection, rows, skipping, options.time_format, by_value)
        sources = files.sources()
    start_reading(connection)
    return View(sources, options.time_zone, roles_of(options)), files


def headers_of(options: SimpleNamespace) -> Headers:
    """The columns of files that are read: those of other names, and that of --by."""
    missing = {} if needs_names(options) else {NAMES[2]: None}
    value = {} if options.by is None else {VALUE: options.by}
    return missing | options.columns | value


def needs_names(options: SimpleNamespace) -> bool:
    """Whether what is asked depends on the names of events."""
    return bool(options.cohort_by != "first-event" or options.return_event or options.exclude_event)


def roles_of(options: SimpleNamespace) -> Roles:
    """What events do by the options."""
    start = None if options.cohort_by == "first-event" else options.install_event
    return Roles(start, options.return_event, options.exclude_event)


def source_name(options: SimpleNamespace) -> str:
    """What the events of the options are called in an answer."""
    if options.table is not None:
        return options.table + f" where {options.where}" * (options.where is not None)
    if not options.events:
        return f"sample events, seed {options.seed}"
    first, *others = options.events
    more = f" and {number_of(len(others), 'more file')}" if others else ""
    return f"{'stdin' if first == '-' else first}{more}"
