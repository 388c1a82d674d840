"""Structured logs: one JSON object a line on standard error, for programs that collect logs."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

LOG_FORMATS = ("text", "json")


def log_line(level: str, message: str, **fields: object) -> str:
    """Return a line of the log with the time (ISO 8601, UTC), its level, message and fields."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": now, "level": level, "message": message} | fields, default=str)


@contextmanager
def logged(run_id: str, step: str, log_format: str) -> Iterator[None]:
    """Log, if `log_format` is json, when a step of a run begins and how it ends.

    A failure that has an exit code is logged in place of the line that the command would print.
    """
    if log_format != "json":
        yield
        return
    fields, begun = {"run_id": run_id, "step": step}, time.monotonic()

    def log(level: str, message: str, **more: object) -> None:
        click.echo(log_line(level, message, **fields, **more), err=True)

    log("info", "started")
    try:
        yield
    except click.ClickException as error:
        log("error", error.format_message(), exit_code=error.exit_code)
        sys.exit(error.exit_code)
    except BaseException as error:  # the command reports it; this line has the run's id
        log("error", "ended early", reason=type(error).__name__)
        raise
    log("info", "finished", seconds=round(time.monotonic() - begun, 1))
