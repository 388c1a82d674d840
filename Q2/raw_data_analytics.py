"""How many bytes did the CDN send? Reads its logs and says what became of every row.

    python Q2/raw_data_analytics.py                            a made-up log, jpg on 24 and 25 Aug
    python Q2/raw_data_analytics.py LOG... --extension css     your logs, the whole period
    python Q2/raw_data_analytics.py LOG --from 2017-08-24 --to 2017-08-25 --format json

A log has a request a line: date, time, size in bytes and URL, separated by tabs, times in UTC,
with or without a header.
"""

import sys
from collections.abc import Sequence
from datetime import date

from command_line import ArgumentParser, UserError, command
from dummy_log import ROWS, as_tsv, dummy_log
from log_sources import Source, find_sources
from packed_names import pack
from traffic import Question, answer
from traffic_report import FORMATS

DUMMY_PERIOD = (date(2017, 8, 24), date(2017, 8, 25))


def day(text: str) -> date:
    """An ISO date of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is not a day; write it as YYYY-MM-DD, such as 2017-08-24"
        ) from None


def extension(text: str) -> str:
    """An extension of the command line, without its dot, in small letters."""
    name = text.removeprefix(".").lower()
    try:
        pack(name)
    except ValueError as error:
        raise UserError(f"{error}; name one extension, such as jpg, or all") from None
    if not name:
        raise UserError("the extension is empty; name one, such as jpg, or all")
    return name


def arguments(argv: Sequence[str] | None):
    """The parsed command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="*", metavar="LOG", help="log files; none: a made-up log")
    parser.add_argument(
        "--extension",
        action="append",
        metavar="EXT",
        help="count the URLs whose path ends so, whatever its case and query string, or all;"
        " may be repeated (default: jpg)",
    )
    days = "in UTC, whole (default: %s in the made-up log, else the log's %s)"
    parser.add_argument("--from", dest="first", help="first day, " + days % ("2017-08-24", "first"))
    parser.add_argument("--to", dest="last", help="last day, " + days % ("2017-08-25", "last"))
    parser.add_argument("--format", choices=FORMATS, default="text", help="of the answer")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up log")
    return parser.parse_args(argv)


def question(options) -> Question:
    """The question that the command line asks."""
    first, last = (None, None) if options.logs else DUMMY_PERIOD
    first = day(options.first) if options.first else first
    last = day(options.last) if options.last else last
    if first and last and first > last:
        raise UserError(f"--from {first} is after --to {last}; swap them")
    names = dict.fromkeys(extension(name) for name in options.extension or ["jpg"])
    return Question(first, last, () if "all" in names else tuple(names))


@command
def main(argv: Sequence[str] | None) -> None:
    options = arguments(argv)
    asked = question(options)
    if options.logs:
        sources = find_sources(options.logs)
    else:
        print(f"No log named: {ROWS:,} made-up rows, seed {options.seed}", file=sys.stderr)
        sources = [Source("made-up log", lambda: as_tsv(dummy_log(seed=options.seed)))]
    print(FORMATS[options.format](answer(sources, asked)))


if __name__ == "__main__":
    sys.exit(main())
