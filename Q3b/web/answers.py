"""The body and the headers of a list of items, alike from Flask and from the way past it."""

import orjson

from store.protocol import Listed

# Of every response.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' https: http:; form-action 'self'; "  # images of items, wherever they are
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}


def list_body(listed: Listed, user_id: str | None) -> bytes:
    """The JSON document that answers for a user, or for a newcomer (None)."""
    about = {
        "user_id": user_id,
        "rule": listed.rule,
        "version": listed.run.version,
        "generated_at": listed.run.generated_at,
    }
    if listed.stale:
        about["stale"] = True
    return b'%b,"items":%b}' % (orjson.dumps(about)[:-1], listed.items)


def entity_tag(listed: Listed) -> str:
    """The ETag of a list: weak, since the encodings of a list differ in their bytes."""
    return f'W/"{listed.run.version}"'


def validators(listed: Listed, seconds: float) -> dict[str, str]:
    """How long a client may keep a list, and how it asks whether the list is still right."""
    if listed.stale:
        return {"Cache-Control": "no-store"}
    return {"ETag": entity_tag(listed), "Cache-Control": cache_control(seconds)}


def cache_control(seconds: float) -> str:
    """How long a client may keep a list without asking again."""
    return f"private, max-age={int(seconds)}"


def vary(allowed_origins: str) -> str:
    """What of a request an answer depends on; on Origin also for clients that send none.

    Caches must not mix what sites may read with what they may not.
    """
    return "Accept-Encoding, Origin" if allowed_origins else "Accept-Encoding"
