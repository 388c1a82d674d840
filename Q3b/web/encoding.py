"""Bodies made smaller for clients that take them so: zstd or gzip, by Accept-Encoding."""

import gzip
import sys
from functools import lru_cache

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST_BYTES = 1_000  # less than one packet of a network saves nothing
CODINGS = ("zstd", "gzip")  # the first is faster and smaller
LEVEL = 3  # of both


@lru_cache(maxsize=256)
def accepted_coding(header: str) -> str | None:
    """The coding that a client prefers by its Accept-Encoding; None: the body as it is."""
    found = parse_accept_header(header, Accept).best_match([*CODINGS, "identity"])
    return found if found in CODINGS else None


def encoded(body: bytes, accept: str) -> tuple[bytes, str | None]:
    """The body and its Content-Encoding, if it is worth one."""
    coding = accepted_coding(accept) if accept and len(body) >= LEAST_BYTES else None
    match coding:
        case "zstd":
            return zstd.compress(body, LEVEL), coding
        case "gzip":
            return gzip.compress(body, LEVEL, mtime=0), coding
    return body, None


def encode_bodies(app: Flask) -> None:
    """Let `app` encode the bodies of its answers."""

    @app.after_request
    def encode(response: Response) -> Response:
        if response.direct_passthrough or response.status_code != 200:
            return response
        body, coding = encoded(response.get_data(), request.headers.get("Accept-Encoding", ""))
        if coding:
            response.set_data(body)
            response.headers["Content-Encoding"] = coding
        return response
