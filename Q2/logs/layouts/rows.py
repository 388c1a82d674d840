"""Rows whose values have names: which of them a line of fields is made of, whatever the format.

Sources: the log schemas of Cloudflare Logpush, Fastly, Akamai DataStream 2, Azure Front Door,
Google Cloud CDN, Caddy and Traefik; CloudFront's standard logging (v2).
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from logs.fields import (
    CACHE,
    CONTENT_TYPE,
    DATE,
    EDGE,
    HOST,
    METHOD,
    MOMENT,
    REFERRER,
    SIZE,
    STATUS,
    TIME,
    URL,
    Layout,
    LayoutOptions,
)
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
        {
            **{"status": "EdgeResponseStatus", "cache": "CacheCacheStatus"},
            **{"host": "ClientRequestHost", "method": "ClientRequestMethod"},
            **{"referrer": "ClientRequestReferer", "edge": "EdgeColoCode"},
            "content_type": "EdgeResponseContentType",
        },
    ),
    (  # Fastly, as its documentation proposes
        {"datetime": "timestamp", "size": "response_body_size", "url": "url"},
        {
            **{"status": "response_status", "cache": "cache_status", "host": "host"},
            **{"method": "request_method", "referrer": "request_referer", "edge": "fastly_server"},
        },
    ),
    (  # Akamai DataStream 2
        {"datetime": "reqTimeSec", "size": "bytes", "url": "reqPath"},
        {
            **{"status": "statusCode", "cache": "cacheStatus", "host": "reqHost"},
            **{"method": "reqMethod", "referrer": "referer", "content_type": "rspContentType"},
        },
    ),
    (  # Azure Front Door
        {"datetime": "time", "size": "properties.responseBytes", "url": "properties.requestUri"},
        {
            **{"status": "properties.httpStatusCode", "cache": "properties.cacheStatus"},
            **{"host": "properties.hostName", "method": "properties.httpMethod"},
            **{"referrer": "properties.referer", "edge": "properties.pop"},
        },
    ),
    (  # Google Cloud CDN
        {
            "datetime": "timestamp",
            "size": "httpRequest.responseSize",
            "url": "httpRequest.requestUrl",
        },
        {
            **{"status": "httpRequest.status", "method": "httpRequest.requestMethod"},
            "referrer": "httpRequest.referer",
        },
    ),
    (  # Caddy
        {"datetime": "ts", "size": "size", "url": "request.uri"},
        {"status": "status", "host": "request.host", "method": "request.method"},
    ),
    (  # Traefik
        {"datetime": "StartUTC", "size": "DownstreamContentSize", "url": "RequestPath"},
        {"status": "DownstreamStatus", "host": "RequestHost", "method": "RequestMethod"},
    ),
)
# The fields of the lines, and after them the texts that are asked for and a size: it is last, since
# a return at the end of a line belongs to the line.
ROLES = (DATE, TIME, MOMENT, URL, STATUS, CACHE)
MOMENT_SAMPLE = "1970-01-01T00:00:00"  # of a column whose type is a moment
TEXTS = (HOST, METHOD, REFERRER, EDGE, CONTENT_TYPE)
OPTIONAL = (STATUS, CACHE, *TEXTS)  # `-` where a row has none


def row_layout(
    names: Sequence[str], sample: Sequence[str], place: str, options: LayoutOptions
) -> tuple[Layout, list[int]]:
    """The layout of lines of the values that a row needs, and their places among the names.

    `sample` has the values of a row. Raises `UserError` for names that lack a meaning.
    """
    columns = vendor_columns({*names}) | dict(options.columns)
    found = layout_of(names, Layout(()), place, tuple(columns.items()), sample)
    wanted = (*ROLES, *options.texts, SIZE)
    chosen = [at for at, role in enumerate(found.roles) if role in wanted]
    chosen.sort(key=lambda at: wanted.index(found.roles[at]))
    layout = replace(
        found,
        roles=tuple(found.roles[at] for at in chosen),
        names=tuple(names[at] for at in chosen),
        others=tuple(role for role in TEXTS if role in found.roles and role not in wanted),
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
