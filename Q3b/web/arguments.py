"""What the API takes: arguments checked one by one, a key if one is set, nothing large."""

from common.command import UserError

import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, Request, request
from werkzeug.datastructures import MultiDict, WWWAuthenticate
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, ServiceUnavailable, Unauthorized

LONGEST_USER_ID = 256  # characters
LONGEST_COUNTRY = 64  # characters
HIGHEST_AGE = 120  # years
USUAL_LIMIT, HIGHEST_LIMIT = 20, 1000  # items; the job keeps at most so many
LARGEST_BODY = 65_536  # bytes
MOST_USERS = 1_000  # of a batch
LONGEST_ITEM_ID = 512  # characters
LONGEST_SEARCH = 100  # characters
BODIES_AT_ONCE = 2  # read by a process: the rest of its threads never wait for a slow client
OPEN_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/static/", "/favicon.ico")


def whole_number(low: int, high: int) -> Callable[[str, str], int]:
    """A reader of whole numbers from `low` to `high`; it raises BadRequest for anything else."""

    def read(name: str, text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high:
            return int(text)
        raise BadRequest(f"{name} must be a whole number from {low} to {high}.")

    return read


def short_text(longest: int) -> Callable[[str, str], str]:
    """A reader of texts of 1 to `longest` characters; it raises BadRequest for anything else."""

    def read(name: str, text: str) -> str:
        if 1 <= len(text) <= longest:
            return text
        raise BadRequest(f"{name} must have 1 to {longest} characters.")

    return read


read_limit = whole_number(1, HIGHEST_LIMIT)
read_age = whole_number(0, HIGHEST_AGE)
read_fallback = whole_number(0, 1)
read_country = short_text(LONGEST_COUNTRY)
read_user_id = short_text(LONGEST_USER_ID)
read_item_id = short_text(LONGEST_ITEM_ID)
read_search = short_text(LONGEST_SEARCH)
reading = threading.BoundedSemaphore(BODIES_AT_ONCE)


def read_arguments(arguments: MultiDict, readers: dict[str, Callable]) -> dict:
    """The values of the given arguments by name, absent ones left out.

    Raises BadRequest for an argument that has no reader, stands twice or has a wrong value.
    """
    for name, values in arguments.lists():
        if name not in readers:
            raise BadRequest(f"There is no argument {name!r} here; use {', '.join(readers)}.")
        if len(values) > 1:
            raise BadRequest(f"{name} is given {len(values)} times; give it once.")
    return {name: readers[name](name, text) for name, text in arguments.items()}


@contextmanager
def one_of_few() -> Iterator[None]:
    """Be one of the few requests whose body is read. Raises ServiceUnavailable if they are many."""
    if not reading.acquire(blocking=False):
        raise ServiceUnavailable("Many bodies are being read; try again.", retry_after=1)
    try:
        yield
    finally:
        reading.release()


def has_surrogates(text: str) -> bool:
    """Whether a text holds halves of characters, which JSON can write and no id has."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def presented_key(asked: Request) -> str:
    """The key of a request: a bearer token, or the password that a browser asks for."""
    shown = asked.authorization
    if shown is None:
        return ""
    return (shown.token if shown.type == "bearer" else shown.password) or ""


def guard(app: Flask) -> None:
    """Refuse large bodies, and requests without the key if `API_KEY` is set.

    Probes, metrics, the description, style sheet and icon stay open, and so does the question that
    a browser asks before its request (OPTIONS): they tell nothing of users.
    Raises UserError for a key that no header can carry.
    """
    key = app.config["API_KEY"]
    if not key.isascii():
        raise UserError("RECOMMENDER_API_KEY must be of ASCII characters: it travels in a header")

    @app.before_request
    def check() -> None:
        if (request.content_length or 0) > LARGEST_BODY:
            raise RequestEntityTooLarge(f"A body may have {LARGEST_BODY:,} bytes.")
        if not key or request.method == "OPTIONS" or request.path.startswith(OPEN_PATHS):
            return
        if not hmac.compare_digest(presented_key(request).encode(), key.encode()):
            scheme = "basic" if request.path == "/" else "bearer"
            raise Unauthorized(
                "Send the key: 'Authorization: Bearer KEY'; a browser asks for it as a password.",
                www_authenticate=WWWAuthenticate(scheme, {"realm": "recommendations"}),
            )
