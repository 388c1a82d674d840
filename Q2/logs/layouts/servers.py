"""Logs of servers without a header: Apache and nginx, S3, load balancers, Squid, CloudFront.

Sources: "Log Files", Apache HTTP Server 2.4; "Amazon S3 server access log format"; "Access logs for
your Application Load Balancer" and for the Classic Load Balancer; "Use real-time logs" and
"Standard logging reference", Amazon CloudFront; "Features/LogFormat", Squid.
"""

from common.command import UserError

import re
from dataclasses import replace
from functools import cache, partial
from http import HTTPStatus
from itertools import takewhile

from logs.fields import (
    APACHE,
    ESCAPED,
    ISO,
    MOMENT,
    NO_NUMBER,
    REQUEST,
    SIZE,
    SKIP,
    STATUS,
    Layout,
    LayoutOptions,
)
from logs.layouts.columns import layout_of
from logs.layouts.template import fixed
from logs.layouts.whole import WholeFormat

# A token of a combined line: within brackets, within quotes, or up to the next blank.
TOKEN = re.compile(rb'\[[^]\[]*\](?= |$)|"(?:[^"\\]|\\.)*"(?= |$)|[^ ]+')
APACHE_TIME = re.compile(rb"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}\]")
ISO_TIME = re.compile(rb"\[\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\]")
BEFORE_TIME = 3  # host, identity and user of the common format

# Of the standard logs, in which the other fields follow in an order of their own
CLOUDFRONT = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)"),
    *("cs-uri-stem", "sc-status"),
)
# The fields of a real-time log come in this order, whichever others follow.
REAL_TIME = (
    *("timestamp", "c-ip", "time-to-first-byte", "sc-status", "sc-bytes", "cs-method"),
    *("cs-protocol", "cs-host", "cs-uri-stem"),
)


def combined_for(
    lines: list[bytes], file: str, options: LayoutOptions, named: bool
) -> Layout | None:
    """The layout of common and combined lines, whatever fields are before the time."""
    rows = [tokens for line in lines if (tokens := tokens_of(line))]
    if not rows and not named:
        return None
    before = min((row[0] for row in rows), default=BEFORE_TIME)
    before, iso = min(before, BEFORE_TIME), bool(rows) and rows[0][1]
    if options.log_format is None and rows:
        check_numbers(rows[0][2], f"{file}:1")
    roles = [SKIP] * before + [MOMENT, REQUEST, STATUS, SIZE]
    with_referrer = any(len(bare) == 2 and quoted >= 2 for _, _, bare, quoted in rows)
    return Layout(
        (*roles, *([] if options.log_format else [NO_NUMBER])),
        b"  ",
        quoting=ESCAPED,
        brackets=True,
        more=True,
        loose=before - 1,
        moment=ISO if iso else APACHE,
        names=(*("host", "identity", "user")[:before], "time", "request", "status", "size"),
        referrer_at=len(roles) if with_referrer else -1,
    )


def tokens_of(line: bytes) -> tuple[int, bool, list[bytes], int] | None:
    """How many tokens are before a line's time, whether that is ISO 8601, the bare ones after the
    request, and how many quoted ones follow these; None if the line is not a row.
    """
    tokens = TOKEN.findall(line)
    for at, token in enumerate(tokens[:-1]):
        if token[:1] == b"[" and tokens[at + 1][:1] == b'"' and at > 0:
            iso = bool(ISO_TIME.fullmatch(token))
            if not iso and not APACHE_TIME.fullmatch(token):
                continue
            after = tokens[at + 2 :]
            bare = [*takewhile(lambda it: it[:1] != b'"', after)]
            quoted = [*takewhile(lambda it: it[:1] == b'"', after[len(bare) :])]
            return at, iso, bare, len(quoted)
    return None


def check_numbers(bare: list[bytes], place: str) -> None:
    """Raise `UserError` unless the values after a request are a status and one whole number."""
    shown = b" ".join(bare).decode("utf-8", "replace")
    expected = re.match(rb"(?:\d{3}|-) (?:\d+|-)(?: |$)", b" ".join(bare))
    swapped = expected and is_status(bare[1]) and not is_status(bare[0])
    if not expected or swapped or any(value.isdigit() for value in bare[2:]):
        raise UserError(
            f"{place}: a combined log with `{shown}` after the request: which of them is the size "
            "is not certain; write the server's format, like --log-format "
            "'apache:%h %l %u %t \"%r\" %>s %b %D'"
        )


def is_status(value: bytes) -> bool:
    """Whether a value is a status of HTTP, or one that nginx logs."""
    known = {*map(int, HTTPStatus), 444, 499, *range(494, 498)}
    return value == b"-" or (value.isdigit() and int(value) in known)


def vendor(description: str, template: str, pattern: str, **more: object) -> WholeFormat:
    """A format whose layout is nginx's way of writing `template`, and whose rows match `pattern`.

    Fields may follow those of the template: vendors add some from time to time.
    """
    return WholeFormat(description, partial(compiled_for, template, pattern, tuple(more.items())))


def compiled_for(
    template: str,
    pattern: str,
    more: tuple,
    lines: list[bytes],
    file: str,
    options: LayoutOptions,
    named: bool,
) -> Layout | None:
    """The layout of a template, if any line is a row in it."""
    if not named and not any(re.match(pattern.encode(), line) for line in lines):
        return None
    return template_layout(template, more)


@cache
def template_layout(template: str, more: tuple) -> Layout:
    """The layout of a template, compiled once."""
    return replace(fixed("nginx", template), more=True, **dict(more))


def tabs_for(
    names: tuple[str, ...],
    pattern: str,
    lines: list[bytes],
    file: str,
    options: LayoutOptions,
    named,
) -> Layout | None:
    """The layout of fields with these names of CloudFront between tabs, if any line is a row."""
    if not named and not (pattern and any(re.match(pattern.encode(), line) for line in lines)):
        return None
    base = Layout((), b"\t\t", comments=True, double_encoded="date" in names, more=True)
    return layout_of(names, base, file)


COMBINED = WholeFormat("Apache's and nginx's common, combined and vhost_combined", combined_for)
S3 = vendor(
    "Amazon S3 server access logs",
    "$bucket_owner $bucket [$time_local] $remote_addr $requester $request_id $operation $key "
    '"$request" $status $error_code $bytes_sent',
    r"\S+ \S+ \[[^]]+\] \S+ \S+ \S+ (?:REST|BATCH|S3|WEBSITE|SOAP)\.\S+ ",
)
ALB = vendor(
    "AWS Application Load Balancer",
    "$type $time_iso8601 $elb $client $target $request_wait $target_wait $response_wait $status "
    '$target_status $received_bytes $bytes_sent "$request"',
    r"(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT\S+ \S+ \S+ \S+ \S+ \S+ \S+ [\d-]+ \S+ \d+ \d+ \"",
)
ELB = vendor(
    "AWS Classic Load Balancer",
    "$time_iso8601 $elb $client $backend $request_wait $backend_wait $response_wait $status "
    '$backend_status $received_bytes $bytes_sent "$request"',
    r"\d{4}-\d\d-\d\dT\S+ \S+ \S+ \S+ \S+ \S+ \S+ [\d-]+ \S+ \d+ \d+ \"",
)
SQUID = vendor(
    "Squid's native format",
    "$msec  $elapsed $remote_addr $cache_result $bytes_sent $request_method $uri",
    r"\d{9,10}\.\d{3} +-?\d+ \S+ [A-Z_]+/\d+ \d+ \S+ \S",
    host_in_url=True,
)
CLOUDFRONT_TAIL = WholeFormat(
    "rows of a CloudFront standard log whose #Fields line was cut off",
    partial(tabs_for, CLOUDFRONT, ""),
)
CLOUDFRONT_REAL_TIME = WholeFormat(
    "CloudFront real-time logs with the first nine fields",
    partial(
        tabs_for,
        REAL_TIME,
        r"\d{10}\.\d{3}\t[0-9a-f.:]+\t[\d.]+\t\d{3}\t\d+\t[A-Z]+\t(?:https?|wss?)\t[^\t]+\t/",
    ),
)
