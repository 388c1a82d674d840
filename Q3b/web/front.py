"""The short way to the answers that are asked for most, past Flask.

A plain GET of recommendations costs a third of what it costs through Flask. All that is odd in a
request goes on to Flask, which answers every request and would answer the plain ones the same.
"""

import hmac
import re
import time
from collections.abc import Callable, Iterable

from flask import Flask

from store.protocol import Listed, StoreError
from web.answers import HEADERS, cache_control, entity_tag, list_body, vary
from web.arguments import HIGHEST_LIMIT, USUAL_LIMIT
from web.encoding import encoded
from web.routes import NEWCOMER_ROUTE, USER_ROUTE

PLAIN_PATH = re.compile(r"/(?:users/([\w.~@:+-]{1,256})|new-user)/recommendations", re.ASCII)
PLAIN_QUERY = re.compile(rf"(?:limit=([1-9]\d{{0,2}}|{HIGHEST_LIMIT}))?", re.ASCII)


class Front:
    """A WSGI app that answers plain requests and hands the others to `app`."""

    def __init__(self, app: Flask):
        self.flask = app.wsgi_app
        self._store = app.extensions["store"]
        self._metrics = app.extensions["metrics"]
        key = app.config["API_KEY"]
        self._authorization = f"Bearer {key}".encode() if key else b""
        self._headers = [
            *HEADERS.items(),
            ("Vary", vary(app.config["ALLOW_ORIGIN"])),
            ("Cache-Control", cache_control(app.config["CACHE_SECONDS"])),
        ]

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        """Answer a request, by WSGI (PEP 3333)."""
        started = time.perf_counter()
        path = PLAIN_PATH.fullmatch(environ["PATH_INFO"])
        query = path and PLAIN_QUERY.fullmatch(environ["QUERY_STRING"])
        listed = self._listed(path[1], query[1]) if query and self._is_plain(environ) else None
        tag = listed and not listed.stale and entity_tag(listed)
        if not tag or environ.get("HTTP_IF_NONE_MATCH", tag) != tag:
            return self.flask(environ, start_response)
        if "HTTP_IF_NONE_MATCH" in environ:
            status, headers, body = "304 NOT MODIFIED", [], b""
        else:
            status = "200 OK"
            headers, body = list_response(listed, path[1], environ.get("HTTP_ACCEPT_ENCODING", ""))
        start_response(status, [*self._headers, ("ETag", tag), *headers])
        route = USER_ROUTE if path[1] else NEWCOMER_ROUTE
        self._metrics.count_list(listed.rule)
        self._metrics.count_request(route, status[:3], time.perf_counter() - started)
        return [body]

    def _is_plain(self, environ: dict) -> bool:
        """Whether a request is a GET with nothing odd about it, and has the key if one is set."""
        if (
            environ["REQUEST_METHOD"] != "GET"
            or environ.get("HTTP_ORIGIN")
            or environ.get("CONTENT_LENGTH")
        ):
            return False
        if not self._authorization:
            return True
        shown = environ.get("HTTP_AUTHORIZATION", "").encode()
        return hmac.compare_digest(shown, self._authorization)

    def _listed(self, user_id: str | None, limit: str | None) -> Listed | None:
        """The items for a user or of a newcomer; None where Flask has to say what is wrong."""
        try:
            if user_id is None:
                return self._store.new_user_list("", "", int(limit or USUAL_LIMIT))
            return self._store.user_list(user_id, int(limit or USUAL_LIMIT))
        except StoreError:
            return None


def list_response(
    listed: Listed, user_id: str | None, accept: str
) -> tuple[list[tuple[str, str]], bytes]:
    """The headers that describe the body, and the body."""
    body, coding = encoded(list_body(listed, user_id), accept)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return headers + [("Content-Encoding", coding)] * bool(coding), body
