"""Rows from the server to a file by COPY, which Ctrl-C ends at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import IO

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import get_wait_callback, set_wait_callback

ATTENTION_SECONDS = 0.2  # Windows does not interrupt a wait


def copy_out(connection: Connection, rows: str, options: str, file: IO) -> None:
    """Write the rows of a statement to a file, as CSV with more `options` of COPY.

    They come as the server finds them and are not kept in memory. Another thread writes them: one
    that waits for the server in COPY is deaf to Ctrl-C.
    """
    copy = f"COPY ({rows}) TO STDOUT (FORMAT csv, {options})"
    with connection.cursor() as cursor, without_waiting(), ThreadPoolExecutor(1) as thread:
        copied = thread.submit(cursor.copy_expert, copy, file)
        try:
            while not wait([copied], ATTENTION_SECONDS).done:
                pass
        except KeyboardInterrupt:
            connection.cancel()
            raise
        copied.result()


@contextmanager
def without_waiting() -> Iterator[None]:
    """Let COPY work, which it does not while a callback waits for the server."""
    callback = get_wait_callback()
    set_wait_callback(None)
    try:
        yield
    finally:
        set_wait_callback(callback)
