"""Format strings of Apache, nginx and GoAccess, compiled to layouts."""

from common.command import UserError

import re
from dataclasses import replace

from logs.fields import (
    APACHE,
    CACHE,
    DATE,
    ESCAPED,
    HOST,
    ISO,
    METHOD,
    MOMENT,
    REPEATED,
    REQUEST,
    SINGLE,
    SKIP,
    STATUS,
    TIME,
    URL,
    Layout,
    LayoutOptions,
)
from logs.layouts.columns import MEANINGS, NEEDED, check
from logs.layouts.directives import PARSERS, Part

NAMED = {
    "common": '%h %l %u %t "%r" %>s %b',
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
    "combinedio": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O',
}
NGINX_NAMED = {
    "combined": '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent"',
}
GOACCESS_NAMED = {
    "combined": "combined",
    "common": "common",
    "vcombined": "vhost_combined",
}
# Of two sizes the one with the headers, as CDNs count.
PREFERRED = ("%O", "$bytes_sent")


def compiled(log_format: str, options: LayoutOptions) -> Layout:
    """The layout of `apache:...`, `nginx:...` or `goaccess:...`; raises `UserError`."""
    kind, _, text = log_format.partition(":")
    text = {"apache": NAMED, "nginx": NGINX_NAMED}.get(kind, {}).get(text, text)
    if kind == "goaccess" and text.lower() in GOACCESS_NAMED:
        kind, text = "apache", NAMED[GOACCESS_NAMED[text.lower()]]
    if not text.strip():
        raise UserError(f"--log-format {kind}: write the format string after the colon")
    parts = PARSERS[kind](text)
    return layout_of_parts(parts, f"--log-format {kind}", options)


def layout_of_parts(parts: list[Part], place: str, options: LayoutOptions) -> Layout:
    """The layout of a format string's parts; raises `UserError`."""
    separator = separator_of(parts)
    tokens = [field_of(token, separator, place) for token in split(parts, separator)]
    tokens = chosen(tokens, options, place)
    roles = [role for _, role, _ in tokens]
    if {DATE, TIME} <= {*roles}:
        roles = [SKIP if role == MOMENT else role for role in roles]
    if URL in roles:
        roles = [SKIP if role == REQUEST else role for role in roles]
    names = tuple(name for name, _, _ in tokens)
    check(roles, names, place)
    kind, per_second = next((moment for _, role, moment in tokens if role == MOMENT), (ISO, 1))
    bracket = next((at for at, name in enumerate(names) if name.startswith("[")), 0)
    return Layout(
        tuple(roles),
        separator.encode() * 2,
        quoting=ESCAPED,
        brackets=any(name.startswith("[") for name in names),
        repeated=REPEATED if "  " in "".join(part.text for part in parts) else SINGLE,
        loose=bracket - 1 if bracket and names[bracket - 1] in USERS else -1,
        moment=kind,
        per_second=per_second,
        names=names,
    )


USERS = ("%u", "$remote_user", "%e", "%^")  # of which a name may contain blanks


def separator_of(parts: list[Part]) -> str:
    """What separates fields: the first of tab, bar, semicolon and comma that occurs, or a blank."""
    outside, texts = True, set()
    for part in parts:
        if part.role is None:
            outside ^= part.text == '"'
            if outside:
                texts.add(part.text)
    return next((mark for mark in "\t|;," if mark in texts), " ")


def split(parts: list[Part], separator: str) -> list[list[Part]]:
    """The parts of each field; a separator within quotes or brackets does not count."""
    tokens, closing = [[]], ""
    for part in parts:
        text = part.text if part.role is None else ""
        if closing:
            closing = "" if text == closing else closing
        elif text in ('"', "[") and not tokens[-1]:
            closing = {'"': '"', "[": "]"}[text]
        elif text == separator:
            tokens.append([])
            continue
        tokens[-1].append(part)
    if separator == " ":
        tokens = [token for token in tokens if token]
    return tokens


def field_of(token: list[Part], separator: str, place: str) -> tuple[str, int, tuple[int, int]]:
    """A field's name, role and way of writing a moment; raises `UserError` if it is not clear."""
    name = "".join(part.text for part in token)
    inner = token
    if len(token) > 1 and name[:1] + name[-1:] in ('""', "[]"):
        inner = token[1:-1]
    inner = stripped(inner)
    directives = [part for part in inner if part.role is not None]
    if len(inner) == 1 and directives:
        part = directives[0]
        spaced = part.moment[0] == APACHE or part.role == REQUEST
        if spaced and separator == " " and name[0] not in '"[':
            raise UserError(f"{place}: {name} has blanks within; have it logged in quotes")
        return (part.text if name[0] == '"' else name), part.role, part.moment
    roles = {part.role for part in directives}
    texts = "".join(part.text for part in inner)
    if {DATE, TIME} <= roles:
        return name, MOMENT, (APACHE if "%d:%t" in texts else ISO, 1)
    if MOMENT in roles and texts.replace("%^", "").strip() == "%x":
        return name, MOMENT, (ISO, 1)
    if URL in roles and re.fullmatch(r"\S+ \S+(?: \S+)?", texts) and METHOD in roles:
        return name, REQUEST, (ISO, 1)
    if HOST in roles and re.fullmatch(r"[%$]\w+:[%$]\w+", texts):
        return name, HOST, (ISO, 1)
    if URL in roles and re.fullmatch(r"(\$scheme://\$\w+)?[%$]\w+(%q|\$is_args\$args)?", texts):
        return name, URL, (ISO, 1)
    if roles & (NEEDED | {STATUS, CACHE}):
        raise UserError(
            f"{place}: {name} has more than one value in one field; have the server log them apart"
        )
    return name, SKIP, (ISO, 1)


def stripped(parts: list[Part]) -> list[Part]:
    """Parts without the blanks around them."""
    while parts and parts[0].role is None and parts[0].text == " ":
        parts = parts[1:]
    while parts and parts[-1].role is None and parts[-1].text == " ":
        parts = parts[:-1]
    return parts


def chosen(tokens, options: LayoutOptions, place: str):
    """The fields with one for each meaning: that of --columns, the preferred, or the only one."""
    wanted = {MEANINGS[meaning]: name for meaning, name in options.columns}
    found = []
    for at, (name, role, moment) in enumerate(tokens):
        rivals = [it for it in tokens if it[1] == role]
        preferred = [it[0] for it in rivals if it[0] in PREFERRED]
        best = wanted.get(role) or [*preferred, rivals[0][0]][0]
        if role != SKIP and name != best:
            role = SKIP
        elif role in NEEDED and any(it[:2] == (name, role) for it in tokens[:at]):
            raise UserError(f"{place}: {name} is there twice; name one of them with --fields")
        found.append((name, role, moment))
    return found


def fixed(kind: str, text: str, **more: object) -> Layout:
    """A layout from a format string that is part of this program."""
    return replace(compiled(f"{kind}:{text}", LayoutOptions()), **more)
