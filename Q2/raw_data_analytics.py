"""How many bytes did the CDN send? Reads its logs and says what became of every row.

    python Q2/raw_data_analytics.py                                 a sample log
    python Q2/raw_data_analytics.py LOG... --extension css          your logs, the whole period
    python Q2/raw_data_analytics.py logs/ --from 2017-08-24 --to 2017-08-25 --format json
    python Q2/raw_data_analytics.py 's3://bucket/cdn/*.gz' --by url --cache miss --top 50

Logs are plain (date, time, size, url separated by tabs), W3C extended (CloudFront, IIS) or combined
(Apache, nginx), which is found from their content, as is gzip, zstd, bzip2 or xz compression.
"""

from common.command import UserError

import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.cluster import add_cluster_argument, connected
from common.command_line import ArgumentParser, command, picture, random_seed, whole_number
from logs.kernel import LONGEST_NAME
from logs.layouts import FORMATS
from logs.names import pack
from logs.sample import ROWS, as_tsv, sample_log
from logs.sources import Source, find_sources
from traffic.answer import answer
from traffic.question import GROUPINGS, OVER_TIME, Question
from traffic.report import REPORTS, account_lines, cut_lines

SAMPLE_PERIOD = (date(2017, 8, 24), date(2017, 8, 25))
FIRST_YEAR, LAST_YEAR = 1900, 2999
TOP_URLS = 20


def day(text: str) -> date:
    """A day of the command line."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if not value or not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ArgumentTypeError(f"{text!r} is no day: write it like 2017-08-24")
    return value


def extension(text: str) -> str:
    """An extension of the command line, in small letters, without the dot before it."""
    small = text.removeprefix(".").lower()
    check_name(small, "jpg")
    return small


def cache_result(text: str) -> str:
    """A cache result of the command line, in small letters; only its first ones are compared."""
    check_name(text.lower()[:LONGEST_NAME], "miss")
    return text.lower()


def check_name(name: str, example: str) -> None:
    """Raise what argparse shows if the kernel cannot know such a name."""
    try:
        pack(name)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}: write it like {example}") from None
    if not name:
        raise ArgumentTypeError(f"an empty name: write it like {example}")


def time_zone(text: str) -> ZoneInfo:
    """A time zone of the command line."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{text!r} is no time zone: name one such as Asia/Hong_Kong"
        raise ArgumentTypeError(message) from None


def parse(argv: Sequence[str] | None) -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "logs",
        nargs="*",
        metavar="LOG",
        help="a file, folder or glob, s3://... or another address that fsspec knows, or - for "
        "standard input; without any: a sample log",
    )
    counts = parser.add_argument_group("what counts")
    counts.add_argument(
        "--extension",
        type=extension,
        action="append",
        metavar="EXT",
        help="URLs whose path ends so, in any case, with any query string, or all; repeatable "
        "(default: jpg; with --by or --cache all)",
    )
    counts.add_argument(
        "--from",
        dest="first",
        type=day,
        metavar="DAY",
        help="first day, whole (default: the log's; of the sample 2017-08-24)",
    )
    counts.add_argument(
        "--to",
        dest="last",
        type=day,
        metavar="DAY",
        help="last day, whole (default: the log's; of the sample 2017-08-25)",
    )
    counts.add_argument(
        "--time-zone", type=time_zone, default="UTC", metavar="NAME", help="of days and hours"
    )
    counts.add_argument(
        "--cache",
        type=cache_result,
        action="append",
        metavar="RESULT",
        help="such as miss or hit; repeatable",
    )
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--by", choices=GROUPINGS, help="group; URLs without their query strings")
    shown.add_argument(
        "--top",
        type=whole_number(1, 10**9),
        metavar="N",
        help=f"only so many groups (default: {TOP_URLS} by url, else all)",
    )
    shown.add_argument(
        "--order",
        choices=("bytes", "requests"),
        help="of the groups (default: bytes; with --cache requests)",
    )
    shown.add_argument("--format", choices=REPORTS, default="text", help="of the answer")
    shown.add_argument(
        "--plot",
        type=picture,
        metavar="FILE.png",
        help="bars of the groups; without --by, the bytes over time by extension",
    )
    reading = parser.add_argument_group("reading")
    reading.add_argument(
        "--log-format", choices=FORMATS, help="of all logs (default: by their first lines)"
    )
    reading.add_argument("--strict", action="store_true", help="stop at the first rejected row")
    add_cluster_argument(reading)
    reading.add_argument("--seed", type=random_seed, default=0, help="of the sample log")
    return parser.parse_args(argv)


def question(options: Namespace) -> Question:
    """The question that the command line asks."""
    default = (None, None) if options.logs else SAMPLE_PERIOD
    first, last = options.first or default[0], options.last or default[1]
    if first and last and first > last:
        raise UserError(f"--from {first} is after --to {last}; swap them")
    if (options.top or options.order) and not options.by:
        raise UserError("--top and --order are about groups: add --by")
    everything = bool(options.by or options.cache)
    extensions = dict.fromkeys(options.extension or ["all" if everything else "jpg"])
    by = (options.by,) if options.by else OVER_TIME if options.plot else ()
    return Question(
        first_day=first,
        last_day=last,
        extensions=() if "all" in extensions else tuple(extensions),
        caches=tuple(options.cache or []),
        by=by,
        time_zone=options.time_zone,
    )


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Answer the question of the command line."""
    options = parse(argv)
    asked = question(options)
    if options.logs:
        sources = find_sources(options.logs)
    else:
        print(f"no log is named: {ROWS:,} sample rows, seed {options.seed}", file=sys.stderr)
        sources = [Source("sample log", lambda: as_tsv(sample_log(seed=options.seed)))]
    with connected(options.cluster) as client:
        found = answer(
            sources,
            asked,
            order=options.order or ("requests" if options.cache else "bytes"),
            top=options.top or (TOP_URLS if options.by == "url" else None),
            log_format=options.log_format,
            strict=options.strict,
            client=client,
        )
    account = found.account
    if account.rejected and not account.accepted:
        rows = f"all {account.rows_read:,} rows are rejected"
        raise UserError(f"{account.first_reject()}; {rows}: see --log-format")
    if options.plot:
        from traffic.plot import save_plot  # Matplotlib takes half a second to load

        save_plot(found, options.plot)
    if not options.by:
        found = found.without_groups()
    print(REPORTS[options.format](found))
    if options.format == "csv":
        print(*cut_lines(found), *account_lines(found), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
