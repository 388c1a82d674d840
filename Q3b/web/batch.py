"""`POST /batch`: the items for many users at once, all of one published set."""

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest

from store.protocol import Listed
from web.arguments import (
    HIGHEST_LIMIT,
    MOST_USERS,
    USUAL_LIMIT,
    has_surrogates,
    one_of_few,
    read_arguments,
    read_user_id,
)
from web.routes import nothing_published

batch = Blueprint("batch", __name__)


@batch.post("/batch")
def batch_recommendations() -> Response:
    """The items for each user asked for, in their order, and the users who are unknown."""
    read_arguments(request.args, {})
    with one_of_few():
        asked = request.get_json()
    users, limit = read_batch(asked)
    run, lists = current_app.extensions["store"].user_lists(users, limit)
    if run is None:
        raise nothing_published()
    about = orjson.dumps({"version": run.version, "generated_at": run.generated_at})[:-1]
    pairs = list(zip(users, lists, strict=True))
    answers = b",".join(answer(user, found) for user, found in pairs if found)
    unknown = orjson.dumps([user for user, found in pairs if not found])
    body = b'%b,"answers":[%b],"unknown":%b}' % (about, answers, unknown)
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def read_batch(asked: object) -> tuple[list[str], int]:
    """Users and limit of a batch. Raises BadRequest that names what is wrong."""
    if not isinstance(asked, dict) or not {"users"} <= asked.keys() <= {"users", "limit"}:
        raise BadRequest('Send an object such as {"users": ["ID", "ID"], "limit": 20}.')
    users, limit = asked["users"], asked.get("limit", USUAL_LIMIT)
    if not isinstance(users, list) or not 1 <= len(users) <= MOST_USERS:
        raise BadRequest(f"users must be a list of 1 to {MOST_USERS:,} user ids.")
    if type(limit) not in (int, float) or limit not in range(1, HIGHEST_LIMIT + 1):
        raise BadRequest(f"limit must be a whole number from 1 to {HIGHEST_LIMIT}.")
    for user in users:
        if not isinstance(user, str) or has_surrogates(user):
            raise BadRequest("Every user id must be a text.")
        read_user_id("Every user id", user)
    if len(set(users)) < len(users):
        raise BadRequest("A user stands twice in users; name each once.")
    return users, int(limit)


def answer(user: str, found: Listed) -> bytes:
    """The items for one user as JSON."""
    current_app.extensions["metrics"].count_list(found.rule)
    about = orjson.dumps({"user_id": user, "rule": found.rule})[:-1]
    return b'%b,"items":%b}' % (about, found.items)
