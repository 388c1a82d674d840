"""The description of the API in OpenAPI 3.1, served at `/openapi.json`."""

from collections.abc import Sequence

from recommender.lists import FILLED_BY, RULES
from store.protocol import Run
from web.arguments import (
    HIGHEST_AGE,
    HIGHEST_LIMIT,
    LONGEST_COUNTRY,
    LONGEST_ITEM_ID,
    LONGEST_SEARCH,
    LONGEST_USER_ID,
    MOST_USERS,
    USUAL_LIMIT,
)
from web.asked import LISTS, MARKS, MOST_PLAYS

NAMES = {
    400: "A wrong argument",
    401: "The key is missing or wrong",
    404: "An unknown user and no `fallback`, an unknown item, or marks that are not kept",
    413: "The body is too large",
    415: "The body is not JSON",
    503: "The store is down or holds nothing fresh; Retry-After says when to try again",
}
TIME = {"type": "string", "format": "date-time"}


def reference(schema: str) -> dict:
    """A reference to one of the components."""
    return {"$ref": f"#/components/schemas/{schema}"}


def content(schema: dict, media_type: str = "application/json") -> dict:
    """A body of one media type."""
    return {"content": {media_type: {"schema": schema}}}


def fields(**properties: dict) -> dict:
    """An object that has just these properties, all of them."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def argument(name: str, schema: dict, description: str, place: str = "query") -> dict:
    """One argument of a request."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": schema, "description": description} | required


def problems(*statuses: int) -> dict:
    """The problem documents of some statuses."""
    retry = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {
        str(status): {"description": NAMES[status]}
        | content(reference("Problem"), "application/problem+json")
        | ({"headers": retry} if status == 503 else {})
        for status in statuses
    }


def operation(name: str, summary: str, success: dict, failures: dict | None = None, **more) -> dict:
    """A resource that is read by GET."""
    responses = {"200": {"description": summary} | success} | (failures or {})
    return {"get": {"operationId": name, "summary": summary, "responses": responses} | more}


def listing(name: str, summary: str, *statuses: int, parameters: list[dict]) -> dict:
    """A resource that answers by a list of items, with the validators of its version."""
    success = content(reference("Recommendations")) | {
        "headers": {
            "ETag": {"schema": {"type": "string"}, "description": "Of the published version."},
            "Cache-Control": {"schema": {"type": "string"}},
        }
    }
    bare = {
        "304": {"description": "The client's copy is still right"},
        "431": {"description": "An overlong address"},
    }
    failures = bare | problems(*statuses)
    security = [{}, {"key": []}]
    return operation(
        name, summary, success, failures, parameters=parameters, security=security, tags=["items"]
    )


def batch_operation(names: str) -> dict:
    """The resource that answers for many users at once."""
    users = {"type": "array", "items": text(LONGEST_USER_ID), "minItems": 1, "uniqueItems": True}
    asked = fields(users=users | {"maxItems": MOST_USERS})
    asked["properties"]["limit"] = whole(1, HIGHEST_LIMIT, default=USUAL_LIMIT)
    operation_of_get = operation(
        "batchRecommendations",
        f"The {names} for many users, all of one published set",
        content(reference("Batch")),
        problems(400, 401, 413, 415, 503),
        requestBody=content(asked) | {"required": True},
        security=[{}, {"key": []}],
        tags=["items"],
    )
    return {"post": operation_of_get["get"]}


def taste_operation(names: str) -> dict:
    """The resource that answers for a taste which comes with the request."""
    by_item = {"type": "object", "propertyNames": text(LONGEST_ITEM_ID)}
    marks = (
        "By item id. like: counts as an average item of the user. dislike: is not shown, its plays "
        "do not count. block: is not shown. none: the stored mark no longer holds."
    )
    lists = {
        name: {
            "type": "array",
            "items": text(LONGEST_ITEM_ID),
            "description": f"Items with the mark {mark}.",
        }
        for name, mark in LISTS.items()
    }
    asked = fields(
        user_id=text(LONGEST_USER_ID) | {"description": "Whose stored items are added."},
        plays=by_item
        | {"additionalProperties": whole(1, MOST_PLAYS), "description": "By item id."},
        **lists,
        marks=by_item | {"additionalProperties": {"enum": list(MARKS)}, "description": marks},
        limit=whole(1, HIGHEST_LIMIT, default=USUAL_LIMIT),
    )
    asked["required"] = []
    made = operation(
        "tasteRecommendations",
        f"The {names} for a taste",
        content(reference("TasteRecommendations")),
        problems(400, 401, 413, 415, 503),
        requestBody=content(asked) | {"required": True},
        security=[{}, {"key": []}],
        tags=["items"],
    )
    return {"post": made["get"]}


def marks_operations(user_id: dict) -> dict:
    """The resource that keeps what a user says of items, in a database whose texts have no NUL."""
    without_nul = {"pattern": r"^[^\u0000]*$"}
    user_id = user_id | {"schema": user_id["schema"] | without_nul}
    by_item = {"type": "object", "propertyNames": text(LONGEST_ITEM_ID) | without_nul}
    said = by_item | {"additionalProperties": {"enum": list(MARKS)}}
    body = fields(user_id={"type": "string"}, marks=said)
    more = {"parameters": [user_id], "security": [{}, {"key": []}], "tags": ["items"]}
    failures = problems(400, 401, 404, 413, 415, 503) | {
        "431": {"description": "An overlong address"}
    }
    read = operation(
        "marks", "What a user said of items", content(body), problems(400, 401, 404, 503), **more
    )
    read["get"]["responses"] |= {"431": failures["431"]}
    kept = operation(
        "keepMarks",
        "Keep what a user says of items, where the app keeps plays",
        content(body),
        failures,
        requestBody=content(fields(marks=said)) | {"required": True},
        **more,
    )
    return read | {"post": kept["get"]}


def items_operation(name: str, summary: str, schema: str, *statuses: int, **more) -> dict:
    """A resource that answers by items of the index."""
    bare = {"304": {"description": "The client's copy is still right"}}
    bare["431"] = {"description": "An overlong address"}
    failures = bare | problems(400, 401, *statuses, 503)
    security = [{}, {"key": []}]
    success = content(reference(schema))
    return operation(name, summary, success, failures, security=security, tags=["items"], **more)


def whole(low: int, high: int, **more) -> dict:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": low, "maximum": high} | more


def text(longest: int) -> dict:
    """A text that is not empty."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


def paths(names: str) -> dict:
    """Every resource but the page; `names` are what items are called."""
    limit = argument(
        "limit", whole(1, HIGHEST_LIMIT, default=USUAL_LIMIT), f"How many {names} at most."
    )
    fallback = argument(
        "fallback", {"enum": [0, 1], "default": 0}, f"1: an unknown user gets everybody's {names}."
    )
    user_id = argument("user_id", text(LONGEST_USER_ID), "The id in the app's database.", "path")
    country = argument("country", text(LONGEST_COUNTRY), "As the profiles spell it.")
    item_id = argument("item_id", text(LONGEST_ITEM_ID), "The item's own id.", "path")
    search = argument("search", text(LONGEST_SEARCH), "Case and accents do not count.")
    age = argument("age", whole(0, HIGHEST_AGE), "Years.")
    ready = fields(status={"const": "ready"}, version={"type": "string"}, generated_at=TIME)
    return {
        "/users/{user_id}/recommendations": listing(
            "userRecommendations",
            f"The {names} for a user",
            *(400, 401, 404, 503),
            parameters=[user_id, limit, fallback],
        ),
        "/new-user/recommendations": listing(
            "newUserRecommendations",
            f"The {names} for a newcomer",
            *(400, 401, 503),
            parameters=[country, age, limit],
        ),
        "/batch": batch_operation(names),
        "/recommendations": taste_operation(names),
        "/users/{user_id}/marks": marks_operations(user_id),
        "/items": items_operation(
            "searchItems",
            f"The {names} whose names hold a text, the most played first",
            "FoundItems",
            parameters=[search | {"required": True}, limit],
        ),
        "/items/{item_id}/similar": items_operation(
            "similarItems",
            f"The {names} that listeners of one play as well",
            "SimilarItems",
            404,
            parameters=[item_id, limit],
        ),
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


def schemas(item_fields: Sequence[str]) -> dict:
    """The shapes of the answers, whose items have these fields besides their own."""
    text_or_none = {"type": ["string", "null"]}
    named = {
        "id": {"type": "string", "description": "The item's own id."},
        "name": {"type": "string"},
    }
    reason = fields(
        **named,
        share={"type": "number", "description": "Share of what speaks for the recommendation."},
        listeners=whole(0, MOST_PLAYS, description="Users who play both items."),
    )
    user_list = {
        "rule": {"enum": list(RULES)},
        "items": {"type": "array", "items": reference("Item"), "maxItems": HIGHEST_LIMIT},
    }
    item = fields(
        **named,
        **dict.fromkeys(item_fields, text_or_none),
        score={"type": "number", "description": "Higher is nearer; comparable within a list."},
        because={
            "type": "array",
            "items": reason,
            "description": "The user's own items that explain this one; none behind a rule.",
        },
    )
    item["properties"]["rule"] = {
        "enum": list(FILLED_BY),
        "description": "Where an item comes from that fills up the list.",
    }
    recommendations = fields(
        user_id=text_or_none,
        version={"type": "string"},
        generated_at=TIME,
        **user_list,
    )
    about = "True: the store fails, and this is the last good answer."
    stale = {"type": "boolean", "description": about}
    recommendations["properties"]["stale"] = stale
    of_set = {"version": {"type": "string"}, "generated_at": TIME}
    both = whole(0, MOST_PLAYS, description="Users who play both items.")
    shown = named | dict.fromkeys(item_fields, text_or_none)
    alike = fields(**shown, score={"type": "number"}, listeners=both)
    found = fields(**shown, listeners=whole(0, MOST_PLAYS, description="Users who play it."))
    return {
        "TasteRecommendations": fields(
            user_id=text_or_none,
            **of_set,
            stored=whole(0, MOST_PLAYS, description="Items that the set holds of the user."),
            unknown={"type": "array", "items": {"type": "string"}},
            **user_list,
        ),
        "SimilarItems": fields(
            item=fields(**shown), **of_set, items={"type": "array", "items": alike}
        ),
        "FoundItems": fields(**of_set, items={"type": "array", "items": found}),
        "Item": item,
        "Recommendations": recommendations,
        "Batch": fields(
            version={"type": "string"},
            generated_at=TIME,
            answers={"type": "array", "items": fields(user_id={"type": "string"}, **user_list)},
            unknown={"type": "array", "items": {"type": "string"}},
        ),
        "Problem": fields(
            title={"type": "string"}, status={"type": "integer"}, detail={"type": "string"}
        ),
    }


def openapi_document(run: Run | None) -> dict:
    """The whole document, as the answers of a run are; without one items have no further fields."""
    names, item_fields = (run.item_names[1], run.item_fields) if run else ("items", [])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendations",
            "version": "2",
            "description": f"The {names} that a user will like, published once a day.",
        },
        "paths": paths(names),
        "components": {
            "schemas": schemas(item_fields),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
