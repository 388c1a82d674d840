"""What the API answers, one function per resource: lists of items, probes, its description."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound, ServiceUnavailable

from listening.age_groups import age_group
from store.protocol import Listed, Run, Store, StoreError
from web.answers import list_body, validators
from web.arguments import (
    USUAL_LIMIT,
    read_age,
    read_arguments,
    read_country,
    read_fallback,
    read_limit,
    read_user_id,
)
from web.openapi.document import openapi_document

USER_ROUTE = "/users/<path:user_id>/recommendations"
NEWCOMER_ROUTE = "/new-user/recommendations"
routes = Blueprint("routes", __name__)


def store() -> Store:
    """The store of the app that handles the request."""
    return current_app.extensions["store"]


@routes.get(USER_ROUTE)
def user_recommendations(user_id: str) -> Response:
    """A user's items; 404 for an unknown user, or with `fallback` everybody's items."""
    read_user_id("The user id", user_id)
    arguments = read_arguments(request.args, {"limit": read_limit, "fallback": read_fallback})
    limit = arguments.get("limit", USUAL_LIMIT)
    found = store().user_list(user_id, limit)
    if found is None and not arguments.get("fallback"):
        raise unknown_user(user_id)
    return listed(found or store().new_user_list("", "", limit), user_id)


@routes.get(NEWCOMER_ROUTE)
def new_user_recommendations() -> Response:
    """Items for a user without history, by country and age if they are known."""
    readers = {"country": read_country, "age": read_age, "limit": read_limit}
    arguments = read_arguments(request.args, readers)
    country, group = arguments.get("country", ""), age_group(arguments.get("age"))
    return listed(store().new_user_list(country, group, arguments.get("limit", USUAL_LIMIT)), None)


def unknown_user(user_id: str) -> NotFound | ServiceUnavailable:
    """The error of a user whom the set does not know; of the store, if there is no set."""
    if store().current() is None:
        return nothing_published()
    return NotFound(f"There is no user {user_id!r} in the published set.")


def listed(found: Listed | None, user_id: str | None) -> Response:
    """The answer made of a list, cacheable until the next set is published."""
    if found is None:
        raise nothing_published()
    current_app.extensions["metrics"].count_list(found.rule)
    if not found.stale and request.if_none_match.contains_weak(found.run.version):
        response = Response(status=304)
    else:
        response = Response(list_body(found, user_id), content_type="application/json")
    response.headers.update(validators(found, current_app.config["CACHE_SECONDS"]))
    return response


def nothing_published() -> ServiceUnavailable:
    """The error of a store that no run has filled yet."""
    return ServiceUnavailable("Nothing has been published yet: run the daily job.", retry_after=60)


@routes.get("/healthz")
def healthz() -> dict:
    """Whether the process answers; it asks nothing of the store."""
    return {"status": "alive"}


@routes.get("/readyz")
def readyz() -> dict:
    """Whether the store answers and what it holds is fresh."""
    run = store().current()
    if run is None:
        raise nothing_published()
    hours = hours_old(run)
    if hours > current_app.config["FRESH_HOURS"]:
        raise ServiceUnavailable(f"The set is {hours:.1f} hours old.", retry_after=60)
    with suppress(StoreError):  # a probe makes the index of a new set ready before visitors come
        current_app.extensions["index"].of(run)
    return {"status": "ready", "version": run.version, "generated_at": run.generated_at}


def hours_old(run: Run) -> float:
    """Hours since the run's set was generated."""
    return (datetime.now(UTC) - datetime.fromisoformat(run.generated_at)).total_seconds() / 3600


@routes.get("/openapi.json")
def openapi() -> dict:
    """The description of this API, whose items have the fields of the published set."""
    try:
        return openapi_document(store().current())
    except StoreError:
        return openapi_document(None)
