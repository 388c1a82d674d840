"""Recommendations for a taste that comes with the request, by the index of the published set."""

import numpy as np
import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest, NotFound, ServiceUnavailable

from recommender.lists import TOP_ARTIST
from store.items import recommended_items, significant
from store.protocol import Run, StoreError
from taste.index import Index, NoIndexError
from taste.scores import own_of, recommended, similar
from web.answers import cache_control
from web.arguments import (
    USUAL_LIMIT,
    one_of_few,
    read_arguments,
    read_item_id,
    read_limit,
    read_search,
)
from web.asked import Asked, entries_of, read_taste
from web.routes import nothing_published, store

taste = Blueprint("taste", __name__)
NOTHING = np.empty(0, TOP_ARTIST)


@taste.post("/recommendations")
def taste_recommendations() -> Response:
    """The items for a taste, merged with what the set knows of the user if one is named."""
    read_arguments(request.args, {})
    with one_of_few():
        asked = read_taste(request.get_json())
    body = taste_body(asked, *set_for(asked.user_id))
    current_app.extensions["metrics"].count_list(body["rule"])
    response = as_json(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def taste_body(asked: Asked, run: Run, stored: np.ndarray, index: Index) -> dict:
    """The answer for a taste."""
    artists, values, unknown = entries_of(asked, stored, index)
    own = own_of(index, artists, values)
    played_too = run.report.get("settings", {}).get("include_played", False)
    rule, found = recommended(index, own, asked.limit, played_too)
    return {
        "user_id": asked.user_id,
        "rule": rule,
        **about(run),
        "stored": len(stored),
        "unknown": unknown,
        "items": recommended_items(index.shown, index.named, found),
    }


@taste.get("/items")
def search_items() -> Response:
    """The items whose names hold a text, the most played first."""
    arguments = read_arguments(request.args, {"search": read_search, "limit": read_limit})
    if "search" not in arguments:
        raise BadRequest("search is missing: a part of a name.")
    run, index = ready_set()
    found = index.search(arguments["search"], arguments.get("limit", USUAL_LIMIT))
    items = [index.shown(item) | {"listeners": len(index.listeners_of(item))} for item in found]
    return cacheable(run, about(run) | {"items": items})


@taste.get("/items/<path:item_id>/similar")
def similar_items(item_id: str) -> Response:
    """What listeners of an item play as well."""
    read_item_id("The item id", item_id)
    limit = read_arguments(request.args, {"limit": read_limit}).get("limit", USUAL_LIMIT)
    run, index = ready_set()
    return cacheable(run, similar_body(item_id, run, index, limit))


def similar_body(item_id: str, run: Run, index: Index, limit: int) -> dict:
    """The answer for an item. Raises NotFound if the set has no such item."""
    number = index.number_of(item_id)
    if number is None:
        raise NotFound(f"There is no item {item_id!r} in the published set.")
    items = [
        index.shown(other) | {"score": significant(score), "listeners": listeners}
        for other, score, listeners in similar(index, number, limit)
    ]
    return {"item": index.shown(number)} | about(run) | {"items": items}


def set_for(user_id: str | None) -> tuple[Run, np.ndarray, Index]:
    """The set to answer by, what it holds of a user's own items, and its index.

    Nothing is known of an unknown user, or of none.
    """
    run, own = store().own(user_id) if user_id is not None else (store().current(), None)
    ready, index = index_of(run)
    if own is not None and ready.version != run.version:
        _, own = store().own(user_id, ready)
    return ready, NOTHING if own is None else own, index


def ready_set() -> tuple[Run, Index]:
    """The set to answer by, and its index."""
    return index_of(store().current())


def index_of(run: Run | None) -> tuple[Run, Index]:
    """The set to answer by while `run` is published, and its index.

    Raises ServiceUnavailable if nothing is published, or the set has no index.
    """
    if run is None:
        raise nothing_published()
    try:
        return current_app.extensions["index"].of(run)
    except StoreError as error:
        current_app.logger.warning("%s: %s", request.path, error)
        if isinstance(error, NoIndexError):
            why = "index missing: the published set has none; run the daily job."
            raise ServiceUnavailable(why, retry_after=60) from None
        why = "The index of the published set is not ready yet; try again."
        raise ServiceUnavailable(why, retry_after=5) from None


def about(run: Run) -> dict:
    """What every answer says of the set that it is of."""
    return {"version": run.version, "generated_at": run.generated_at}


def as_json(body: dict) -> Response:
    """A document as a response."""
    return Response(orjson.dumps(body), content_type="application/json")


def cacheable(run: Run, body: dict) -> Response:
    """A document that a client may keep until the next set is published."""
    response = as_json(body)
    response.headers["Cache-Control"] = cache_control(current_app.config["CACHE_SECONDS"])
    response.set_etag(run.version, weak=True)
    return response.make_conditional(request)
