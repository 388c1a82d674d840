"""Browsers of other sites: which of them may read the answers (CORS)."""

from common.command import UserError

from urllib.parse import urlsplit

from flask import Flask, Response, request

ANY = "*"
PREFLIGHT = {  # answers a browser that asks before its request
    "Access-Control-Allow-Methods": "GET, HEAD, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "600",  # seconds
}


def allowed_origins(setting: str) -> frozenset[str]:
    """The origins of a setting, which spaces divide. Raises UserError for what is none."""
    origins = frozenset(setting.split())
    for origin in origins - {ANY}:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
            raise UserError(
                f"RECOMMENDER_ALLOW_ORIGIN is {setting!r}; name origins such as "
                "https://app.example.com, divided by spaces, or *"
            )
    return origins


def allow_origins(app: Flask) -> None:
    """Let browsers of the origins in `ALLOW_ORIGIN` read the answers; none unless it is set."""
    allowed = allowed_origins(app.config["ALLOW_ORIGIN"])
    if not allowed:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin", "")
        if not origin or not allowed & {origin, ANY}:
            return response
        response.headers["Access-Control-Allow-Origin"] = ANY if ANY in allowed else origin
        response.headers["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        if request.method == "OPTIONS":
            response.headers.update(PREFLIGHT)
        return response
