"""What a visitor of the page asks for, and the answer in words."""

from dataclasses import dataclass, field

from flask import request
from werkzeug.exceptions import BadRequest

from listening.age_groups import age_group
from recommender.lists import COUNTRY, NEIGHBOURS
from store.protocol import Store
from web.arguments import read_age, read_country, read_user_id

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
        others = f"{item['neighbours']:,} other users"
        return f"Chosen by {others}: the more similar their taste, the more they count."
    if item["rule"] == COUNTRY and "country" in asked:
        return f"What users in {asked['country']} play most."
    if item["rule"] == COUNTRY:
        return "What users in the same country play most."
    return "What most users play."


def heading(item: dict | None, asked: dict, names: str) -> str:
    """The heading of the answer; `names` are what items are called."""
    names = names[:1].upper() + names[1:]
    if "user" in asked and item and item["user_id"] is not None:
        return f"{names} for this user"
    if "country" in asked:
        return f"{names} for a newcomer in {asked['country']}"
    return f"{names} for a newcomer"
