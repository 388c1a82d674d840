"""What the API answers, one function per resource: lists of artists, probes, its description."""

from datetime import UTC, datetime

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound, ServiceUnavailable

from listening.age_groups import age_group
from store.protocol import Run, Store
from web.arguments import (
    USUAL_LIMIT,
    read_age,
    read_arguments,
    read_country,
    read_limit,
    read_strict,
    read_user_id,
)
from web.openapi import openapi_document

routes = Blueprint("routes", __name__)


def store() -> Store:
    """The store of the app that handles the request."""
    return current_app.extensions["store"]


@routes.get("/users/<path:user_id>/recommendations", provide_automatic_options=False)
def user_recommendations(user_id: str) -> Response:
    """A user's artists; for an unknown one everybody's, or 404 if `strict`."""
    read_user_id("The user id", user_id)
    arguments = read_arguments(request.args, {"limit": read_limit, "strict": read_strict})
    item = store().user(user_id)
    if item is None and arguments.get("strict"):
        raise NotFound(f"There is no user {user_id!r} in the published set.")
    return listed(item or store().new_user(), user_id, arguments)


@routes.get("/new-user/recommendations", provide_automatic_options=False)
def new_user_recommendations() -> Response:
    """Artists for a listener without history, by country and age if they are known."""
    readers = {"country": read_country, "age": read_age, "limit": read_limit}
    arguments = read_arguments(request.args, readers)
    item = store().new_user(arguments.get("country", ""), age_group(arguments.get("age")))
    return listed(item, None, arguments)


def listed(item: dict | None, user_id: str | None, arguments: dict) -> Response:
    """The answer made of a store's item, cacheable until the next set is published."""
    if item is None:
        raise nothing_published()
    current_app.extensions["metrics"].answers.labels(item["rule"]).inc()
    artists = item["artists"][: arguments.get("limit", USUAL_LIMIT)]
    fields = {name: item[name] for name in ("rule", "version", "generated_at")}
    body = orjson.dumps({"user_id": user_id} | fields | {"artists": artists})
    return cacheable(Response(body, content_type="application/json"), item["version"])


def cacheable(response: Response, version: str) -> Response:
    """The response with its validators; 304 if the client holds this version already."""
    response.set_etag(version, weak=True)
    response.cache_control.private = True
    response.cache_control.max_age = int(current_app.config["CACHE_SECONDS"])
    return response.make_conditional(request) if "If-None-Match" in request.headers else response


def nothing_published() -> ServiceUnavailable:
    """The error of a store that no run has filled yet."""
    return ServiceUnavailable("Nothing was published yet: run the daily job.", retry_after=60)


@routes.get("/healthz", provide_automatic_options=False)
def healthz() -> dict:
    """Whether the process answers; it asks nothing of the store."""
    return {"status": "alive"}


@routes.get("/readyz", provide_automatic_options=False)
def readyz() -> dict:
    """Whether the store answers and what it holds is fresh."""
    run = store().current()
    if run is None:
        raise nothing_published()
    hours = hours_old(run)
    if hours > current_app.config["FRESH_HOURS"]:
        raise ServiceUnavailable(f"The set is {hours:.1f} hours old.", retry_after=60)
    return {"status": "ready", "version": run.version, "generated_at": run.generated_at}


def hours_old(run: Run) -> float:
    """Hours since the run's set was generated."""
    return (datetime.now(UTC) - datetime.fromisoformat(run.generated_at)).total_seconds() / 3600


@routes.get("/openapi.json", provide_automatic_options=False)
def openapi() -> dict:
    """The description of this API."""
    return openapi_document()
