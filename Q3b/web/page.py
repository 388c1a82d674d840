"""The page at `/`: find a user or pick a newcomer, see the items and why, like and hide some.

It is read without JavaScript; `static/page.js` changes the list by what is rendered here.
"""

from common.command import OutsideError

import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import BadRequest, ServiceUnavailable

from listening.age_groups import age_group
from listening.constants import MBID
from listening.taste import BLOCKED, LIKED
from recommender.lists import COUNTRY, NEIGHBOURS
from store.protocol import Run, Store
from taste.index import Index
from web.arguments import (
    one_of_few,
    read_age,
    read_arguments,
    read_country,
    read_item_id,
    read_user_id,
)
from web.asked import Asked, read_taste
from web.taste import index_of, ready_set, set_for, similar_body, taste_body

SIMILAR = 6  # items that the page shows
page = Blueprint("page", __name__)
FIELDS = {
    "user": ("The user id", read_user_id),
    "country": ("The country", read_country),
    "age": ("The age", read_age),
}


@dataclass
class Question:
    """What a visitor typed into the page, and what is wrong with it."""

    typed: dict[str, str]
    read: dict[str, str | int] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)


def read_question() -> Question:
    """The question of the request; fields left empty are not asked for."""
    question = Question({name: request.args.get(name, "").strip() for name in FIELDS})
    for name, (label, read) in FIELDS.items():
        if question.typed[name]:
            try:
                question.read[name] = read(label, question.typed[name])
            except BadRequest as error:
                question.mistakes[name] = str(error.description)
    return question


def find_item(store: Store, asked: dict) -> dict | None:
    """The item of the user asked for, else of a newcomer with the country and age asked for."""
    item = store.user(asked["user"]) if "user" in asked else None
    if item is None:
        group = age_group(asked.get("age"))
        item = store.new_user(asked.get("country", ""), group)
    return item


def explain_rule(item: dict, asked: dict) -> str:
    """Where what is recommended comes from, in a sentence."""
    if item["rule"] == NEIGHBOURS:
        return (
            f"Chosen by {item['neighbours']:,} other listeners, the more alike in taste the more."
        )
    if item["rule"] == COUNTRY and "country" in asked:
        return f"What listeners in {asked['country']} play most."
    if item["rule"] == COUNTRY:
        return "What listeners in the same country play most."
    return "What most listeners play."


def heading(item: dict | None, asked: dict, names: str) -> str:
    """The heading of the answer; `names` are what items are called."""
    names = names[:1].upper() + names[1:]
    if "user" in asked and item and item["user_id"] is not None:
        return f"{names} for this listener"
    if "country" in asked:
        return f"{names} for a newcomer in {asked['country']}"
    return f"{names} for a newcomer"


def link_of(item: dict) -> str:
    """The page of an item: its field `url` if it is of the web, or MusicBrainz's for an MBID."""
    url = item.get("url") or ""
    if re.match(r"https?://", url):
        return url
    is_artist = re.fullmatch(MBID, item["id"])
    return f"https://musicbrainz.org/artist/{item['id']}" if is_artist else ""


def readable(moment: str) -> str:
    """An ISO time in UTC as people write it: 3 May 2026, 07:00 UTC."""
    time = datetime.fromisoformat(moment)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def render(question: Question, run: Run | None, item: dict | None) -> str:
    """The page as HTML."""
    names = run.item_names[1] if run else "items"
    known = item is not None and item["user_id"] is not None
    return render_template(
        "listener.html",
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


def image_of(item: dict) -> str:
    """The picture of an item: its field `image` if it is of the web."""
    image = item.get("image") or ""
    return image if re.match(r"https?://", image) else ""


def drawing_of(item: dict) -> dict:
    """What is drawn where an item has no picture: a letter of its name on a colour of its id."""
    number = zlib.crc32(item["id"].encode("utf-8", "surrogatepass"))
    letter = next(filter(str.isalnum, item["name"]), "?").upper()
    place = {"x": 10 + number // 360 % 80, "y": 10 + number // 28_800 % 80}
    return {"letter": letter[:1], "hue": number % 360, "r": 25 + number % 30} | place


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
