"""The body of `POST /recommendations`: a taste, read field by field."""

from dataclasses import dataclass

import numpy as np
from werkzeug.exceptions import BadRequest

from listening.taste import BLOCKED, DISLIKED, LIKED
from taste.index import Index
from web.arguments import (
    HIGHEST_LIMIT,
    LONGEST_ITEM_ID,
    LONGEST_USER_ID,
    USUAL_LIMIT,
    has_surrogates,
)

MARKS = {"like": LIKED, "dislike": DISLIKED, "block": BLOCKED, "none": None}
LISTS = {"likes": "like", "dislikes": "dislike", "blocks": "block"}  # the marks of their items
STRICTNESS = (None, LIKED, DISLIKED, BLOCKED)
FIELDS = ("user_id", "plays", *LISTS, "marks", "limit")
MOST_PLAYS = 2**31 - 1
EXAMPLE = '{"plays": {"ID": 12}, "likes": ["ID"], "blocks": ["ID", "ID"], "limit": 20}'


@dataclass(frozen=True)
class Asked:
    """What a client knows of a listener.

    plays: by item id; marks: values of MARKS by item id, None where a stored mark no longer holds
    """

    user_id: str | None
    plays: dict[str, int]
    marks: dict[str, int | None]
    limit: int


def read_taste(asked: object) -> Asked:
    """Read a body. Raises BadRequest that names what is wrong."""
    if not isinstance(asked, dict) or not asked.keys() <= set(FIELDS):
        raise BadRequest(f"Send an object such as {EXAMPLE}; its fields are {', '.join(FIELDS)}.")
    user_id = None
    if "user_id" in asked:
        user_id = read_id("user_id", asked["user_id"], LONGEST_USER_ID)
    plays = {item: read_count(item, count) for item, count in read_object("plays", asked).items()}
    return Asked(user_id, plays, read_marks_of(asked), read_limit_of(asked))


def read_marks_of(asked: dict) -> dict[str, int | None]:
    """Return the marks of a body by item id: of its lists, and of `marks`.

    Of several marks of an item the strictest holds. Raises BadRequest for what is none.
    """
    given = [(item, LISTS[name]) for name in LISTS for item in read_list(name, asked)]
    marks = {}
    for item, mark in [*given, *read_object("marks", asked).items()]:
        marks[item] = max(marks.get(item), read_mark(item, mark), key=STRICTNESS.index)
    return marks


def read_limit_of(asked: dict) -> int:
    """Return the limit of a body. Raises BadRequest for what is none."""
    limit = asked.get("limit", USUAL_LIMIT)
    if type(limit) not in (int, float) or limit not in range(1, HIGHEST_LIMIT + 1):
        raise BadRequest(f"limit must be a whole number from 1 to {HIGHEST_LIMIT}.")
    return int(limit)


def read_list(name: str, asked: dict) -> list[str]:
    """Return the item ids of a list of a body. Raises BadRequest for what is none."""
    found = asked.get(name, [])
    if not isinstance(found, list):
        raise BadRequest(f"{name} must be a list of item ids, as in {EXAMPLE}.")
    return [read_id(f"Every item of {name}", item, LONGEST_ITEM_ID) for item in found]


def read_object(name: str, asked: dict) -> dict:
    """Return an object of a body by item id. Raises BadRequest for what is none."""
    found = asked.get(name, {})
    if not isinstance(found, dict):
        raise BadRequest(f"{name} must be an object by item id, as in {EXAMPLE}.")
    for item in found:
        read_id(f"Every item of {name}", item, LONGEST_ITEM_ID)
    return found


def read_id(name: str, value: object, longest: int) -> str:
    """Return an id. Raises BadRequest for what is none."""
    if not isinstance(value, str) or not 1 <= len(value) <= longest or has_surrogates(value):
        raise BadRequest(f"{name} must be a text of 1 to {longest} characters.")
    return value


def read_count(item: str, count: object) -> int:
    """Return the plays of an item. Raises BadRequest for anything but a count."""
    number = type(count) in (int, float) and 1 <= count <= MOST_PLAYS
    if not number or count != int(count):
        raise BadRequest(f"The plays of {item!r} must be a whole number, 1 to {MOST_PLAYS}.")
    return int(count)


def read_mark(item: str, mark: object) -> int | None:
    """Return the mark of an item. Raises BadRequest for what is none."""
    if not isinstance(mark, str) or mark not in MARKS:
        raise BadRequest(f"The mark of {item!r} must be one of {', '.join(MARKS)}.")
    return MARKS[mark]


def entries_of(
    asked: Asked, stored: np.ndarray, index: Index
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return a taste as an index takes it, merged with a user's stored items (TOP_ARTIST).

    Artists (e,) and their plays or marks (e,); and the ids that the set does not have. Plays of one
    item are added up; of marks the client's hold.
    """
    named = dict.fromkeys([*asked.plays, *asked.marks])
    numbers = {item: index.number_of(item) for item in named}
    given = [*asked.plays.items(), *asked.marks.items()]
    given = [(numbers[item], value) for item, value in given if value and numbers[item] is not None]
    marked = [numbers[item] for item in asked.marks if numbers[item] is not None]
    artists, values = index.ranks[stored["artist"]], stored["plays"]
    holds = (values > 0) | ~np.isin(artists, marked)
    entries = np.array(given, np.int64).reshape(-1, 2)
    unknown = [item for item, number in numbers.items() if number is None]
    return (
        np.concatenate([artists[holds], entries[:, 0]]),
        np.concatenate([values[holds], entries[:, 1]]),
        unknown,
    )
