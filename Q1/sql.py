"""How many of the users who installed on a day came back within the days after?

    python Q1/sql.py
    python Q1/sql.py --events events.csv --columns uid=userid,time=eventDate,event_name=eventName \\
        --install-event newPlayer --install-date 2016-05-01
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from io import BytesIO

import retention_report
from command_line import ArgumentParser, UserError, command
from connection import connected
from dummy_events import as_csv, dummy_events
from event_files import NAMES, EventFile, opened_in_turn
from landing_tables import landed
from psycopg2.extensions import connection as Connection
from retention import Question, overview, retained_users
from track_view import create_view, landing_parts

VIEW = "piwik_track"
EXAMPLES = """\
Days are whole UTC days, both ends included. Without --events, seeded dummy events are counted.

The server is the one of --dsn, else of the libpq variables (PGHOST, PGSERVICE ...) or DATABASE_URL,
which may also stand in the file .env at the top, else an embedded PostgreSQL. Only TEMP tables are
written.

examples:
  python Q1/sql.py
  python Q1/sql.py --events events.csv.gz --install-event newPlayer --install-date 2016-05-01 \\
      --columns uid=userid,time=eventDate,event_name=eventName --format json
  zcat *.tsv.gz | python Q1/sql.py --events - --install-date 2024-02-01
"""


def parser() -> ArgumentParser:
    """The command line."""
    result = ArgumentParser(
        description="Count the users who installed on a day and came back in the days after.",
        epilog=EXAMPLES,
    )
    server = result.add_argument_group("server").add_mutually_exclusive_group()
    server.add_argument("--dsn", metavar="URL", help="postgresql://USER@HOST:PORT/DATABASE")
    server.add_argument("--embedded", action="store_true", help="use the embedded PostgreSQL")

    data = result.add_argument_group("data")
    data.add_argument(
        "--events", nargs="+", metavar="FILE", help="CSV or TSV, also gzip; - is stdin"
    )
    mapping = "headers that differ, such as uid=userid,time=eventDate,event_name=eventName"
    data.add_argument("--columns", type=headers, metavar="MAP", help=mapping)
    bad_row = "what to do about rows that are no events"
    data.add_argument("--on-bad-row", choices=("stop", "skip"), default="stop", help=bad_row)
    data.add_argument("--seed", type=int, default=2017, help="seed of the dummy events")

    question = result.add_argument_group("question")
    event = "name of the event that makes a user"
    question.add_argument("--install-event", metavar="NAME", default="FIRST_INSTALL", help=event)
    installed = date(2017, 4, 1)
    question.add_argument(
        "--install-date", type=day, metavar="DAY", default=installed, help="its day"
    )
    first = "first day of the period (default: the day after the install)"
    question.add_argument("--active-from", type=day, metavar="DAY", help=first)
    last = "last day of the period (default: 7 days after the install)"
    question.add_argument("--active-to", type=day, metavar="DAY", help=last)

    result.add_argument("--format", choices=("text", "json"), default="text", help="of the answer")
    return result


def day(text: str) -> date:
    """A day of the command line."""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        value = None
    if not value or not 1900 <= value.year < 3000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write it like 2017-04-01")
    return value


def headers(text: str) -> dict[str, str]:
    """The map of --columns."""
    pairs = dict(pair.partition("=")[::2] for pair in text.split(","))
    if not set(pairs) <= set(NAMES) or not all(pairs.values()):
        raise argparse.ArgumentTypeError(
            f"{text!r} maps no columns: write it like uid=userid,time=eventDate"
        )
    return pairs


def asked(arguments: argparse.Namespace) -> Question:
    """The question of the command line. Raises `UserError` if its days are in the wrong order."""
    installed = arguments.install_date
    question = Question(
        arguments.install_event,
        installed,
        arguments.active_from or installed + timedelta(days=1),
        arguments.active_to or installed + timedelta(days=7),
        "UTC",
    )
    if not installed <= question.active_from <= question.active_to:
        raise UserError(
            f"the days are in the wrong order: install {installed}, active from "
            f"{question.active_from} to {question.active_to}"
        )
    return question


def load(connection: Connection, arguments: argparse.Namespace) -> None:
    """Make the view `piwik_track` over the files of the command line, or over dummy events."""
    if arguments.events:
        files = opened_in_turn(arguments.events)
    else:
        files = [EventFile("dummy events", BytesIO(as_csv(dummy_events(arguments.seed))))]
    landing = landed(connection, files, arguments.columns or {}, arguments.on_bad_row == "skip")
    create_view(connection, landing_parts(landing), "UTC")


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Answer the question of the command line."""
    arguments = parser().parse_args(argv)
    question = asked(arguments)
    with connected(arguments.dsn, arguments.embedded) as connection:
        load(connection, arguments)
        data = overview(connection, question.install_event)
        answer = retained_users(connection, question)
    report = retention_report.as_json if arguments.format == "json" else retention_report.as_text
    print(report(VIEW, data, question, answer))


if __name__ == "__main__":
    sys.exit(main())
