"""The directives of format strings of Apache, nginx and GoAccess, and what they stand for.

Sources: "Custom Log Formats", Apache HTTP Server 2.4, mod_log_config; "Module
ngx_http_log_module" and "Alphabetical index of variables", nginx documentation; "Custom
Log/Date/Time Format", GoAccess manual.
"""

from common.command import UserError

import re
from dataclasses import dataclass

from logs.fields import (
    APACHE,
    CACHE,
    CONTENT_TYPE,
    DATE,
    EPOCH,
    HOST,
    ISO,
    METHOD,
    MOMENT,
    REFERRER,
    REQUEST,
    SIZE,
    SKIP,
    STATUS,
    TIME,
    URL,
)
from logs.layouts.columns import ROLE_OF

APACHE_FORMS = re.compile(
    r"%[!\d,]*[<>]?(?:\{(?P<argument>[^}]*)\}(?P<of>\^?[a-zA-Z]{1,2})|"
    r"(?P<letter>[a-zA-Z%]))"
)
NGINX_FORMS = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<name>\w+))")
GOACCESS_FORMS = re.compile(r"%(?P<letter>[a-zA-Z^%~])|~h\{[^}]*\}")
APACHE_ROLES = {
    "U": URL, "r": REQUEST, "s": STATUS, "b": SIZE, "B": SIZE, "O": SIZE, "v": HOST, "V": HOST,
    "m": METHOD,
}  # fmt: skip
GOACCESS_ROLES = {
    "x": MOMENT, "d": DATE, "t": TIME, "v": HOST, "C": CACHE, "r": REQUEST, "m": METHOD, "U": URL,
    "s": STATUS, "b": SIZE, "R": REFERRER, "M": CONTENT_TYPE,
}  # fmt: skip
TIME_FORMATS = {
    "sec": (MOMENT, EPOCH, 1),
    "msec": (MOMENT, EPOCH, 1000),
    "usec": (MOMENT, EPOCH, 1_000_000),
    "%s": (MOMENT, EPOCH, 1),
    "%d/%b/%Y:%H:%M:%S %z": (MOMENT, APACHE, 1),
    "%d/%b/%Y:%T %z": (MOMENT, APACHE, 1),
    "%d/%b/%Y:%H:%M:%S": (MOMENT, APACHE, 1),
    "%d/%b/%Y:%T": (MOMENT, APACHE, 1),
    "%Y-%m-%d": (DATE, ISO, 1),
    "%H:%M:%S": (TIME, ISO, 1),
    **{
        f"%Y-%m-%d{between}%H:%M:%S{zone}": (MOMENT, ISO, 1)
        for between in "T "
        for zone in ("", "%z", " %z", "Z")
    },
}
HEADERS = {"referer": REFERRER, "host": HOST, "content-type": CONTENT_TYPE}


@dataclass(frozen=True)
class Part:
    """A directive of a format string, or the text between two."""

    text: str
    role: int | None = None  # None: text
    moment: tuple[int, int] = (ISO, 1)


def parts_of(text: str, forms: re.Pattern, meaning) -> list[Part]:
    """A format string as directives, which `meaning` turns into parts, and the text between."""
    found, at = [], 0
    for directive in forms.finditer(text):
        found += [Part(mark) for mark in text[at : directive.start()]]
        found += meaning(directive)
        at = directive.end()
    return found + [Part(mark) for mark in text[at:]]


def apache_parts(text: str) -> list[Part]:
    """The parts of Apache's LogFormat."""
    text = text.replace('\\"', '"').replace("\\t", "\t")
    return parts_of(text, APACHE_FORMS, apache_part)


def apache_part(found: re.Match) -> list[Part]:
    """What a directive of Apache stands for."""
    text, letter = found[0], found["letter"]
    if letter == "%":
        return [Part("%")]
    if letter == "t":
        return [Part("["), Part(text, MOMENT, (APACHE, 1)), Part("]")]
    if letter:
        name = f"%{letter}"
        return [Part(name, APACHE_ROLES.get(letter, SKIP))]
    if found["of"] == "t":
        return [time_part(text, found["argument"])]
    role = HEADERS.get(found["argument"].lower(), SKIP) if found["of"] in "io" else SKIP
    return [Part(text, role)]


def time_part(text: str, argument: str) -> Part:
    """What Apache's %{format}t stands for; raises `UserError` for a format that is not known."""
    wanted = argument.removeprefix("begin:").removeprefix("end:")
    wanted = wanted.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S")
    bracketed = wanted.strip("[]")
    if wanted.endswith("_frac"):
        return Part(text, SKIP)
    if bracketed not in TIME_FORMATS:
        known = ", ".join(TIME_FORMATS)
        raise UserError(f"--log-format apache: {text} is not a known time; known are: {known}")
    role, kind, per_second = TIME_FORMATS[bracketed]
    return Part(text, role, (kind, per_second))


def nginx_parts(text: str) -> list[Part]:
    """The parts of nginx's log_format."""
    return parts_of(text.replace("\\t", "\t"), NGINX_FORMS, nginx_part)


def nginx_part(found: re.Match) -> list[Part]:
    """What a variable of nginx stands for."""
    name = found["braced"] or found["name"]
    role = {"document_uri": URL, "server_name": HOST, "request_filename": SKIP}.get(
        name, ROLE_OF.get(name, SKIP)
    )
    kinds = {"time_local": (APACHE, 1), "msec": (EPOCH, 1)}
    return [Part(f"${name}", role, kinds.get(name, (ISO, 1)))]


def goaccess_parts(text: str) -> list[Part]:
    """The parts of GoAccess's log-format."""
    # %^ skips all that is before the next letter of the format.
    text = text.replace('\\"', '"').replace("\\t", "\t").replace("%^[", "%^ [")
    return parts_of(text, GOACCESS_FORMS, goaccess_part)


def goaccess_part(found: re.Match) -> list[Part]:
    """What a specifier of GoAccess stands for."""
    return [Part(found[0], GOACCESS_ROLES.get(found["letter"], SKIP))]


PARSERS = {"apache": apache_parts, "nginx": nginx_parts, "goaccess": goaccess_parts}
