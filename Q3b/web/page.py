"""The page at `/`: find a user or pick a newcomer, see the items and why. Needs no JavaScript."""

from common.command import OutsideError

import re
from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import BadRequest

from listening.age_groups import age_group
from listening.constants import MBID
from recommender.lists import COUNTRY, NEIGHBOURS
from store.protocol import Run, Store
from web.arguments import read_age, read_country, read_user_id

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
        link_of=link_of,
        examples=run.example_users[:3] if run and current_app.config["SHOW_EXAMPLES"] else [],
        heading=heading(item, question.read, names),
        explanation=explain_rule(item, question.read) if item else "",
        unknown_user="" if known else question.read.get("user", ""),
        published=readable(run.generated_at) if run else "",
        best_score=max((one["score"] for one in item["items"]), default=0) if item else 0,
    )


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
