"""From the names of fields to what they hold, whoever named them.

Names are those of the W3C's draft, CloudFront (in Parquet with underscores), IIS, Tomcat, nginx,
Google Cloud Storage and of people who export a table, in small letters.
"""

from common.command import UserError

import re
from collections.abc import Sequence
from dataclasses import replace

from logs.fields import (
    APACHE,
    CACHE,
    CONTENT_TYPE,
    DATE,
    EDGE,
    EPOCH,
    HOST,
    ISO,
    METHOD,
    MOMENT,
    REFERRER,
    REQUEST,
    RESULT,
    SIZE,
    SKIP,
    STATUS,
    TIME,
    URL,
    Layout,
)

# For each meaning the names that fields with it have. Of two in a W3C log the one further left is
# taken, for CloudFront's and IIS's are; in a table that would be a guess.
NAMES = {
    DATE: ("date",),
    TIME: ("time",),
    MOMENT: (
        *("timestamp", "timestamp(ms)", "datetime", "time_local", "time_iso8601", "msec"),
        *("time_micros", "@timestamp", "event_time", "ts"),
    ),
    SIZE: (
        *("size", "sc-bytes", "bytes", "bytes_sent", "body_bytes_sent", "sc_bytes"),
        *("response_bytes", "response_size", "sent_bytes"),
    ),
    URL: ("url", "cs-uri-stem", "cs_uri_stem", "cs-uri", "cs_uri", "request_uri", "uri", "path"),
    REQUEST: ("request",),
    STATUS: ("status", "sc-status", "sc_status", "status_code", "response_status"),
    CACHE: (
        *("cache", "x-edge-result-type", "x_edge_result_type", "upstream_cache_status"),
        "cache_status",
    ),
    RESULT: ("cache_result",),
    HOST: ("host", "x-host-header", "x_host_header", "cs(host)", "cs-host", "cs_host"),
    METHOD: ("method", "cs-method", "cs_method", "request_method"),
    REFERRER: ("referrer", "referer", "cs(referer)", "cs_referer", "http_referer"),
    EDGE: ("edge", "x-edge-location", "x_edge_location"),
    CONTENT_TYPE: (
        *("content_type", "sc-content-type", "sc_content_type", "sent_http_content_type"),
    ),
}
MEANINGS = {
    "date": DATE,
    "time": TIME,
    "datetime": MOMENT,
    "size": SIZE,
    "url": URL,
    "request": REQUEST,
    "status": STATUS,
    "cache": CACHE,
    "host": HOST,
    "method": METHOD,
    "referrer": REFERRER,
    "edge": EDGE,
    "content_type": CONTENT_TYPE,
}
MEANING_OF = {role: meaning for meaning, role in MEANINGS.items()} | {RESULT: "cache and status"}
ROLE_OF = {name: role for role, names in NAMES.items() for name in names}
CLOUDFRONT_EDGE = {"x-edge-location", "x_edge_location"}  # the names of its own alone
NEEDED = {DATE, TIME, MOMENT, SIZE, URL, REQUEST}
PARTS = {"timestamp(ms)": 1000, "time_micros": 1_000_000, "timestamp": 1, "msec": 1}
APACHE_MOMENT = re.compile(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d")
ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d")
NUMBER = re.compile(r"(\d+)(\.\d+)?")
# Digits of the seconds since 1970, and of parts of them, from 2001 to 2286.
PER_SECOND = {10: 1, 13: 1000, 16: 10**6, 19: 10**9}


def layout_of(
    names: Sequence[str],
    base: Layout,
    place: str,
    columns: tuple[tuple[str, str], ...] = (),
    sample: Sequence[str] = (),
) -> Layout:
    """The layout of fields with these names, otherwise as `base`.

    `columns` are what the user takes for a meaning such as url; `sample` are the fields of a row,
    by which a moment's way of writing is known. Raises `UserError` for names that lack a meaning or
    have one twice.
    """
    lower = [name.strip().lower() for name in names]
    roles = roles_of(lower, place, columns, sure=base.comments)
    roles = moment_roles(roles, sample)
    check(roles, lower, place)
    encoded = base.double_encoded or not CLOUDFRONT_EDGE.isdisjoint(lower)
    layout = replace(base, roles=tuple(roles), names=tuple(names), double_encoded=encoded)
    if MOMENT in roles:
        at = roles.index(MOMENT)
        kind, parts = moment_kind(lower[at], sample[at].strip() if at < len(sample) else "")
        layout = replace(layout, moment=kind, per_second=parts)
    return layout


def roles_of(
    names: list[str], place: str, columns: tuple[tuple[str, str], ...], sure: bool
) -> list[int]:
    """What the fields with these names hold: each meaning once.

    Where `sure`, of two names for one meaning the one further left in NAMES is it.
    """
    roles, chosen = [SKIP] * len(names), chosen_names(columns)
    for role, known in NAMES.items():
        wanted = (chosen[role],) if role in chosen else known
        found = [name for name in wanted if name in names]
        if chosen.get(role) and not found:
            raise UserError(
                f"{place}: no field is named {chosen[role]!r}; the fields are: {', '.join(names)}"
            )
        if role in NEEDED and (sum(map(names.count, found[:1] if sure else found)) > 1):
            meaning = MEANING_OF[role]
            raise UserError(
                f"{place}: the header must name {meaning!r} once, it names: {', '.join(names)}; "
                f"choose one with --columns {meaning}=NAME, or with --fields"
            )
        if found:
            roles[names.index(found[0])] = role
    return roles


def chosen_names(columns: tuple[tuple[str, str], ...]) -> dict[int, str]:
    """By role, the names that --columns gives; none for other ways to write what it names."""
    chosen = {MEANINGS[meaning]: name.lower() for meaning, name in columns}
    for ways in ({URL, REQUEST}, {DATE, TIME, MOMENT}):
        if chosen.keys() & ways:
            chosen = dict.fromkeys(ways, "") | chosen
    return chosen


def moment_roles(roles: list[int], sample: Sequence[str]) -> list[int]:
    """Roles in which the time is either a date and a time or one moment."""
    if DATE in roles and TIME in roles:
        return [SKIP if role == MOMENT else role for role in roles]
    if MOMENT in roles:
        return [SKIP if role in (DATE, TIME) else role for role in roles]
    # One field alone: it must hold both.
    return [MOMENT if role in (DATE, TIME) and whole(roles, sample) else role for role in roles]


def whole(roles: list[int], sample: Sequence[str]) -> bool:
    """Whether the one field with a date or a time holds both."""
    at = next(place for place, role in enumerate(roles) if role in (DATE, TIME))
    return at < len(sample) and is_moment(sample[at].strip())


def is_moment(text: str) -> bool:
    """Whether a text is a date and a time."""
    number = NUMBER.fullmatch(text)
    if number:
        return len(number[1]) in PER_SECOND
    return bool(ISO_MOMENT.match(text) or APACHE_MOMENT.match(text.lstrip("[")))


def moment_kind(name: str, sample: str) -> tuple[int, int]:
    """How a moment is written, and the parts of a second of which it is a number."""
    number = NUMBER.fullmatch(sample)
    if (number and name not in PARTS) or (number and name == "timestamp"):
        return EPOCH, PER_SECOND.get(len(number[1]), 1)
    if name in PARTS and (number or not sample):
        return EPOCH, PARTS[name]
    return (APACHE, 1) if APACHE_MOMENT.match(sample.lstrip("[")) else (ISO, 1)


def check(roles: list[int], names: Sequence[str], place: str) -> None:
    """Raise `UserError` if a meaning is missing without which a row does not count."""
    held = {*roles}
    ways = {"date": {DATE, MOMENT}, "time": {TIME, MOMENT}}
    if held.isdisjoint({DATE, TIME}):
        ways = {"datetime": {MOMENT}}
    ways |= {"size": {SIZE}, "url": {URL, REQUEST}}
    missing = [meaning for meaning, any_of in ways.items() if held.isdisjoint(any_of)]
    if missing:
        usual = "; ".join(
            f"no {meaning!r}, which is usually named {' or '.join(NAMES[MEANINGS[meaning]][:3])}"
            for meaning in missing
        )
        raise UserError(
            f"{place}: {usual}; the fields are: {', '.join(names)}; name it with --columns "
            f"{missing[0]}=NAME, or have the server log it"
        )
