"""Failures as problem documents (RFC 9457), and the headers that every response carries."""

from common.command import OutsideError

from flask import Flask, Response, current_app, json, request
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from web.answers import HEADERS, vary

RETRY_SECONDS = 5
NO_PATH = "Nothing is at this path; GET /openapi.json describes all that there are."


def problem(error: HTTPException) -> Response:
    """The problem document of an HTTP error, with the headers that belong to the error."""
    detail = NO_PATH if error.description == NotFound.description else error.description
    document = {"title": error.name, "status": error.code, "detail": detail}
    response = Response(json.dumps(document), error.code, content_type="application/problem+json")
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def unavailable(error: OutsideError) -> ServiceUnavailable:
    """The HTTP error of a store that is down: the cause goes to the log, not to the client."""
    current_app.logger.warning("%s: %s", request.path, error)
    return ServiceUnavailable("The store does not answer; try again.", retry_after=RETRY_SECONDS)


def describe_failures(app: Flask) -> None:
    """Answer every failure of `app` by a problem document, and add the headers to all."""
    app.register_error_handler(HTTPException, problem)
    app.register_error_handler(OutsideError, lambda error: problem(unavailable(error)))

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        response.headers["Vary"] = vary(app.config["ALLOW_ORIGIN"])
        return response
