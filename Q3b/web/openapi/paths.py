"""The resources of the API by their paths."""

from web.arguments import (
    HIGHEST_AGE,
    HIGHEST_LIMIT,
    LONGEST_COUNTRY,
    LONGEST_ITEM_ID,
    LONGEST_SEARCH,
    LONGEST_USER_ID,
    USUAL_LIMIT,
)
from web.openapi.operations import (
    batch_operation,
    items_operation,
    listing,
    marks_operations,
    operation,
    taste_operation,
)
from web.openapi.parts import TIME, argument, content, fields, problems, text, whole


def paths(names: str) -> dict:
    """Every resource but the page; `names` are what items are called."""
    limit = argument(
        "limit", whole(1, HIGHEST_LIMIT, default=USUAL_LIMIT), f"How many {names} at most."
    )
    return stored_lists(names, limit) | any_taste(names, limit) | about_the_api()


def stored_lists(names: str, limit: dict) -> dict:
    """The resources that answer by the lists of the published set."""
    fallback = argument(
        "fallback", {"enum": [0, 1], "default": 0}, f"1: an unknown user gets everybody's {names}."
    )
    country = argument("country", text(LONGEST_COUNTRY), "As the profiles spell it.")
    age = argument("age", whole(0, HIGHEST_AGE), "Years.")
    return {
        "/users/{user_id}/recommendations": listing(
            "userRecommendations",
            f"The {names} for a user",
            *(400, 401, 404, 503),
            parameters=[user_id(), limit, fallback],
        ),
        "/new-user/recommendations": listing(
            "newUserRecommendations",
            f"The {names} for a newcomer",
            *(400, 401, 503),
            parameters=[country, age, limit],
        ),
        "/batch": batch_operation(names),
    }


def any_taste(names: str, limit: dict) -> dict:
    """The resources that answer by the index of the published set, and marks."""
    item_id = argument("item_id", text(LONGEST_ITEM_ID), "The item's own id.", "path")
    search = argument("search", text(LONGEST_SEARCH), "Case and accents do not count.")
    return {
        "/recommendations": taste_operation(names),
        "/users/{user_id}/marks": marks_operations(user_id()),
        "/items": items_operation(
            "searchItems",
            f"The {names} whose names hold a text, the most played first",
            "FoundItems",
            parameters=[search | {"required": True}, limit],
        ),
        "/items/{item_id}/similar": items_operation(
            "similarItems",
            f"The {names} that users of one play as well",
            "SimilarItems",
            404,
            parameters=[item_id, limit],
        ),
    }


def about_the_api() -> dict:
    """The resources for who runs the API."""
    ready = fields(status={"const": "ready"}, version={"type": "string"}, generated_at=TIME)
    return {
        "/healthz": operation(
            "health", "The process is alive", content(fields(status={"const": "alive"}))
        ),
        "/readyz": operation(
            "readiness", "The store answers and is fresh", content(ready), problems(503)
        ),
        "/metrics": operation(
            "metrics", "Figures for Prometheus", content({"type": "string"}, "text/plain")
        ),
        "/openapi.json": operation("description", "This document", content({"type": "object"})),
    }


def user_id() -> dict:
    """The argument that names a user."""
    return argument("user_id", text(LONGEST_USER_ID), "The id in the app's database.", "path")
