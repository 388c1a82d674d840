"""Raw logs of bunny.net's CDN: fields between bars, none of them quoted.

Source: "Logging", bunny.net documentation, with its "Extended logging".
"""

import re

from logs.fields import Layout, LayoutOptions
from logs.layouts.columns import layout_of
from logs.layouts.whole import WholeFormat

FIELDS = (
    *("cache_status", "status", "timestamp", "bytes_sent", "pull_zone_id", "remote_ip", "referer"),
    *("url", "edge", "user_agent", "request_id", "country_code"),
)
EXTENDED = (*FIELDS, "body_bytes", "range", "authorization")
BASE = Layout((), b"||", host_in_url=True)
SAMPLE = ("HIT", "200", "1507167062421")  # of a row, whose time is in milliseconds
ROW = rb"[A-Z-]+\|(?:\d{3}|-)\|\d{13}\|\d+\|\d+(?:\|[^|]*){2}\|https?://[^|]+(?:\|[^|]*){4}"
ENDS = {FIELDS: rb"$", EXTENDED: rb"\|(?:\d+|-)(?:\|[^|]*){2}$"}


def layout_for(lines: list[bytes], file: str, options: LayoutOptions, named: bool) -> Layout | None:
    """The layout of the first line that is a row; see `logs.layouts.whole.WholeFormat`.

    Rows have as many fields as that one, no more: a bar in a referrer moves the URL, so which field
    is the URL is certain only where no text has a bar.
    """
    for line in lines:
        for names, end in ENDS.items():
            if re.match(ROW + end, line):
                return layout_of(names, BASE, file, sample=SAMPLE)
    return layout_of(FIELDS, BASE, file, sample=SAMPLE) if named else None


BUNNY = WholeFormat("raw logs of bunny.net, also with its extended logging", layout_for)
