"""Rows whose values have names: which of them a line of fields is made of, whatever the format.

Sources: the log schemas of Cloudflare Logpush, Fastly, Akamai DataStream 2, Azure Front Door,
Google Cloud CDN, Caddy and Traefik; CloudFront's standard logging (v2).
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from logs.fields import CACHE, DATE, MOMENT, SIZE, STATUS, TIME, URL, Layout, LayoutOptions
from logs.layouts.columns import layout_of

# For each vendor, the keys of what a row must have, and of what it may have.
Keys = dict[str, str]
VENDORS: tuple[tuple[Keys, Keys], ...] = (
    (  # Cloudflare Logpush
        {
            "datetime": "EdgeStartTimestamp",
            "size": "EdgeResponseBytes",
            "url": "ClientRequestURI",
        },
        {"status": "EdgeResponseStatus", "cache": "CacheCacheStatus"},
    ),
    (  # Fastly, as its documentation proposes
        {"datetime": "timestamp", "size": "response_body_size", "url": "url"},
        {"status": "response_status", "cache": "cache_status"},
    ),
    (  # Akamai DataStream 2
        {"datetime": "reqTimeSec", "size": "bytes", "url": "reqPath"},
        {"status": "statusCode", "cache": "cacheStatus"},
    ),
    (  # Azure Front Door
        {"datetime": "time", "size": "properties.responseBytes", "url": "properties.requestUri"},
        {"status": "properties.httpStatusCode", "cache": "properties.cacheStatus"},
    ),
    (  # Google Cloud CDN
        {
            "datetime": "timestamp",
            "size": "httpRequest.responseSize",
            "url": "httpRequest.requestUrl",
        },
        {"status": "httpRequest.status"},
    ),
    (  # Caddy
        {"datetime": "ts", "size": "size", "url": "request.uri"},
        {"status": "status"},
    ),
    (  # Traefik
        {"datetime": "StartUTC", "size": "DownstreamContentSize", "url": "RequestPath"},
        {"status": "DownstreamStatus"},
    ),
)
# The fields of the lines; a size is last, since a return at the end of a line belongs to the line.
ROLES = (DATE, TIME, MOMENT, URL, STATUS, CACHE, SIZE)
MOMENT_SAMPLE = "1970-01-01T00:00:00"  # of a column whose type is a moment
OPTIONAL = (STATUS, CACHE)  # `-` where a row has none


def row_layout(
    names: Sequence[str], sample: Sequence[str], place: str, options: LayoutOptions
) -> tuple[Layout, list[int]]:
    """The layout of lines of the values that a row needs, and their places among the names.

    `sample` has the values of a row. Raises `UserError` for names that lack a meaning.
    """
    columns = vendor_columns({*names}) | dict(options.columns)
    found = layout_of(names, Layout(()), place, tuple(columns.items()), sample)
    chosen = [at for at, role in enumerate(found.roles) if role in ROLES]
    chosen.sort(key=lambda at: ROLES.index(found.roles[at]))
    layout = replace(
        found,
        roles=tuple(found.roles[at] for at in chosen),
        names=tuple(names[at] for at in chosen),
        double_encoded="x-edge-location" in names,
    )
    return layout, chosen


def vendor_columns(names: set[str]) -> Keys:
    """The names of the vendor whose log has these; none where it is nobody's."""
    for needed, more in VENDORS:
        if {*needed.values()} <= names:
            return needed | {meaning: name for meaning, name in more.items() if name in names}
    return {}


def own_fields(layout: Layout) -> dict[str, object]:
    """The fields of a layout, for one that has more of them."""
    return {field.name: getattr(layout, field.name) for field in fields(Layout)}
