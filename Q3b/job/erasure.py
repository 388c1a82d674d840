"""Users forgotten: in the store, in exports, and on record in a receipt."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from common.output import formatted, replacing
from store.erasure import checked_key, mark_of, mark_of_key
from store.export import copy_without
from store.lock import renewed_lock
from store.url import open_store
from taste.place import place_of


def erase(
    url: str, user_ids: list[str], exports: tuple[Path, ...], receipt: Path, index: str = ""
) -> dict:
    """Remove users from a store and from exports, write the receipt and return it.

    Exports are replaced when the store is done, all of them or none. Indexes are removed first, so
    that no failure leaves one behind.
    """
    store = open_store(url)
    with ExitStack() as files, store.lock(), renewed_lock(store):
        key = checked_key(store.forgotten())
        marks = [mark_of(key, user) for user in user_ids]
        record = files.enter_context(replacing(receipt))
        rows = {
            str(path): copy_without(path, set(user_ids), files.enter_context(replacing(path)))
            for path in exports
        }
        place = place_of(index, url)
        dropped = place.drop() if place else 0
        done = {
            "erased_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "store": url,
            "users": marks,  # by HMAC-SHA-256 of their ids
            "sets": store.forget(user_ids, [mark_of_key(key), *marks]),
            "exports": rows,
            "indexes": dropped,
        }
        record.write_text(json.dumps(done, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return done


def formatted_receipt(form: str, done: dict) -> str:
    """Return a receipt as text, as CSV with a row a set or file, or as JSON."""
    places = {f"set {version}": users for version, users in done["sets"].items()} | done["exports"]
    header = ["place", "users removed"]
    lines = [f"users kept out of later sets: {len(done['users']):,}; removed from"]
    text = "\n".join([*lines, *(f"{place}: {removed}" for place, removed in places.items())])
    if done["indexes"]:
        text += f"\nindexes removed whole: {done['indexes']}; the next run writes a new one"
    return formatted(form, text, header, places.items(), done)
