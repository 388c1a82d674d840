"""Options of the command line: which requests count, how they are grouped, what is measured.

The names of those that narrow a question are fields of `traffic.question.Question`.
"""

from collections.abc import Callable

import click

from logs.options import Decorator, all_of
from traffic import question


def narrowing(name: str, field: str, value: tuple[Callable, str, str], meaning: str, **settings):
    """An option that may be given several times, once for each of its values.

    `value` has the type, the name in capitals and the noun; `meaning` is the rest of the help.
    """
    kind, metavar, noun = value
    settings |= {"multiple": True, "metavar": metavar}
    again = f"{meaning} Give the option again for each {noun}."
    return click.option(f"--{name}", field, type=kind, help=again, **settings)


def day(name: str, field: str, place: str, sample: str) -> Decorator:
    """An option of the first or the last day."""
    return click.option(
        f"--{name}",
        field,
        type=question.day,
        metavar="DAY",
        show_default=f"{place} day of the logs; {sample} of the sample",
        help=f"{place.capitalize()} day that counts, included, like {sample}.",
    )


question_options = all_of(
    narrowing(
        *("extension", "extensions", (question.extension, "EXT", "extension")),
        "Count URLs whose path ends in .EXT, in upper or lower case, with any query string; `all` "
        "counts every URL.",
        show_default="jpg; all with --by, --cache, --status, --url, --exclude, --host or --measure",
    ),
    day("from", "first_day", "first", f"{question.SAMPLE_DAYS[0]}"),
    day("to", "last_day", "last", f"{question.SAMPLE_DAYS[1]}"),
    click.option(
        "--time-zone",
        type=question.time_zone,
        default="UTC",
        metavar="NAME",
        help="Time zone in which days and hours begin, like Asia/Hong_Kong.",
    ),
    narrowing(
        *("cache", "caches", (question.cache_result, "RESULT", "result")),
        "Count requests with this cache result, like miss or hit; the log must have the field.",
    ),
    narrowing(
        *("status", "statuses", (question.status, "STATUS", "status")),
        "Count requests with this status, like 404, or class of them, like 5xx; 000 is none.",
    ),
    narrowing(
        *("url", "urls", (question.pattern, "GLOB", "pattern")),
        "Count URLs that match as a whole, without query string, like '/videos/*': * stands for "
        "any characters, ? for one. Any of several patterns will do.",
    ),
    narrowing(
        *("exclude", "excluded", (question.pattern, "GLOB", "pattern")),
        "Leave out URLs that match, like '*/health'.",
    ),
    narrowing(
        *("host", "hosts", (question.host, "NAME", "host")),
        "Count requests for this host, like cdn.example.com or '*.example.com'; the log must have "
        "the field.",
    ),
    click.option(
        "--by",
        type=click.Choice(question.GROUPINGS),
        multiple=True,
        help="Group the requests that count; `url` and `referrer` leave query strings out. Give "
        "the option again to group by several, like --by date --by extension.",
    ),
    click.option(
        "--measure",
        "measures",
        type=click.Choice(question.MEASURES),
        multiple=True,
        help="Also report for each group `hits`: hits and misses of the cache, with the hit ratios "
        "of requests and of bytes; or `percentiles`: the sizes that 50, 95 and 99 % of the "
        "requests do not exceed, within 0.4 %. Give the option again for both.",
    ),
    click.option(
        "--top",
        type=click.IntRange(1, 10**9),
        metavar="N",
        show_default=f"{question.TOP_TEXTS} with --by {' or '.join(question.MANY)}, otherwise all",
        help="Show the first N groups.",
    ),
    click.option(
        "--order",
        "orders",
        type=click.Choice(question.ORDERS),
        multiple=True,
        show_default="bytes; requests with --cache or --status",
        help="Rank groups by this, the largest first; hours and days are ranked with --top, and "
        "otherwise follow in time. Give the option again for a table in each order.",
    ),
)
