"""Combined and common logs of Apache and nginx, rewritten as plain ones.

So one kernel, and one set of rules, judges the rows of every format. A line stays a line: what
cannot be rewritten is handed on as it is, for the kernel to reject.

Source: "Log Files", Apache HTTP Server 2.4 documentation, mod_log_config.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import BinaryIO

from logs.fields import DATE, LONGEST_LINE, SIZE, STATUS, TIME, URL, Layout

description = "Apache's and nginx's common and combined"
LAYOUT = Layout((DATE, TIME, SIZE, STATUS, URL))
ROW = re.compile(
    rb"\S+ \S+ .+? \[(?P<time>[^]]*)\] "
    rb'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\S+) (?P<size>\S+)(?: .*)?$'
)
URL_OF_REQUEST = re.compile(rb"\S+ (?P<url>.*?)(?: HTTP/[\d.]+)?$")
LOCAL_TIME = re.compile(
    r"(?P<day>\d\d)/(?P<month>[A-Z][a-z][a-z])/(?P<year>\d{4})"
    r":(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) (?P<offset>[+-]\d{4})"
)
# strptime's %b follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def recognises(lines: list[bytes]) -> bool:
    """Whether any line is a row."""
    return any(ROW.match(line) for line in lines)


def pieces(blocks, file, options, layout=None) -> Iterator[tuple[Layout, memoryview]]:
    """Rewrite the blocks line by line."""
    for block in blocks:
        rewritten = b"\n".join(as_plain(line) for line in bytes(block).split(b"\n"))
        yield LAYOUT, memoryview(rewritten)


def layouts_at(raw: BinaryIO, file: str, starts: list[int], options) -> list[Layout]:
    """Return the one layout for each start."""
    return [LAYOUT for _ in starts]


def as_plain(line: bytes) -> bytes:
    """Date, time, size, status and URL of a line, separated by tabs; other lines as they are."""
    line = line.removesuffix(b"\r")
    row = ROW.match(line) if len(line) <= LONGEST_LINE else None
    if not row:
        return line
    request = URL_OF_REQUEST.match(row["request"])
    url = (request["url"] if request else row["request"]).replace(b"\t", b"%09")
    return b"\t".join((date_and_time(row["time"]), row["size"], row["status"], url))


@lru_cache(maxsize=10_000)
def date_and_time(local: bytes) -> bytes:
    """`10/Oct/2000:13:55:36 -0700` as date, tab and time in UTC; no date where it is broken."""
    found = LOCAL_TIME.fullmatch(local.decode("utf-8", "replace"))
    try:
        hours, minutes = int(found["offset"][:3]), int(found["offset"][0] + found["offset"][3:])
        time = datetime(
            int(found["year"]),
            MONTHS.index(found["month"]) + 1,
            *(int(found[part]) for part in ("day", "hour", "minute", "second")),
            tzinfo=timezone(timedelta(hours=hours, minutes=minutes)),
        )
        return time.astimezone(UTC).strftime("%Y-%m-%d\t%H:%M:%S").encode()
    except (TypeError, ValueError, OverflowError):
        return b"-\t-"
