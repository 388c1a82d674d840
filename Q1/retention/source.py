"""The events that the options name: how they are read, and what they are called in an answer."""

from io import BytesIO
from types import SimpleNamespace

from psycopg2.extensions import connection as Connection

from events.files import EventFile, opened_in_turn
from events.load import LoadedEvents, load_files
from events.sample import as_csv, sample_events
from events.table import existing_table
from events.view import View, view_of
from postgres.connection import start_reading
from retention.questions import number_of


def load_events(
    connection: Connection, options: SimpleNamespace
) -> tuple[View, LoadedEvents | None]:
    """The view over the events of the options, and what was in the files; then only read.

    Raises `UserError` for a table, file, row or time zone that cannot be used.
    """
    files = None
    if options.table is not None:
        sources = [existing_table(connection, options.table, options.columns)]
    else:
        if options.events:
            opened = opened_in_turn(options.events)
        else:
            opened = [EventFile("sample events", BytesIO(as_csv(sample_events(options.seed))))]
        skip_bad_rows = options.on_bad_row == "skip"
        files = load_files(connection, opened, options.columns, skip_bad_rows, options.time_format)
        sources = files.sources()
    view = view_of(connection, sources, options.time_zone)
    start_reading(connection)
    return view, files


def source_name(options: SimpleNamespace) -> str:
    """What the events of the options are called in an answer."""
    if options.table is not None:
        return options.table
    if not options.events:
        return f"sample events, seed {options.seed}"
    first, *others = options.events
    more = f" and {number_of(len(others), 'more file')}" if others else ""
    return f"{'stdin' if first == '-' else first}{more}"
