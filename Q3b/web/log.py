"""The API's structured logs: each request and each message with the id of its request."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar

from flask import Flask

from job.log import log_line

REQUEST_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)
USER = re.compile(r"^/users/.*(?=/(?:recommendations|marks)$)", re.DOTALL)
current_id: ContextVar[str | None] = ContextVar("current_id", default=None)


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON, with the id of the request under way."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; the record's `fields`, if it has any, are in it."""
        fields = getattr(record, "fields", {})
        if request_id := current_id.get():
            fields = {"request_id": request_id} | fields
        if record.exc_info:
            fields = fields | {"traceback": self.formatException(record.exc_info)}
        return log_line(record.levelname.lower(), record.getMessage(), **fields)


class RequestLog:
    """A WSGI app that logs the requests of `app` and gives each an id.

    The id is the one that a proxy sent as X-Request-Id, or a new one; the answer has it too.
    Neither the user's id nor the query is logged: a log is not cleared when users are forgotten.
    """

    def __init__(self, app: Callable, logger: logging.Logger):
        self._app, self._logger = app, logger

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Answer a request, by WSGI (PEP 3333)."""
        begun, given = time.perf_counter(), environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token, status = current_id.set(request_id), []

        def start(line: str, headers: list, *rest: object) -> Callable:
            status.append(int(line[:3]))
            return start_response(line, [*headers, ("X-Request-Id", request_id)], *rest)

        try:
            return self._app(environ, start)
        finally:
            fields = {
                "method": environ["REQUEST_METHOD"],
                "path": USER.sub("/users/ID", environ["PATH_INFO"]),
                "status": status[-1] if status else 500,
                "seconds": round(time.perf_counter() - begun, 6),
            }
            self._logger.info("request", extra={"fields": fields})
            current_id.reset(token)


def log_as_json(app: Flask) -> None:
    """Log the requests and messages of `app` as JSON on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    app.logger.handlers = [handler]
    app.logger.propagate = False
    app.logger.setLevel(logging.INFO)
    app.wsgi_app = RequestLog(app.wsgi_app, app.logger)
