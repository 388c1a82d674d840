"""The peers of q3b_api.py: WSGI apps on the API's own server, with the same settings.

`blob` is a usual Flask app that reads a user's answer as one JSON text from SQLite; `bare` sends a
body of a given size in bytes and does nothing else.
"""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from flask import Flask, Response, abort

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q3b"))

HOST = "127.0.0.1"


def blob_app(database: str) -> Flask:
    """The Flask app over a table of JSON texts; newcomers are the user ''."""
    app, threads = Flask(__name__), threading.local()

    @app.get("/healthz")
    def healthz() -> dict:
        return {"status": "alive"}

    @app.get("/new-user/recommendations", defaults={"user_id": ""})
    @app.get("/users/<user_id>/recommendations")
    def recommendations(user_id: str) -> Response:
        if not hasattr(threads, "connection"):
            threads.connection = sqlite3.connect(database)
        query = "SELECT answer FROM answers WHERE user_id = ?"
        row = threads.connection.execute(query, [user_id]).fetchone()
        return Response(row[0], content_type="application/json") if row else abort(404)

    return app


def bare_app(length: str) -> Callable:
    """The WSGI app that sends a body of that length."""

    def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", length)])
        return [b" " * int(length)]

    return app


def main(kind: str, port: str, workers: str, threads: str, argument: str) -> None:
    """Serve one of the peers: `blob` over the file `argument`, or `bare` of that many bytes."""
    from web.server import serve

    app = {"blob": blob_app, "bare": bare_app}[kind]
    serve(HOST, int(port), int(workers), int(threads), loader=partial(app, argument))
