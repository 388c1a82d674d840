"""What users say of items, written where the app keeps their plays: its table of marks.

The next daily run reads it, see `deploy/app_database.sql`.
"""

from common.command import OutsideError

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, request
from werkzeug.exceptions import BadRequest, NotFound

from web.arguments import LONGEST_USER_ID, one_of_few, read_arguments
from web.asked import MARKS, read_id, read_mark, read_object

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

CONNECT_SECONDS = 2
KEPT = "SELECT item_id, mark FROM marks WHERE user_id = %s ORDER BY marked_at, item_id LIMIT %s"
MOST_MARKS = 1_000  # of a user that are read back
ADD = """
INSERT INTO marks (user_id, item_id, mark) VALUES (%s, %s, %s)
ON CONFLICT (user_id, item_id) DO UPDATE SET mark = EXCLUDED.mark, marked_at = now()
"""
REMOVE = "DELETE FROM marks WHERE user_id = %s AND item_id = %s"
marks = Blueprint("marks", __name__)


@marks.get("/users/<path:user_id>/marks")
def kept_marks(user_id: str) -> dict:
    """What a user said of items, the newest last."""
    read_arguments(request.args, {})
    refuse_nul(read_id("The user id", user_id, LONGEST_USER_ID))
    with app_database() as connection, connection.cursor() as cursor:
        cursor.execute(KEPT, [user_id, MOST_MARKS])
        return {"user_id": user_id, "marks": dict(cursor.fetchall())}


@marks.post("/users/<path:user_id>/marks")
def keep_marks(user_id: str) -> dict:
    """Keep what a user says of items; `none` removes what was said. All of it is kept, or none."""
    read_arguments(request.args, {})
    refuse_nul(read_id("The user id", user_id, LONGEST_USER_ID))
    with one_of_few():
        said = read_marks(request.get_json())
    with app_database() as connection, connection, connection.cursor() as cursor:
        for item, mark in said.items():
            if mark == "none":
                cursor.execute(REMOVE, [user_id, item])
            else:
                cursor.execute(ADD, [user_id, item, mark])
    return {"user_id": user_id, "marks": said}


def read_marks(asked: object) -> dict[str, str]:
    """Return the marks of a body. Raises BadRequest that names what is wrong."""
    if not isinstance(asked, dict) or asked.keys() != {"marks"}:
        raise BadRequest(
            f'Send an object such as {{"marks": {{"ID": "like"}}}}; marks are {", ".join(MARKS)}.'
        )
    said = read_object("marks", asked)
    for item, mark in said.items():
        read_mark(item, mark)
        refuse_nul(item)
    return said


def refuse_nul(text: str) -> None:
    """Raise BadRequest for an id that PostgreSQL cannot hold."""
    if "\0" in text:
        raise BadRequest("An id of the app's database has no character NUL.")


@contextmanager
def app_database() -> Iterator["Connection"]:
    """Connect to the app's database. Raises NotFound without one, OutsideError if it is down."""
    url = current_app.config["MARKS"]
    if not url:
        raise NotFound("Marks are not kept here: set RECOMMENDER_MARKS.")
    import psycopg2  # who keeps no marks does without it

    try:
        with closing(psycopg2.connect(url, connect_timeout=CONNECT_SECONDS)) as connection:
            yield connection
    except psycopg2.Error as error:
        reason = str(error).strip().partition("\n")[0]
        raise OutsideError(f"the app's database: {reason}") from error
