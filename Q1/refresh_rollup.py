"""Bring the rollup of `schema.sql` up to date for the days whose events changed.

psql "$DATABASE_URL" -f Q1/schema.sql                        # once
python Q1/refresh_rollup.py --days 2017-04-01 2017-04-08     # when events of these days came in
"""

from common.command import UserError

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from common.command_line import ArgumentParser, command
from events.view import VIEW, create_view, existing_table
from postgres.connection import chosen_server, session
from retention.options import COLUMNS_HELP, DSN_HELP, columns, day
from retention.questions import QUERIES, first_moments

DESCRIPTION = "Bring the rollup of Q1/schema.sql up to date for the days whose events changed."
EPILOG = """\
Days are whole days of the time zone, both ends included. Refresh every day for which events came
in, the late ones too. The work is one transaction: until it is done readers see the state before,
and doing it again changes nothing.

The server is the one of --dsn, else of the libpq variables or DATABASE_URL, as for sql.py.

example:
  python Q1/refresh_rollup.py --dsn postgresql://analyst@127.0.0.1:5432/events \\
      --days 2017-04-01 2017-04-08
"""
SUMMARY = """
    SELECT
        (SELECT count(*) FROM user_day WHERE day BETWEEN %(first_day)s AND %(last_day)s),
        (SELECT count(*) FROM cohort_day WHERE activity_day BETWEEN %(first_day)s AND %(last_day)s)
"""


def parser() -> ArgumentParser:
    """The command line."""
    result = ArgumentParser(description=DESCRIPTION, epilog=EPILOG)
    result.add_argument(
        "--days", nargs=2, type=day, required=True, metavar=("FROM", "TO"), help="days to refresh"
    )
    result.add_argument("--dsn", metavar="URL", help=DSN_HELP)
    result.add_argument("--table", default=VIEW, metavar="SCHEMA.NAME", help="the events")
    result.add_argument("--columns", type=columns, metavar="OURS=THEIRS,...", help=COLUMNS_HELP)
    event = "event of an install"
    result.add_argument("--install-event", default="FIRST_INSTALL", metavar="NAME", help=event)
    result.add_argument("--time-zone", default="UTC", metavar="NAME", help="decides what a day is")
    result.add_argument("--format", choices=FORMATS, default="text", help="of the summary")
    return result


@command
def main(argv: Sequence[str] | None = None) -> None:
    """Refresh the days of the command line and say what the rollup holds of them."""
    options = parser().parse_args(argv)
    first, last = options.days
    if first > last:
        raise UserError(f"--days {first} {last}: the days are in the wrong order")
    dsn, source = chosen_server(options.dsn, os.environ)
    if source == "embedded":
        raise UserError("no server is named: use --dsn, PGHOST or DATABASE_URL")
    with session(dsn, source, "READ COMMITTED") as connection:
        try:
            summary = refreshed(connection, options)
        except errors.UndefinedTable as error:
            raise UserError(f"{error.diag.message_primary}: run Q1/schema.sql first") from None
        connection.commit()
    print(FORMATS[options.format](summary))


def as_text(summary: dict[str, Any]) -> str:
    """The summary for people."""
    text = "{first_day} to {last_day}: {user_days:,} user days, {cohort_days:,} cohort days"
    return text.format(**summary)


def as_csv(summary: dict[str, Any]) -> str:
    """The summary as a header and a row."""
    return ",".join(summary) + "\n" + ",".join(map(str, summary.values()))


FORMATS = {"text": as_text, "csv": as_csv, "json": json.dumps}


def refreshed(connection: Connection, options: argparse.Namespace) -> dict[str, Any]:
    """Refresh the rollup and count its rows of the refreshed days; the caller commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM rollup_definition")  # before the events, which may lack too
    source = existing_table(connection, options.table, options.columns or {})
    create_view(connection, [source], options.time_zone)
    check_definition(connection, ".".join(source.relation), options)
    parameters = refresh_parameters(connection, options)
    with connection.cursor() as cursor:
        cursor.execute((QUERIES / "refresh_rollup.sql").read_text(encoding="utf-8"), parameters)
        cursor.execute(SUMMARY, parameters)
        user_days, cohort_days = cursor.fetchone()
    first, last = (moment.isoformat() for moment in options.days)
    return {
        "first_day": first,
        "last_day": last,
        "user_days": user_days,
        "cohort_days": cohort_days,
    }


def refresh_parameters(connection: Connection, options: argparse.Namespace) -> dict[str, Any]:
    """The parameters of `refresh_rollup.sql`."""
    first, last = options.days
    after = last + timedelta(days=1)
    found = first_moments(connection, [first, after], options.time_zone)
    return {
        "install_event": options.install_event,
        "first_day": first,
        "last_day": last,
        "first_moment": found[first],
        "moment_after": found[after],
    }


def check_definition(connection: Connection, table: str, options: argparse.Namespace) -> None:
    """Raise `UserError` if the rollup counts something else; days of two kinds must not mix."""
    wanted = (table, options.install_event, options.time_zone)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO rollup_definition (source, install_event, time_zone) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            wanted,
        )
        cursor.execute("SELECT source, install_event, time_zone FROM rollup_definition")
        found = cursor.fetchone()
    if found != wanted:
        raise UserError(
            "the rollup counts {1} of {0} by days of {2}: ask for the same with --table, "
            "--install-event and --time-zone, or empty its three tables first".format(*found)
        )


if __name__ == "__main__":
    sys.exit(main())
