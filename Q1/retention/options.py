"""The command line of `sql.py`: servers, data, questions, and what is to be shown."""

from common.command import UserError

import argparse
from collections.abc import Sequence
from datetime import date, timedelta

from common.command_line import ArgumentParser, picture, random_seed, whole_number
from events.files import NAMES
from retention.questions import Question

INSTALL_DATE = date(2017, 4, 1)
FIRST_YEAR, LAST_YEAR = 1900, 2999
DESCRIPTION = "Count the users who installed on a day and came back in the days after."
DSN_HELP = "postgresql://USER@HOST:PORT/DATABASE"
COLUMNS_HELP = "columns of other names, such as uid=userid,time=eventDate,event_name=eventName"
EPILOG = """\
Days are whole days of the time zone, both ends included. Without --events or --table, sample
events are counted. Times in files are ISO 8601 (UTC unless they say otherwise) or epoch seconds or
milliseconds.

The server is the one of --dsn, else of the libpq variables (PGHOST, PGSERVICE ...) or DATABASE_URL,
which may also stand in the file .env at the top, else an embedded PostgreSQL. Only TEMP tables are
written there, and none of them outlives the command.

examples:
  python Q1/sql.py
  python Q1/sql.py --events events.csv.gz --install-event newPlayer --install-date 2016-05-01 \\
      --columns uid=userid,time=eventDate,event_name=eventName --format json
  python Q1/sql.py --table public.events --cohorts --period week --time-zone Asia/Hong_Kong \\
      --plot retention.png
  zcat *.tsv.gz | python Q1/sql.py --events - --install-date 2024-02-01 --users
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options; `query` names the statement that answers. Raises `UserError`."""
    options = parser().parse_args(argv)
    options.query = options.query or "retained_users"
    options.columns = options.columns or {}
    if options.explain and (options.format != "text" or options.plot):
        raise UserError("--explain prints a plan as text: leave out --format and --plot")
    if options.plot and options.query == "retained_uids":
        raise UserError("--users is a list, of which there is no plot: leave out --plot or --users")
    of_cohorts = options.period != "day" or options.follow is not None
    if of_cohorts and options.query != "cohort_triangle":
        raise UserError("--period and --follow are about the triangle: add --cohorts")
    of_one_day = options.install_date or options.active_from or options.active_to
    if of_one_day and options.query == "cohort_triangle":
        raise UserError(
            "--install-date, --active-from and --active-to are about one day: leave them out with "
            "--cohorts"
        )
    return options


def parser() -> ArgumentParser:
    """The parser, by groups."""
    result = ArgumentParser(description=DESCRIPTION, epilog=EPILOG)
    add_server(result.add_argument_group("server").add_mutually_exclusive_group())
    add_data(result.add_argument_group("data"))
    add_question(result.add_argument_group("question"))
    add_answer(result.add_argument_group("answer"))
    return result


def add_server(group) -> None:
    """Which server to ask."""
    group.add_argument("--dsn", metavar="URL", help=DSN_HELP)
    group.add_argument("--embedded", action="store_true", help="use the embedded PostgreSQL")


def add_data(group) -> None:
    """Which events to count."""
    source = group.add_mutually_exclusive_group()
    files = "CSV or TSV with a header, also gzip; - is standard input"
    source.add_argument("--events", nargs="+", metavar="FILE", help=files)
    source.add_argument("--table", metavar="SCHEMA.NAME", help="a table that the server has")
    group.add_argument("--columns", type=columns, metavar="OURS=THEIRS,...", help=COLUMNS_HELP)
    bad_row = "what to do about rows of a file that are no events"
    group.add_argument("--on-bad-row", choices=("stop", "skip"), default="stop", help=bad_row)
    group.add_argument("--seed", type=random_seed, default=2017, help="of the sample events")


def add_question(group) -> None:
    """What to ask."""
    event = "event of an install"
    group.add_argument("--install-event", metavar="NAME", default="FIRST_INSTALL", help=event)
    installed = f"day of the installs (default: {INSTALL_DATE})"
    group.add_argument("--install-date", type=day, metavar="DAY", help=installed)
    first = "first day of the period (default: the day after the install)"
    group.add_argument("--active-from", type=day, metavar="DAY", help=first)
    last = "last day of the period (default: 7 days after the install)"
    group.add_argument("--active-to", type=day, metavar="DAY", help=last)
    zone = "decides what a day is, such as Asia/Hong_Kong"
    group.add_argument("--time-zone", metavar="NAME", default="UTC", help=zone)


def add_answer(group) -> None:
    """Which answer to give, and how."""
    query = group.add_mutually_exclusive_group()
    users = "list the users who came back, instead of counting them"
    query.add_argument(
        "--users", dest="query", action="store_const", const="retained_uids", help=users
    )
    cohorts = "show the triangle: for every day of first installs, who was active how much later"
    query.add_argument(
        "--cohorts", dest="query", action="store_const", const="cohort_triangle", help=cohorts
    )
    periods = ("day", "week", "month")
    group.add_argument(
        "--period", choices=periods, default="day", help="what a row of --cohorts is"
    )
    follow = "how many periods of --cohorts to follow (default: all)"
    group.add_argument("--follow", type=whole_number(0, 9999), metavar="N", help=follow)
    formats = ("text", "csv", "json")
    group.add_argument("--format", choices=formats, default="text", help="of the answer")
    plot = "draw the heat map of --cohorts, else the curve of those who came back"
    group.add_argument("--plot", type=picture, metavar="FILE.png", help=plot)
    explain = "print the plan that PostgreSQL follows, with its times, instead of the answer"
    group.add_argument("--explain", action="store_true", help=explain)


def day(text: str) -> date:
    """A day of the command line."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if not value or not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it like 2017-04-01")
    return value


def columns(text: str) -> dict[str, str]:
    """The map of --columns, from the names we use to those in the data."""
    pairs = dict(pair.partition("=")[::2] for pair in text.split(","))
    if not set(pairs) <= set(NAMES) or not all(pairs.values()):
        raise argparse.ArgumentTypeError(
            f"{text!r} maps no columns: write it like uid=userid,time=eventDate"
        )
    return pairs


def question_of(options: argparse.Namespace) -> Question:
    """The question of the command line. Raises `UserError` if its days are in the wrong order."""
    installed = options.install_date or INSTALL_DATE
    question = Question(
        options.install_event,
        installed,
        options.active_from or installed + timedelta(days=1),
        options.active_to or installed + timedelta(days=7),
        options.time_zone,
    )
    if not installed <= question.active_from <= question.active_to:
        raise UserError(
            f"the days are in the wrong order: install {installed}, active from "
            f"{question.active_from} to {question.active_to}"
        )
    return question
