"""The items that readers of a store see, alike from every store."""

from collections.abc import Callable, Mapping

import numpy as np
import orjson

from recommender.lists import FILLED_FROM, RECOMMENDATION
from store.protocol import Run

ItemOf = Callable[[int], dict]  # what readers see of an item, by its number


def user_item(
    run: Run,
    user_id: str | None,
    rule: str,
    neighbours: int,
    items: list[dict],
    top_items: list[dict],
) -> dict:
    """The item that readers see: every store returns just this."""
    return {
        "user_id": user_id,
        "rule": rule,
        "version": run.version,
        "generated_at": run.generated_at,
        "neighbours": neighbours,
        "items": items,
        "top_items": top_items,
    }


def recommended_items(shown: ItemOf, named: ItemOf, recommendations: np.ndarray) -> list[dict]:
    """The items of `recommendations` with score and reasons, as readers see them.

    One that fills up a list names the rule that it comes from.
    """
    return [
        shown(item)
        | {
            "score": significant(score),
            "because": [
                named(cause) | {"share": round(share, 4), "listeners": listeners}
                for cause, share, listeners in zip(*reasons, strict=True)
                if cause >= 0
            ],
        }
        | ({"rule": FILLED_FROM[reasons[0][0]]} if reasons[0][0] in FILLED_FROM else {})
        for item, score, *reasons in zip(
            *(recommendations[name].tolist() for name in RECOMMENDATION.names), strict=True
        )
    ]


def played_items(named: ItemOf, top: np.ndarray) -> list[dict]:
    """The items that a user plays most with their plays, as readers see them."""
    return [named(item) | {"plays": plays} for item, plays in top.tolist()]


def of_schema_1(artists: list[dict]) -> list[dict]:
    """The items of a set of schema 1, which had names and MBIDs in place of ids."""
    return [
        {"id": artist["mbid"] or artist["name"], "name": artist["name"]}
        | {key: value for key, value in artist.items() if key not in ("name", "mbid", "because")}
        | ({"because": of_schema_1(artist["because"])} if "because" in artist else {})
        for artist in artists
    ]


def significant(number: float) -> float:
    """A float32's own digits, without the noise of its widening."""
    return float(f"{number:.6g}")


def fields_json(fields: Mapping[str, str | None]) -> str:
    """The fields of an item as they follow its name in JSON; "" for none."""
    return f",{orjson.dumps(fields)[1:-1].decode()}" if fields else ""


def item_json(item_id: str, name: str) -> str:
    """An item as JSON without its last brace, so that fields, score and reasons can follow."""
    return orjson.dumps({"id": item_id, "name": name})[:-1].decode()
