"""The page at `/`: find a user or pick a newcomer, see the items and why, like and hide some.

It is read without JavaScript; `static/page.js` changes the list by what is rendered here.
"""

from common.command import OutsideError

from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from listening.taste import BLOCKED, LIKED
from store.protocol import Run
from taste.index import Index
from web.arguments import (
    one_of_few,
    read_arguments,
    read_item_id,
)
from web.asked import Asked, read_taste
from web.looks import drawing_of, image_of, link_of
from web.question import Question, explain_rule, find_item, heading, read_question
from web.taste import index_of, ready_set, set_for, similar_body, taste_body

SIMILAR = 6  # items that the page shows
page = Blueprint("page", __name__)


def readable(moment: str) -> str:
    """An ISO time in UTC as people write it: 3 May 2026, 07:00 UTC."""
    time = datetime.fromisoformat(moment)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def render(question: Question, run: Run | None, item: dict | None) -> str:
    """The page as HTML."""
    names = run.item_names[1] if run else "items"
    known = item is not None and item["user_id"] is not None
    return render_template(
        "user.html",
        question=question,
        run=run,
        item=item,
        names=names,
        changes=has_index(run),
        keeps_marks=bool(current_app.config["MARKS"]),
        examples=run.example_users[:3] if run and current_app.config["SHOW_EXAMPLES"] else [],
        heading=heading(item, question.read, names),
        explanation=explain_rule(item, question.read) if item else "",
        unknown_user="" if known else question.read.get("user", ""),
        published=readable(run.generated_at) if run else "",
        best_score=best_score(item["items"]) if item else 0,
    )


def best_score(items: list[dict]) -> float:
    """The highest score of some items, which the bars are relative to."""
    return max((one["score"] for one in items), default=0)


def has_index(run: Run | None) -> bool:
    """Whether the list can be changed: the set has an index."""
    try:
        return run is not None and bool(index_of(run))
    except ServiceUnavailable:
        return False


@page.app_context_processor
def of_items() -> dict:
    """What templates ask of items."""
    return {"link_of": link_of, "image_of": image_of, "drawing_of": drawing_of}


@page.post("/cards")
def changed_cards() -> str:
    """The list for a taste as the page shows it; takes the body of `POST /recommendations`."""
    read_arguments(request.args, {})
    with one_of_few():
        asked = read_taste(request.get_json())
    run, stored, index = set_for(asked.user_id)
    body = taste_body(asked, run, stored, index)
    said = {mark: marked_items(asked, mark, index) for mark in (LIKED, BLOCKED)}
    return render_template(
        "changed.html",
        changes=True,
        items=body["items"],
        best_score=best_score(body["items"]),
        liked=said[LIKED],
        hidden=said[BLOCKED],
    )


def marked_items(asked: Asked, mark: int, index: Index) -> list[dict]:
    """The items of a body that have a mark."""
    numbers = [index.number_of(item) for item, value in asked.marks.items() if value == mark]
    return [index.named(number) for number in numbers if number is not None]


@page.get("/cards/similar")
def similar_cards() -> str:
    """What listeners of an item play as well, as the page shows it."""
    item = read_arguments(request.args, {"item": read_item_id}).get("item")
    if item is None:
        raise BadRequest("item is missing.")
    return render_template("similar.html", **similar_body(item, *ready_set(), SIMILAR))


@page.get("/")
def show() -> Response:
    """The page; its status is 400 for a wrong field and 503 without a published set."""
    question, store = read_question(), current_app.extensions["store"]
    run = store.current()
    item = find_item(store, question.read) if run and not question.mistakes else None
    response = make_response(render(question, run, item))
    response.status_code = 400 if question.mistakes else 200 if item else 503
    response.cache_control.no_cache = True
    response.cache_control.private = True
    return response


@page.get("/favicon.ico")
def favicon() -> Response:
    """The icon where browsers look for it by themselves."""
    return current_app.send_static_file("icon.svg")


@page.errorhandler(OutsideError)
def show_outage(error: OutsideError) -> tuple[str, int, dict]:
    """The page that a person sees while the store is down."""
    current_app.logger.warning("%s: %s", request.path, error)
    return render_template("outage.html"), 503, {"Retry-After": "5", "Cache-Control": "no-store"}
