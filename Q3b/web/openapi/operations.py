"""Operations: what a resource takes, answers and fails with."""

from web.arguments import (
    HIGHEST_LIMIT,
    LONGEST_ITEM_ID,
    LONGEST_USER_ID,
    MOST_USERS,
    USUAL_LIMIT,
)
from web.asked import LISTS, MARKS, MOST_PLAYS
from web.openapi.parts import content, fields, problems, reference, text, whole


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
        "do not count. block: is not shown. none: the stored mark no longer holds. Of several "
        "marks of an item the strictest holds: block, dislike, like."
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
