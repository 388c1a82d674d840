"""The shapes of the answers."""

from collections.abc import Sequence

from recommender.lists import FILLED_BY, RULES
from web.arguments import HIGHEST_LIMIT
from web.asked import MOST_PLAYS
from web.openapi.parts import TIME, fields, reference, whole

TEXT_OR_NONE = {"type": ["string", "null"]}
TEXTS = {"type": "array", "items": {"type": "string"}}
NAMED = {"id": {"type": "string", "description": "The item's own id."}, "name": {"type": "string"}}
OF_SET = {"version": {"type": "string"}, "generated_at": TIME}


def schemas(item_fields: Sequence[str]) -> dict:
    """All shapes, whose items have these fields besides their own."""
    further = dict.fromkeys(item_fields, TEXT_OR_NONE)
    user_list = {
        "rule": {"enum": list(RULES)},
        "items": {"type": "array", "items": reference("Item"), "maxItems": HIGHEST_LIMIT},
    }
    stored = whole(0, MOST_PLAYS, description="Items that the set holds of the user.")
    taste = {"user_id": TEXT_OR_NONE, **OF_SET, "stored": stored, "unknown": TEXTS}
    answers = {"type": "array", "items": fields(user_id={"type": "string"}, **user_list)}
    problem = {"title": {"type": "string"}, "status": {"type": "integer"}}
    return {
        "TasteRecommendations": fields(**taste, **user_list),
        **index_schemas(NAMED | further),
        "Item": item_schema(further),
        "Recommendations": recommendations_schema(user_list),
        "Batch": fields(**OF_SET, answers=answers, unknown=TEXTS),
        "Problem": fields(**problem, detail={"type": "string"}),
    }


def item_schema(further: dict) -> dict:
    """A recommended item, with its reasons."""
    reason = fields(
        **NAMED,
        share={"type": "number", "description": "Share of what speaks for the recommendation."},
        listeners=whole(0, MOST_PLAYS, description="Users who play both items."),
    )
    item = fields(
        **NAMED,
        **further,
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
    return item


def recommendations_schema(user_list: dict) -> dict:
    """The list of a user or a newcomer."""
    recommendations = fields(user_id=TEXT_OR_NONE, **OF_SET, **user_list)
    about = "True: the store fails, and this is the last good answer."
    recommendations["properties"]["stale"] = {"type": "boolean", "description": about}
    return recommendations


def index_schemas(shown: dict) -> dict:
    """What answers by the index: similar items, and found ones."""
    both = whole(0, MOST_PLAYS, description="Users who play both items.")
    alike = fields(**shown, score={"type": "number"}, listeners=both)
    found = fields(**shown, listeners=whole(0, MOST_PLAYS, description="Users who play it."))
    return {
        "SimilarItems": fields(
            item=fields(**shown), **OF_SET, items={"type": "array", "items": alike}
        ),
        "FoundItems": fields(**OF_SET, items={"type": "array", "items": found}),
    }
